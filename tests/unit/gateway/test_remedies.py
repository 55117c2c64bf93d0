from collections.abc import Mapping

import pytest

from playvoice.codes import AGENT_TEXTS, AgentState, BusinessCode, HangupCause, Language, Ret, Text
from playvoice.gateway.remedies import BUSINESS_REMEDIES, CAUSE_REMEDIES, RET_REMEDIES


@pytest.mark.parametrize(
    ("remedies", "codes"),
    [
        (RET_REMEDIES, set(Ret) - {Ret.OK}),
        (BUSINESS_REMEDIES, set(BusinessCode)),
        (CAUSE_REMEDIES, set(HangupCause)),
        (AGENT_TEXTS, set(AgentState)),
    ],
    ids=["ret", "business codes", "causes", "states of agents"],
)
def test_every_code_has_its_text_in_both_languages(remedies: Mapping[object, Text], codes: set[object]) -> None:
    assert set(remedies) == codes
    for code, text in remedies.items():
        assert text(Language.EN).isascii(), code
        assert text(Language.EN), code
        assert not text(Language.ZH).isascii(), code
