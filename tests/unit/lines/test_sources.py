import pytest

from playvoice.lines.sources import source_of
from playvoice.sip import URI, Flow, Request, Transport

EDGE = ("192.0.2.10", 5060)


def source(*vias: str, remote: tuple[str, int] = EDGE) -> tuple[str, int]:
    request = Request("OPTIONS", URI.parse("sip:example.org"))
    for via in vias:
        request.headers.add("Via", f"SIP/2.0/UDP {via}")
    flow = Flow(Transport.UDP, remote, ("192.0.2.9", 5060))
    return source_of(request, flow, {"192.0.2.10", "192.0.2.11"})


def test_who_is_no_edge_is_the_source_whatever_it_writes() -> None:
    assert source("192.0.2.1", "203.0.113.9", remote=("192.0.2.1", 5099)) == ("192.0.2.1", 5099)


@pytest.mark.parametrize(
    ("below", "expected"),
    [
        ("10.0.0.1:5070;received=203.0.113.9;rport=40000", ("203.0.113.9", 40000)),
        ("203.0.113.9:5070;branch=x", ("203.0.113.9", 5070)),
        ("203.0.113.9", ("203.0.113.9", 5060)),
        ("[2001:db8::1]:5070", ("2001:db8::1", 5070)),
    ],
)
def test_an_edge_tells_the_source_in_the_via_below_its_own(below: str, expected: tuple[str, int]) -> None:
    assert source("192.0.2.10", below) == expected


def test_an_edge_behind_an_edge_is_believed_too() -> None:
    assert source("192.0.2.10", "192.0.2.11", "203.0.113.9:5070", "10.0.0.1") == ("203.0.113.9", 5070)


@pytest.mark.parametrize(
    "below", ["phone.example.org", "192.0.2.7;rport=x", "192.0.2.7;rport=65536", "192.0.2.7;rport=-1"]
)
def test_a_via_that_tells_no_address_and_port_leaves_the_request_with_the_edge(below: str) -> None:
    assert source("192.0.2.10", below) == EDGE


def test_an_edge_s_own_request_is_its_own() -> None:
    assert source("192.0.2.10") == EDGE
