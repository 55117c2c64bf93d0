from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from tests.unit.lines.configs import config
from tests.unit.lines.configs import trunk as trunk_of_file

from playvoice.config import CallerId
from playvoice.lines import Trunk, apply
from playvoice.lines.resolving import transport_of
from playvoice.lines.trunks import read_trunks
from playvoice.sip import URI, Credentials, Transport
from playvoice.store import Store


def trunk(address: str = "sip:192.0.2.1:5080;transport=udp", **changes: object) -> Trunk:
    return Trunk("carrier", URI.parse(address), "pbx.example.org", **changes)  # type: ignore[arg-type]


def test_by_default_the_numbers_stand_in_the_request_uri_and_in_from() -> None:
    assert str(trunk().request_uri("13333333333")) == "sip:13333333333@192.0.2.1:5080;transport=udp"
    assert str(trunk().from_address("2120280001")) == "<sip:2120280001@pbx.example.org>"
    assert trunk().headers("2120280001") == ()
    assert trunk().route == ()


@pytest.mark.parametrize(
    ("strip", "prefix", "number", "written"),
    [
        ("+86", "", "+8613333333333", "13333333333"),
        ("+86", "", "13333333333", "13333333333"),
        ("+86", "9", "+8613333333333", "913333333333"),
        ("", "+86", "13333333333", "+8613333333333"),
        ("86", "", "+8613333333333", "+8613333333333"),
        ("110", "", "110", "110"),
        ("", "*31#", "13333333333", "*31#13333333333"),
    ],
)
def test_strip_goes_before_prefix_comes(strip: str, prefix: str, number: str, written: str) -> None:
    assert trunk(strip=strip, prefix=prefix).request_uri(number).user == written


def test_a_user_of_the_trunk_s_own_replaces_the_caller_number_in_from() -> None:
    assert str(trunk(from_user="account").from_address("2120280001")) == "<sip:account@pbx.example.org>"


@pytest.mark.parametrize(
    ("caller_id", "name", "value"),
    [
        (CallerId.PAI, "P-Asserted-Identity", "<sip:2120280001@pbx.example.org>"),
        (CallerId.PPI, "P-Preferred-Identity", "<sip:2120280001@pbx.example.org>"),
        (
            CallerId.RPID,
            "Remote-Party-ID",
            "<sip:2120280001@pbx.example.org>;party=calling;screen=yes;privacy=off",
        ),
    ],
)
def test_the_caller_number_can_go_into_a_header(caller_id: CallerId, name: str, value: str) -> None:
    assert trunk(caller_id=caller_id).headers("2120280001") == ((name, value),)


def test_a_proxy_is_the_next_hop_and_a_loose_route() -> None:
    through = trunk(proxy=URI.parse("sip:192.0.2.9"))
    assert through.next_hop.host == "192.0.2.9"
    assert [str(address) for address in through.route] == ["<sip:192.0.2.9;lr>"]
    assert trunk().next_hop.host == "192.0.2.1"


def test_a_user_in_the_address_gives_way_to_the_number_and_stays_for_options() -> None:
    with_user = trunk("sip:gateway@192.0.2.1")
    assert str(with_user.request_uri("123")) == "sip:123@192.0.2.1"
    assert str(with_user.options_uri()) == "sip:gateway@192.0.2.1"
    assert str(with_user.service_address) == "<sip:playvoice@pbx.example.org>"


def test_hosts_are_networks() -> None:
    networks = trunk(hosts=(ip_network("192.0.2.16/28"), ip_network("2001:db8::/32")))
    assert networks.has_host("192.0.2.17")
    assert networks.has_host("2001:db8::5")
    assert not networks.has_host("192.0.2.1")
    assert not trunk().has_host("192.0.2.1")


def test_the_account_at_a_registrar_is_the_user_name_or_the_user_of_from() -> None:
    known = trunk("sip:gateway@192.0.2.1:5080", credentials=Credentials("us", "secret"))
    assert str(known.registrar_uri) == "sip:192.0.2.1:5080"
    assert str(known.address_of_record) == "sip:us@pbx.example.org"
    assert str(replace(known, from_user="+861012345678").address_of_record) == "sip:+861012345678@pbx.example.org"


@pytest.mark.parametrize(
    ("fields", "domain"),
    [
        ({}, "pbx.example.org"),
        ({"register": True, "username": "us", "password": "secret"}, "itsp.example.com"),
        ({"register": True, "username": "us", "password": "secret", "from_domain": "example.net"}, "example.net"),
    ],
)
def test_the_domain_of_a_trunk_that_wants_a_registration_is_the_registrar_s(
    lines_store: Store, fields: dict[str, Any], domain: str
) -> None:
    text = config(trunks=[trunk_of_file(address="sip:itsp.example.com", **fields)])
    lines_store.write_now(lambda conn: apply(conn, text, datetime(2026, 1, 1, tzinfo=UTC)))
    (read,) = lines_store.read_now(lambda conn: read_trunks(conn, "pbx.example.org"))
    assert read.domain == domain


@pytest.mark.parametrize(
    ("address", "transport"),
    [
        ("sip:itsp.example.com;Transport=TCP", Transport.TCP),
        ("sip:trunk-.itsp.example.com;transport=udp", Transport.UDP),
    ],
)
def test_an_address_is_read_by_the_grammar_of_the_messages(
    lines_store: Store, address: str, transport: Transport
) -> None:
    text = config(trunks=[trunk_of_file(address=address, proxy=address)])
    lines_store.write_now(lambda conn: apply(conn, text, datetime(2026, 1, 1, tzinfo=UTC)))
    (read,) = lines_store.read_now(lambda conn: read_trunks(conn, "pbx.example.org"))
    assert [transport_of(uri) for uri in (read.address, read.next_hop)] == [transport] * 2
    assert str(read.address) == address
