// A request as curl, PHP and Python: the texts of playvoice.gateway.snippets, which a test compares with these.
const shell = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
const phpText = (text) => "'" + text.replaceAll("\\", "\\\\").replaceAll("'", "\\'") + "'";
const json = (text) => JSON.stringify(text);

const SNIPPETS = {
  curl: (url, fields) =>
    [`curl ${shell(url)}`, ...fields.map(([name, value]) => `  --form-string ${shell(`${name}=${value}`)}`)].join(
      " \\\n",
    ),
  PHP: (url, fields) =>
    `<?php\n$curl = curl_init(${phpText(url)});\ncurl_setopt_array($curl, [\n` +
    `    CURLOPT_RETURNTRANSFER => true,\n    CURLOPT_POSTFIELDS => [\n` +
    fields.map(([name, value]) => `        ${phpText(name)} => ${phpText(value)},\n`).join("") +
    `    ],\n]);\necho curl_exec($curl);`,
  Python: (url, fields) =>
    `from urllib.parse import urlencode\nfrom urllib.request import urlopen\n\nfields = {\n` +
    fields.map(([name, value]) => `    ${json(name)}: ${json(value)},\n`).join("") +
    `}\nwith urlopen(${json(url)}, urlencode(fields).encode()) as answer:\n    print(answer.read().decode())`,
};
