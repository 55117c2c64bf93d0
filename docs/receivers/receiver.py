"""Receives PlayVoice callbacks: python3 receiver.py [HOST:PORT]. Needs Python 3.9 or newer, nothing else.

PLAYVOICE_SECRET is the signing secret (whsec_...). A callback that is ours is put into the folder of PLAYVOICE_INBOX
(default: inbox) and answered at once; what works on it reads the files there, in its own time, and leaves them for 30
days: by its file a callback is known that comes again.
"""

import base64
import hmac
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

KEY = base64.b64decode(os.environ.get("PLAYVOICE_SECRET", "").removeprefix("whsec_") + "==")
INBOX = Path(os.environ.get("PLAYVOICE_INBOX", "inbox"))
TOLERANCE = 300  # seconds: an older callback may be one that somebody recorded and sends again
MOST = 65_536  # octets of a body


def is_ours(webhook_id, timestamp, signatures, body):
    """Tell whether the body was signed with our secret, and just now."""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(KEY, signed, "sha256").digest())
    return any(hmac.compare_digest(expected, each.encode()) for each in signatures.split())


def keep(webhook_id, content):
    """Store a callback once, whole or not at all; a repeated one has the same webhook-id."""
    file = INBOX / f"{webhook_id}.json"
    if not file.exists():
        part = INBOX / f".{webhook_id}.{time.monotonic_ns()}"
        part.write_bytes(content)
        part.replace(file)


class Receiver(BaseHTTPRequestHandler):
    timeout = 10  # seconds without an octet, after which the connection is closed

    def do_POST(self):
        self.send_response(self.take())
        self.send_header("Content-Length", "0")
        self.end_headers()

    def take(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST:
            return 413
        body = self.rfile.read(int(length))
        webhook_id = self.headers.get("webhook-id", "")
        timestamp = self.headers.get("webhook-timestamp", "")
        if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", webhook_id):
            return 400
        if not is_ours(webhook_id, timestamp, self.headers.get("webhook-signature", ""), body):
            return 401
        if self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            body = parse_qs(body.decode())["detail"][0].encode()  # callback_format = "form"
        keep(webhook_id, body)
        return 204


if __name__ == "__main__":
    if not KEY:
        sys.exit("PLAYVOICE_SECRET is not set")
    host, _, port = (sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:9000").rpartition(":")
    INBOX.mkdir(exist_ok=True)
    server = ThreadingHTTPServer((host, int(port)), Receiver)
    print(f"listening on http://{host}:{server.server_port}/", flush=True)
    server.serve_forever()
