"""Headers by their names: whatever is done to them, they are those of `sipmessage`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import URI, Request

from playvoice.sip.headers import new_request, new_response

NAMES = st.sampled_from(["Via", "VIA", "via", "Route", "route", "To"])
STEPS = st.tuples(st.sampled_from(["add", "set", "setlist", "remove"]), NAMES, st.sampled_from(["a", "b"]))
TARGET = URI(scheme="sip", host="example.com")


@settings(max_examples=200)
@given(st.lists(STEPS, max_size=12))
def test_any_steps_lead_to_the_headers_that_the_library_has(steps: list[tuple[str, str, str]]) -> None:
    ours, theirs = new_request("OPTIONS", TARGET), Request("OPTIONS", TARGET)
    for step, name, value in steps:
        for headers in (ours.headers, theirs.headers):
            match step:
                case "add":
                    headers.add(name, value)
                case "set":
                    headers.set(name, value)
                case "setlist":
                    headers.setlist(name, [value, value])
                case "remove":
                    headers.remove(name)
    assert bytes(ours) == bytes(theirs)
    assert ours.headers.keys() == theirs.headers.keys()
    for name in ("Via", "rOUTE", "to"):
        assert ours.headers.getlist(name) == theirs.headers.getlist(name)
        assert ours.headers.get(name, "none") == theirs.headers.get(name, "none")


def test_a_header_that_is_missing_is_a_key_error() -> None:
    response = new_response(200, "OK")
    with pytest.raises(KeyError):
        _ = response.headers["Via"]
    with pytest.raises(KeyError):
        _ = response.call_id
