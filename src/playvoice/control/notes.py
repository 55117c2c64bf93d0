"""What the configuration file will undo: it overwrites the fields that it names at each start and reload."""

from collections.abc import Collection

from pydantic import BaseModel


def done(text: str, entry: BaseModel | None = None, fields: Collection[str] | None = None) -> dict[str, object]:
    """Return the result of a change; `entry` is the file's of the same name, `fields` what was set, None: removed."""
    return {"done": text, "notes": undone(entry, fields)}


def undone(entry: BaseModel | None, fields: Collection[str] | None) -> list[str]:
    """Return what the file will undo of a change, as above."""
    if entry is None:
        return []
    if fields is None:
        return ["it stands in the configuration file: it comes back at the next start or reload"]
    names = {field.alias or name: name for name, field in type(entry).model_fields.items()}
    again = sorted(key for key in fields if names.get(key) in entry.model_fields_set)
    return [f"the configuration file sets {', '.join(again)} again at the next start or reload"] if again else []
