"""userid: which key leads to which group."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playvoice.calls.errors import UseridError
from playvoice.calls.userid import KEYS, parse_userid

GROUPS = st.text("abcXYZ-_0189组", min_size=1, max_size=64)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("1@extGroup-1", (("1", "extGroup-1"),)),
        ("1@sales,2@support", (("1", "sales"), ("2", "support"))),
        ("1@sales,@support", (("1", "sales"), ("", "support"))),
        ("@support", (("", "support"),)),
        ("*@a,#@b", (("*", "a"), ("#", "b"))),
        (" 1 @ sales , 2@support ", (("1", "sales"), ("2", "support"))),
        ("1@客服", (("1", "客服"),)),
    ],
)
def test_reads_pairs_in_their_order(text: str, pairs: tuple[tuple[str, str], ...]) -> None:
    assert parse_userid(text) == pairs


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected KEY@GROUP"),
        ("sales", "expected KEY@GROUP"),
        ("1@sales,", "expected KEY@GROUP"),
        ("12@sales", "the key is one of"),
        ("a@sales", "the key is one of"),
        ("١@sales", "the key is one of"),
        ("1@", "the group is missing"),
        ("1@sales@x", "no @"),
        ("1@two words", "white space"),
        ("1@a\x00b", "white space"),
        ("1@a,1@b", "key 1 stands twice"),
        ("@a,@b", "the pair without a key stands twice"),
        ("1@" + "g" * 65, "at most 64"),
        ("1@g," * 300, "longer than"),
    ],
)
def test_names_what_can_not_be_read(text: str, problem: str) -> None:
    with pytest.raises(UseridError, match=problem):
        parse_userid(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*sorted(KEYS), ""]), GROUPS), min_size=1, unique_by=lambda p: p[0]))
def test_what_was_written_reads_back(pairs: list[tuple[str, str]]) -> None:
    assert parse_userid(",".join(f"{key}@{group}" for key, group in pairs)) == tuple(pairs)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_garbage_gives_the_one_declared_error(text: str) -> None:
    try:
        parse_userid(text)
    except UseridError:
        pass
