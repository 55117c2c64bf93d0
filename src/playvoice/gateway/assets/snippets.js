// A request as curl, PHP and Python: the texts of playvoice.gateway.snippets, which a test compares with these.
// Fields are [name, value] or, for a file whose octets are the value, [name, path, true].
const shell = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
const phpText = (text) => "'" + text.replaceAll("\\", "\\\\").replaceAll("'", "\\'") + "'";
const json = (text) => JSON.stringify(text);
const curlPath = (path) => path.replaceAll("\\", "\\\\").replaceAll('"', '\\"');

function curl(url, fields) {
  const options = fields.map(([name, value, isFile]) =>
    isFile ? `  --form ${shell(`${name}=@"${curlPath(value)}"`)}` : `  --form-string ${shell(`${name}=${value}`)}`,
  );
  return [`curl ${shell(url)}`, ...options].join(" \\\n");
}

function php(url, fields) {
  const rows = fields.map(([name, value, isFile]) => {
    const shown = isFile ? `new CURLFile(${phpText(value)})` : phpText(value);
    return `        ${phpText(name)} => ${shown},\n`;
  });
  return (
    `<?php\n$curl = curl_init(${phpText(url)});\ncurl_setopt_array($curl, [\n` +
    `    CURLOPT_RETURNTRANSFER => true,\n    CURLOPT_POSTFIELDS => [\n${rows.join("")}    ],\n]);\n` +
    `echo curl_exec($curl);`
  );
}

function python(url, fields) {
  const rows = (isFile, write) =>
    fields
      .filter((field) => Boolean(field[2]) === isFile)
      .map(([name, value]) => `    ${json(name)}: ${write(value)},\n`)
      .join("");
  const texts = `fields = {\n${rows(false, json)}}\n`;
  const files = rows(true, (path) => `open(${json(path)}, "rb")`);
  if (!files) {
    return (
      `from urllib.parse import urlencode\nfrom urllib.request import urlopen\n\n${texts}` +
      `with urlopen(${json(url)}, urlencode(fields).encode()) as answer:\n    print(answer.read().decode())`
    );
  }
  return (
    `import requests\n\n${texts}files = {\n${files}}\n` +
    `print(requests.post(${json(url)}, data=fields, files=files).text)`
  );
}

const SNIPPETS = { curl, PHP: php, Python: python };
