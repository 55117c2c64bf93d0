"""A proxy of RFC 2543 on the way: it reads its own address from the request line (RFC 3261 section 12.2.1.1)."""

from dataclasses import replace

import pytest

from playvoice.sip import DialogState, Flow, Transport

FLOW = Flow(Transport.UDP, ("192.0.2.9", 5060), ("192.0.2.1", 5060))


def dialog(*route: str) -> DialogState:
    return DialogState(
        call_id="routed",
        local="<sip:us@192.0.2.1>;tag=a",
        remote="<sip:callee@example.com>;tag=b",
        remote_target="sip:callee@192.0.2.50:5070",
        route=route,
        local_cseq=1,
        remote_cseq=-1,
        invite_cseq=1,
        flow=FLOW,
        pinned=False,
    )


@pytest.mark.parametrize(
    ("route", "uri", "headers", "goes_to"),
    [
        (
            ("<sip:192.0.2.9;lr>", "<sip:192.0.2.8;lr>"),
            "sip:callee@192.0.2.50:5070",
            ["<sip:192.0.2.9;lr>", "<sip:192.0.2.8;lr>"],
            ("192.0.2.9", 5060),
        ),
        (
            ("<sip:192.0.2.9:5080>", "<sip:192.0.2.8;lr>"),
            "sip:192.0.2.9:5080",
            ["<sip:192.0.2.8;lr>", "<sip:callee@192.0.2.50:5070>"],
            ("192.0.2.9", 5080),
        ),
        (("<sip:192.0.2.9>",), "sip:192.0.2.9", ["<sip:callee@192.0.2.50:5070>"], ("192.0.2.9", 5060)),
        ((), "sip:callee@192.0.2.50:5070", [], ("192.0.2.50", 5070)),
    ],
)
def test_a_strict_router_stands_in_the_request_line_and_the_far_end_at_the_end_of_the_route(
    route: tuple[str, ...], uri: str, headers: list[str], goes_to: tuple[str, int]
) -> None:
    request = dialog(*route).request("BYE", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", 2)
    assert str(request.uri) == uri
    assert request.headers.getlist("Route") == headers
    assert dialog(*route).next_flow().remote == goes_to


def test_a_contact_that_is_no_ip_address_is_reached_where_the_call_is() -> None:
    """A socket would look it up, and nothing else would be served meanwhile."""
    assert replace(dialog(), remote_target="sip:callee@callee.example.com:5070").next_flow() == FLOW
