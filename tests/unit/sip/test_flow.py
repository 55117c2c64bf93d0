"""Where messages go and come from, by the addresses in them."""

import pytest
from sipmessage import Request
from tests.unit.sip.test_core import request

from playvoice.sip.dialog import flow_of
from playvoice.sip.flow import Flow, Transport, ip_of, stamp_via
from playvoice.sip.message import parse, parse_uri

SIX = Flow(Transport.TCP, ("2001:db8::9", 5070), ("2001:db8::1", 5060))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8:0:0::9]", "2001:db8::9"),
        ("2001:db8::9", "2001:db8::9"),
        ("example.com", None),
        ("192.0.2", None),
        ("1.2.3.4.5", None),
        ("", None),
    ],
)
def test_a_host_is_an_address_or_a_name(host: str, address: str | None) -> None:
    assert ip_of(host) == address


def test_one_far_end_has_one_flow_however_its_address_is_spelled() -> None:
    uri = parse_uri("sip:callee@[2001:DB8:0:0::9]:5070;transport=tcp")
    assert flow_of(uri, SIX) == SIX, "or it would get a second connection"


def test_an_address_in_via_is_the_source_however_it_is_spelled() -> None:
    data = request("OPTIONS", 1).replace(b"UDP 192.0.2.1", b"TCP [2001:DB8::9]:5070")
    message = parse(data)
    assert isinstance(message, Request)
    assert stamp_via(message, SIX) == SIX
    assert "received" not in message.headers["Via"]
