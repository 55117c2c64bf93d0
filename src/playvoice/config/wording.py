"""What pydantic found wrong with one key, in our words: what was there, and what was expected."""

import difflib
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import ErrorDetails

SECRETS = frozenset({"password", "accesskey", "signing_secret", "database"})
"""Keys whose values are never repeated."""


def in_words(model: type[BaseModel], key: str, details: ErrorDetails) -> str:
    """Say what is wrong with a key of this model, as what follows its name."""
    known = {field.alias or name: field for name, field in model.model_fields.items()}
    if details["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, known, n=1)
        return f"is unknown; did you mean {near[0]}?" if near else f"is unknown; expected one of {', '.join(known)}"
    expected = known[key].description if key in known else None
    if details["type"] == "missing":
        return f"is missing; expected {expected}"
    if key in SECRETS:
        return f"can't be used; expected {expected}"
    return f"can't be {_shorten(details['input'])}; expected {expected}"


def _shorten(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if _has_tables(value):
        return "a list of tables"
    text = repr(str(value) if isinstance(value, Path) else value)
    return text if len(text) <= 100 else f"{text[:97]}…"


def _has_tables(value: object) -> bool:
    """Whether there are tables in a list: with their keys, secrets would be repeated."""
    return isinstance(value, list) and any(isinstance(item, dict) or _has_tables(item) for item in value)
