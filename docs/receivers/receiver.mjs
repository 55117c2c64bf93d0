// Receives PlayVoice callbacks: node receiver.mjs [HOST:PORT]. Needs Node.js 18 or newer, nothing else.
//
// PLAYVOICE_SECRET is the signing secret (whsec_...). A callback that is ours is put into the folder of
// PLAYVOICE_INBOX (default: inbox) and answered at once; what works on it reads the files there, in its own time, and
// leaves them for 30 days: by its file a callback is known that comes again.

import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

const KEY = Buffer.from((process.env.PLAYVOICE_SECRET ?? "").replace(/^whsec_/, ""), "base64");
const INBOX = process.env.PLAYVOICE_INBOX ?? "inbox";
const TOLERANCE = 300; // seconds: an older callback may be one that somebody recorded and sends again
const MOST = 65_536; // octets of a body

/** Tell whether the body was signed with our secret, and just now. */
function isOurs(id, timestamp, signatures, body) {
  if (!/^[0-9]{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE) return false;
  const digest = createHmac("sha256", KEY).update(`${id}.${timestamp}.`).update(body).digest("base64");
  const expected = Buffer.from(`v1,${digest}`);
  return signatures.split(" ").some((signature) => {
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** Store a callback once, whole or not at all; a repeated one has the same webhook-id. */
async function keep(id, content) {
  const file = join(INBOX, `${id}.json`);
  if (existsSync(file)) return;
  const part = join(INBOX, `.${id}.${randomUUID()}`);
  await writeFile(part, content);
  await rename(part, file);
}

async function take(request) {
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > MOST) return 413;
    pieces.push(piece);
  }
  let body = Buffer.concat(pieces);
  const { "webhook-id": id = "", "webhook-timestamp": timestamp = "", "webhook-signature": signatures = "" } =
    request.headers;
  if (!/^[A-Za-z0-9-]{1,100}$/.test(id)) return 400;
  if (!isOurs(id, timestamp, signatures, body)) return 401;
  if (request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) {
    body = new URLSearchParams(body.toString()).get("detail"); // callback_format = "form"
  }
  await keep(id, body);
  return 204;
}

if (!KEY.length) {
  console.error("PLAYVOICE_SECRET is not set");
  process.exit(1);
}
mkdirSync(INBOX, { recursive: true });
const [, host, port] = /^(.*):(\d+)$/.exec(process.argv[2] ?? "127.0.0.1:9000");
const server = createServer(async (request, response) => {
  response.statusCode = await take(request).catch(() => 500); // after a 500 it comes again
  response.end();
});
server.listen(Number(port), host, () => console.log(`listening on http://${host}:${server.address().port}/`));
