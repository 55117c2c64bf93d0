"""One entry of the configuration by itself, as an operator types it: each key with its value as text.

The rules and the words are those of the file. A list is written with commas; an empty text takes an optional key's
value away.
"""

import copy
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from playvoice.config.models import ExtensionConfig
from playvoice.config.wording import in_words

M = TypeVar("M", bound=BaseModel)


class ExtensionPiece(ExtensionConfig):
    """What an operator can set of an extension: that it is switched off is not the file's to say."""

    enabled: bool = Field(default=True, description="true or false")


class PieceError(Exception):
    """The entry can't be used; the text names every key that is wrong."""


def new_piece(model: type[M], texts: Mapping[str, str]) -> M:
    """Return a whole entry; PieceError where something is wrong or missing."""
    return _read(model, model, texts)


def changed_piece(model: type[M], texts: Mapping[str, str]) -> M:
    """Return an entry of which only the keys in `texts` are set (`model_fields_set`); PieceError as above.

    It is one as well where nothing is to be changed.
    """
    if not texts:
        raise PieceError("nothing is to be changed; expected KEY=VALUE (--help lists the keys)")
    optional: type[M] = _all_optional(model)
    return _read(model, optional, texts)


def check_value(model: type[BaseModel], key: str, value: object) -> None:
    """Hold one value to the rule of its key; PieceError says what was expected, and not what was given."""
    try:
        _one_value(model, key).model_validate({"value": value})
    except ValidationError:
        raise PieceError(f"expected {model.model_fields[key].description}") from None


def keys_of(model: type[BaseModel]) -> dict[str, str]:
    """Return the keys that an entry can have, each with what is expected."""
    return {
        field.alias or name: field.description or "" for name, field in model.model_fields.items() if _is_text(field)
    }


def _read(model: type[M], wanted: type[M], texts: Mapping[str, str]) -> M:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    data = {key: _value(fields[key], text) if key in fields else text for key, text in texts.items()}
    unknown = [key for key in texts if key not in keys_of(model)]
    try:
        if not unknown:
            return wanted.model_validate(data)
    except ValidationError as error:
        said: dict[str, str] = {}
        for details in error.errors(include_url=False):
            key = str(details["loc"][0]) if details["loc"] else ""
            said.setdefault(key, f"{key} {in_words(model, key, details)}")
        raise PieceError("; ".join(said.values())) from None
    expected = ", ".join(keys_of(model))
    raise PieceError(f"{', '.join(unknown)} is unknown; expected one of {expected}")


def _value(field: FieldInfo, text: str) -> object:
    if text == "" and not field.is_required():
        return field.get_default(call_default_factory=True)
    if _is_list(field):
        items = text.strip().removeprefix("[").removesuffix("]").split(",")
        return [bare for item in items if (bare := item.strip().strip("\"'"))]
    return text


def _is_list(field: FieldInfo) -> bool:
    return any(get_origin(each) is tuple for each in _members(field.annotation))


def _is_text(field: FieldInfo) -> bool:
    """Whether a value can be written as one text: no list of tables."""
    for each in _members(field.annotation):
        if get_origin(each) is tuple:
            item = get_args(each)[0]
            return not (isinstance(item, type) and issubclass(item, BaseModel))
    return True


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


@cache
def _one_value(model: type[BaseModel], key: str) -> type[BaseModel]:
    field = model.model_fields[key]
    kind: Any = field.annotation
    return create_model("One", value=(kind, field))


@cache
def _all_optional(model: type[Any]) -> Any:
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if field.is_required():
            optional = copy.copy(field)
            optional.default = None
            fields[name] = (field.annotation, optional)
    return create_model(f"{model.__name__}Change", __base__=model, **fields)
