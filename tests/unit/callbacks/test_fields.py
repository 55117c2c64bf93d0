"""The descriptions of the payloads' fields say what the payloads have."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from playvoice.callbacks.fields import (
    CALL_RECORD_FIELDS,
    EXTENSION_STATE_FIELDS,
    Field,
    JsonType,
    sample_call_record,
    sample_extension_state,
)
from playvoice.callbacks.payloads import FURTHER_FIELDS, call_record
from playvoice.codes import Language


def whole_record() -> dict[str, object]:
    """A record with every field that a company can switch on."""
    at = datetime(2020, 2, 9, tzinfo=UTC)
    return call_record(
        **dict.fromkeys(
            ("destnumber", "disnumber", "extnumber", "crmid", "userkey", "customuuid", "chengshudu", "memberid"), "1"
        ),
        id=1,
        uuid="u",
        company_code="1",
        started_at=at,
        answered_at=at,
        ended_at=at,
        hangupcause=10001,
        hangupdirection=10040,
        recordfilename="",
        downloadip="",
        zone=UTC,
        fields=FURTHER_FIELDS,
    )


@pytest.mark.parametrize(
    ("fields", "payload"),
    [(EXTENSION_STATE_FIELDS, sample_extension_state()), (CALL_RECORD_FIELDS, whole_record())],
    ids=["extension state", "call record"],
)
def test_the_fields_are_those_of_the_payload_in_its_order_and_types(
    fields: tuple[Field, ...], payload: Mapping[str, object]
) -> None:
    types = {str: JsonType.STRING, int: JsonType.NUMBER}
    assert [(field.name, field.type) for field in fields] == [
        (name, types[type(value)]) for name, value in payload.items()
    ]


def test_the_further_fields_are_marked_and_missing_in_the_sample() -> None:
    assert tuple(field.name for field in CALL_RECORD_FIELDS if field.further) == FURTHER_FIELDS
    assert not [field for field in EXTENSION_STATE_FIELDS if field.further]
    assert list(sample_call_record()) == [field.name for field in CALL_RECORD_FIELDS if not field.further]


@pytest.mark.parametrize("language", Language)
def test_each_field_is_described_in_both_languages(language: Language) -> None:
    for field in (*EXTENSION_STATE_FIELDS, *CALL_RECORD_FIELDS):
        assert field.about(language), field.name
        assert field.about(language).isascii() == (language is Language.EN), field.name
