"""A request as curl, PHP and Python, for whoever calls the API; quoted so that any value may stand in it.

The page writes the same texts while one types (`assets/snippets.js`); a test compares the two.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from playvoice.gateway.registry import Service


class File(str):
    """The path of a file whose octets are the value."""

    __slots__ = ()


Fields = Sequence[tuple[str, str | File]]
"""Names and values in their order, `service` first."""


def fields_of(service: Service) -> Fields:
    """Return the request that the documentation shows: those parameters that have an example.

    An example that begins with `@` is a file, as curl writes it.
    """
    examples = ((each.name, each.example) for each in service.parameters if each.example)
    shown = ((name, File(text[1:]) if text.startswith("@") else text) for name, text in examples)
    return [("service", service.name), *shown]


def curl(url: str, fields: Fields) -> str:
    """Return a command for a POSIX shell."""
    return " \\\n".join([f"curl {_shell(url)}", *(f"  {_curl(name, value)}" for name, value in fields)])


def php(url: str, fields: Fields) -> str:
    """Return a script that needs PHP's curl."""
    rows = "".join(f"        {_php(name)} => {_php_value(value)},\n" for name, value in fields)
    return (
        f"<?php\n$curl = curl_init({_php(url)});\ncurl_setopt_array($curl, [\n"
        f"    CURLOPT_RETURNTRANSFER => true,\n    CURLOPT_POSTFIELDS => [\n{rows}    ],\n]);\n"
        "echo curl_exec($curl);"
    )


def python(url: str, fields: Fields) -> str:
    """Return a script that needs Python 3 alone; only to send files it needs `requests`."""
    texts = [(name, value) for name, value in fields if not isinstance(value, File)]
    rows = "".join(f"    {_json(name)}: {_json(value)},\n" for name, value in texts)
    if len(texts) == len(fields):
        return (
            "from urllib.parse import urlencode\nfrom urllib.request import urlopen\n\n"
            f"fields = {{\n{rows}}}\n"
            f"with urlopen({_json(url)}, urlencode(fields).encode()) as answer:\n    print(answer.read().decode())"
        )
    files = "".join(
        f'    {_json(name)}: open({_json(value)}, "rb"),\n' for name, value in fields if isinstance(value, File)
    )
    return (
        f"import requests\n\nfields = {{\n{rows}}}\nfiles = {{\n{files}}}\n"
        f"print(requests.post({_json(url)}, data=fields, files=files).text)"
    )


SNIPPETS: Mapping[str, Callable[[str, Fields], str]] = MappingProxyType({"curl": curl, "PHP": php, "Python": python})
"""The languages that a request is shown in, by the name that a reader knows."""


def _curl(name: str, value: str | File) -> str:
    if isinstance(value, File):
        path = value.replace("\\", "\\\\").replace('"', '\\"')
        return "--form " + _shell(f'{name}=@"{path}"')
    return "--form-string " + _shell(f"{name}={value}")


def _php_value(value: str | File) -> str:
    return f"new CURLFile({_php(value)})" if isinstance(value, File) else _php(value)


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _php(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
