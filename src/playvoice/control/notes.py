"""What the configuration file will undo: it overwrites the fields that it names at each start and reload."""

from collections.abc import Collection

from pydantic import BaseModel


def done(text: str, entry: BaseModel | None = None, fields: Collection[str] | None = None) -> dict[str, object]:
    """Return the result of a change; `entry` is the file's of the same name, `fields` what was set, None: removed."""
    notes = []
    if entry is not None and fields is None:
        notes.append("it stands in the configuration file: it comes back at the next start or reload")
    elif entry is not None and fields is not None:
        names = {field.alias or name: name for name, field in type(entry).model_fields.items()}
        if undone := sorted(key for key in fields if names.get(key) in entry.model_fields_set):
            notes.append(f"the configuration file sets {', '.join(undone)} again at the next start or reload")
    return {"done": text, "notes": notes}
