"""A request as curl, PHP and Python, for whoever calls the API; quoted so that any value may stand in it.

The page writes the same texts while one types (`assets/snippets.js`); a test compares the two.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

Fields = Sequence[tuple[str, str]]
"""Names and values in their order, `service` first."""


def curl(url: str, fields: Fields) -> str:
    """Return a command for a POSIX shell."""
    lines = [f"curl {_shell(url)}", *(f"  --form-string {_shell(f'{name}={value}')}" for name, value in fields)]
    return " \\\n".join(lines)


def php(url: str, fields: Fields) -> str:
    """Return a script that needs PHP's curl."""
    rows = "".join(f"        {_php(name)} => {_php(value)},\n" for name, value in fields)
    return (
        f"<?php\n$curl = curl_init({_php(url)});\ncurl_setopt_array($curl, [\n"
        f"    CURLOPT_RETURNTRANSFER => true,\n    CURLOPT_POSTFIELDS => [\n{rows}    ],\n]);\n"
        "echo curl_exec($curl);"
    )


def python(url: str, fields: Fields) -> str:
    """Return a script that needs Python 3 alone."""
    rows = "".join(f"    {_json(name)}: {_json(value)},\n" for name, value in fields)
    return (
        "from urllib.parse import urlencode\nfrom urllib.request import urlopen\n\n"
        f"fields = {{\n{rows}}}\n"
        f"with urlopen({_json(url)}, urlencode(fields).encode()) as answer:\n    print(answer.read().decode())"
    )


SNIPPETS: Mapping[str, Callable[[str, Fields], str]] = MappingProxyType({"curl": curl, "PHP": php, "Python": python})
"""The languages that a request is shown in, by the name that a reader knows."""


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _php(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
