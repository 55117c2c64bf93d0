import re
from pathlib import Path

import pytest
from tests.unit.commands.stories import note

import playvoice.calls
from playvoice.commands.notes import SENTENCES, sentence


@pytest.mark.parametrize(
    ("event", "values", "text"),
    [
        ("key_pressed", {"key": "1", "way": "tone"}, "key 1 (tone)"),
        (
            "customer_refused",
            {"trunk": "t", "status": 486, "reason": "Busy", "q850": None},
            "trunk t refused with 486 Busy",
        ),
        (
            "customer_refused",
            {"trunk": "t", "status": 500, "reason": "No", "q850": 17},
            "trunk t refused with 500 No, Q.850 cause 17",
        ),
        (
            "call_ended",
            {"cause": 10001, "direction": 10041},
            "the call is over: 10001 normal, 10041 callee side hung up",
        ),
        (
            "agent_refused",
            {"extension": "20280003", "leg": "l", "status": 486, "reason": "Busy Here"},
            "agent 20280003 refused with 486 Busy Here",
        ),
        (
            "customer_answered",
            {"codec": "PCMA", "keys": "INFO or tones"},
            "the customer answered; codec PCMA, keys come by INFO or tones",
        ),
        ("something_new", {"a": 1}, "something_new a=1"),
        ("key_pressed", {"key": "1"}, "key_pressed key=1"),
    ],
)
def test_a_note_is_a_sentence_where_there_is_one(event: str, values: dict[str, str], text: str) -> None:
    assert sentence(note(1, event, **values)) == text


def test_each_sentence_is_of_something_that_calls_note() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(playvoice.calls.__path__[0]).glob("*.py"))
    noted = set(re.findall(r'(?:log\.(?:info|warning|error|fault)|note|\)\.info)\(\s*"(\w+)"', sources))
    assert set(SENTENCES) <= noted
