"""Which Contacts of a redirection are followed, in which order, and how far."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from playvoice.calls.targets import MAX_TARGETS, Targets
from playvoice.lines.trunk import Trunk
from playvoice.sip import URI, Flow, Response, Transport

TRUNK = Trunk(
    "carrier",
    URI.parse("sip:sip.carrier.example"),
    "example.com",
    hosts=(ip_network("192.0.2.0/28"), ip_network("2001:db8::/32")),
)
FIRST = URI.parse("sip:13333333333@sip.carrier.example")
FLOW = Flow(Transport.UDP, ("198.51.100.7", 5060), ("127.0.0.1", 5060))


def redirection(*contacts: str, status: int = 302) -> Response:
    response = Response(status, "Moved")
    for contact in contacts:
        response.headers.add("Contact", contact)
    return response


def followed(targets: Targets) -> list[tuple[str, tuple[str, int]]]:
    found = []
    while (target := targets.next()) is not None:
        found.append((str(target[0]), target[1].remote))
    return found


@pytest.mark.parametrize(
    ("contact", "remote"),
    [
        ("<sip:2@sip.carrier.example>", ("198.51.100.7", 5060)),
        ("<sip:2@SIP.carrier.example:5060>", ("198.51.100.7", 5060)),
        ("<sip:2@sip.carrier.example:5080>", ("198.51.100.7", 5080)),
        ("<sip:2@198.51.100.7:5070>", ("198.51.100.7", 5070)),
        ("<sip:2@192.0.2.9>", ("192.0.2.9", 5060)),
        ("<sip:2@192.0.2.9;transport=udp>", ("192.0.2.9", 5060)),
    ],
)
def test_a_contact_of_the_trunks_own_is_followed(contact: str, remote: tuple[str, int]) -> None:
    targets = Targets(TRUNK, FIRST, FLOW)
    targets.add(redirection(contact))
    assert [where for _, where in followed(targets)] == [remote]


@pytest.mark.parametrize(
    "contact",
    [
        "<sip:2@192.0.2.99>",
        "<sip:2@[2001:db8::9]>",
        "<sip:2@elsewhere.example>",
        "<sip:2@other.sip.carrier.example>",
        "<sip:2@127.0.0.1>",
        "<sip:2@192.0.2.9;transport=tcp>",
        "<sips:2@sip.carrier.example>",
        "<tel:+8613333333333>",
        "<sip:13333333333@sip.carrier.example>",
        "*",
        "<<<",
    ],
)
def test_any_other_and_the_same_again_is_not(contact: str) -> None:
    targets = Targets(TRUNK, FIRST, FLOW)
    targets.add(redirection(contact))
    assert followed(targets) == []


@pytest.mark.parametrize("status", [305, 380, 399, 486])
def test_a_refusal_that_is_no_redirection_names_no_target(status: int) -> None:
    targets = Targets(TRUNK, FIRST, FLOW)
    targets.add(redirection("<sip:2@sip.carrier.example>", status=status))
    assert targets.next() is None


def test_contacts_are_tried_in_the_order_of_their_q() -> None:
    targets = Targets(TRUNK, FIRST, FLOW)
    host = "sip.carrier.example"
    targets.add(redirection(f"<sip:a@{host}>;q=0.2, <sip:b@{host}>;q=0.9", f"<sip:c@{host}>", f"<sip:d@{host}>;q=x"))
    assert [uri.partition("@")[0] for uri, _ in followed(targets)] == ["sip:c", "sip:b", "sip:a", "sip:d"]


def test_there_are_five_targets_in_all_however_many_redirections_come() -> None:
    targets = Targets(TRUNK, FIRST, FLOW)
    count = 0
    for number in range(20):
        targets.add(redirection(*(f"<sip:{number}{letter}@sip.carrier.example>" for letter in "ab")))
        count += len(followed(targets))
    assert count == MAX_TARGETS - 1


def test_behind_a_proxy_each_target_is_reached_through_it() -> None:
    targets = Targets(replace(TRUNK, proxy=URI.parse("sip:198.51.100.7")), FIRST, FLOW)
    targets.add(redirection("<sip:2@192.0.2.9:5090>"))
    assert followed(targets) == [("sip:2@192.0.2.9:5090", FLOW.remote)]
