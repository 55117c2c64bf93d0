"""What is told of our addresses: to whom the external one, and to whom our own."""

from ipaddress import ip_network

import pytest
from tests.unit.lines.configs import config

from playvoice.lines import ToldAddress
from playvoice.sip import Flow, Transport

OWN, EXTERNAL = "10.0.0.5", "203.0.113.7"
LOCAL = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def flow(remote: str, local: str = OWN) -> Flow:
    return Flow(Transport.UDP, (remote, 40_000), (local, 5060))


@pytest.mark.parametrize(
    ("remote", "told"), [("192.0.2.1", EXTERNAL), ("10.0.0.9", OWN), ("11.0.0.9", EXTERNAL), ("10.255.255.255", OWN)]
)
def test_the_local_networks_are_told_our_own_address_and_everybody_else_the_external_one(
    remote: str, told: str
) -> None:
    behind_nat = ToldAddress(OWN, EXTERNAL, LOCAL)
    assert behind_nat.for_sip(flow(remote)) == (told, 5060)
    assert behind_nat.for_media(flow(remote)) == told


@pytest.mark.parametrize("remote", ["192.0.2.1", "10.0.0.9"])
def test_without_an_external_address_everybody_is_told_our_own(remote: str) -> None:
    assert ToldAddress("10.0.0.6", None, LOCAL).for_sip(flow(remote)) == (OWN, 5060)
    assert ToldAddress("10.0.0.6", None, LOCAL).for_media(flow(remote)) == "10.0.0.6"


def test_a_far_end_whose_address_is_none_is_told_the_external_one() -> None:
    assert ToldAddress(OWN, EXTERNAL, LOCAL).for_media(flow("999.1.1.1")) == EXTERNAL


def test_the_wildcard_is_told_to_nobody() -> None:
    assert ToldAddress(OWN).for_sip(flow("192.0.2.1", "0.0.0.0")) == (OWN, 5060)
    assert ToldAddress(OWN, EXTERNAL, LOCAL).for_sip(flow("10.0.0.9", "0.0.0.0")) == (OWN, 5060)
    assert ToldAddress(OWN, EXTERNAL, LOCAL).for_sip(flow("192.0.2.1", "0.0.0.0")) == (EXTERNAL, 5060)
    assert ToldAddress("fd00::5").for_sip(flow("2001:db8::1", "::")) == ("fd00::5", 5060)


def test_an_address_of_the_other_family_is_no_external_address() -> None:
    both = ToldAddress(OWN, EXTERNAL, LOCAL)
    assert both.for_sip(flow("2001:db8::1", "2001:db8::5")) == ("2001:db8::5", 5060)
    assert ToldAddress("2001:db8::5", EXTERNAL).for_media(flow("192.0.2.1")) == "2001:db8::5"
    ipv6 = ToldAddress("fd00::5", "2001:db8::5", LOCAL)
    assert ipv6.for_sip(flow("fd00::9", "fd00::5")) == ("fd00::5", 5060)
    assert ipv6.for_sip(flow("2001:db8::1", "fd00::5")) == ("2001:db8::5", 5060)


def test_it_is_read_from_the_configuration() -> None:
    text = config(external_address=EXTERNAL, local_networks=["10.0.0.0/8"])
    assert ToldAddress.from_config(text) == ToldAddress("127.0.0.1", EXTERNAL, (ip_network("10.0.0.0/8"),))
