import asyncio
import random
from dataclasses import replace
from ipaddress import ip_network

import pytest
from tests.waiting import until

from playvoice.lines import LinesError, Trunk, Trunks
from playvoice.lines.health import State
from playvoice.lines.resolving import Resolver, Service
from playvoice.sip import URI, Credentials, Flow, Response, Transport

A = Trunk("a", URI.parse("sip:192.0.2.1"), "pbx.example.org", max_calls=1)
B = Trunk("b", URI.parse("sip:192.0.2.2"), "pbx.example.org", hosts=(ip_network("198.51.100.0/24"),))
C = Trunk("c", URI.parse("sip:192.0.2.3"), "pbx.example.org", keepalive=0)
NAMED = Trunk("named", URI.parse("sip:example.org"), "pbx.example.org")


class Names:
    """A domain name system of two tables."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}
        self.services: dict[str, list[Service]] = {}

    async def look_up_service(self, name: str) -> list[Service]:
        return self.services.get(name, [])

    async def look_up_address(self, name: str) -> list[str]:
        if name not in self.addresses:
            raise OSError(f"{name} is unknown")
        return self.addresses[name]

    def resolver(self) -> Resolver:
        return Resolver(random.Random(1), look_up_service=self.look_up_service, look_up_address=self.look_up_address)


def trunks(*which: Trunk) -> Trunks:
    return Trunks(which, Names().resolver(), random.Random(1))


def flow_to(host: str, port: int = 5060) -> Flow:
    return Flow(Transport.UDP, (host, port), ("192.0.2.99", 5060))


def bring_down(known: Trunks, trunk: Trunk) -> None:
    health = known.health(trunk)
    health.answered()
    for number in (30.0, 60.0, 90.0, 120.0):
        health.handle_deadline(number)


def names(found: list[Trunk]) -> list[str]:
    return [trunk.name for trunk in found]


def test_candidates_come_in_order_and_only_those_of_the_company() -> None:
    known = trunks(A, B, C)
    assert names(known.candidates(None, 0.0)) == ["a", "b", "c"]
    assert names(known.candidates(("c", "a", "gone"), 0.0)) == ["a", "c"]
    assert names(known.candidates((), 0.0)) == []


def test_a_down_trunk_is_a_candidate_only_where_no_other_is_left() -> None:
    known = trunks(A, B)
    bring_down(known, A)
    assert names(known.candidates(None, 0.0)) == ["b"]
    assert names(known.candidates(("a",), 0.0)) == ["a"]
    bring_down(known, B)
    assert names(known.candidates(None, 0.0)) == ["a", "b"]


def test_each_trunk_has_its_own_limits() -> None:
    known = trunks(A, B)
    assert known.take(A, 0.0)
    assert not known.take(A, 0.0)
    assert known.take(B, 0.0)
    known.give_back(A)
    assert known.take(A, 0.1)
    known.give_back(A)
    assert repr(known) == "<Trunks a UNKNOWN 0, b UNKNOWN 1>"


def test_a_change_keeps_calls_and_health() -> None:
    known = trunks(A, B)
    known.take(A, 0.0)
    known.health(A).answered()
    changed = replace(A, max_calls=2, prefix="9")
    known.replace([B, changed], 1.0)
    assert known.candidates(None, 0.0) == [B, changed]
    assert known.get("a") == changed
    assert known.health(changed).state is State.UP
    assert known.take(changed, 1.0)
    assert not known.take(changed, 1.0)


def test_a_trunk_that_is_gone_is_named_and_its_last_calls_do_no_harm() -> None:
    known = trunks(A, B)
    known.take(A, 0.0)
    known.replace([B], 1.0)
    known.give_back(A)
    known.heard(A, flow_to("192.0.2.1"), 1.0)
    known.failed(A, flow_to("192.0.2.1"), 1.0)
    assert known.at("192.0.2.1") is None
    with pytest.raises(LinesError, match="no trunk 'a'"):
        known.take(A, 1.0)


def test_the_last_calls_of_a_removed_trunk_hold_their_places_in_one_of_the_same_name() -> None:
    known = trunks(A, B)
    assert known.take(A, 0.0)
    known.replace([B], 1.0)
    known.replace([A, B], 2.0)
    assert not known.take(A, 3.0), "max_calls is 1, and that call still runs"
    known.give_back(A)
    assert known.take(A, 3.0)
    known.give_back(A)
    known.replace([B], 4.0)
    assert known._gone == {}


def test_another_invite_of_a_call_counts_for_the_calls_of_a_second() -> None:
    known = trunks(replace(B, calls_per_second=1))
    assert known.take(B, 0.0)
    known.begin_again(B, 0.9)
    assert not known.take(B, 1.5)
    assert known.take(B, 1.9)
    known.replace([], 2.0)
    known.begin_again(B, 2.0)


def test_options_to_a_new_trunk_are_due_at_once_but_with_keepalive_0() -> None:
    known = trunks(A)
    known.replace([A, B, C], 5.0)
    assert known.health(B).next_deadline() == 5.0
    assert known.health(C).next_deadline() is None


def test_a_trunk_is_told_by_its_address_and_its_hosts() -> None:
    known = trunks(A, B)
    assert known.at("192.0.2.1") == A
    assert known.at("198.51.100.77") == B
    assert known.at("203.0.113.1") is None


def test_a_literal_address_needs_no_look_up() -> None:
    (target,) = trunks(A).targets(A, 0.0)
    assert (target.host, target.port) == ("192.0.2.1", 5060)


async def test_all_addresses_of_a_name_are_the_trunk_s() -> None:
    dns = Names()
    dns.services["_sip._udp.example.org"] = [Service(1, 0, "x", 5070), Service(2, 0, "y", 5071)]
    dns.addresses = {"x": ["192.0.2.7"], "y": ["192.0.2.8"]}
    known = Trunks([NAMED], dns.resolver(), random.Random(1))
    assert known.targets(NAMED, 0.0) == ()
    await known.refresh_addresses()
    assert [(target.host, target.port) for target in known.targets(NAMED, 0.0)] == [
        ("192.0.2.7", 5070),
        ("192.0.2.8", 5071),
    ]
    assert known.at("192.0.2.8") == NAMED


async def test_a_name_that_moves_is_followed_and_one_that_is_lost_stays_where_it_was() -> None:
    dns = Names()
    dns.addresses["example.org"] = ["192.0.2.7"]
    known = Trunks([NAMED], dns.resolver(), random.Random(1))
    await known.refresh_addresses()
    dns.addresses["example.org"] = ["192.0.2.8"]
    await known.refresh_addresses()
    assert known.at("192.0.2.7") is None
    assert known.at("192.0.2.8") == NAMED
    dns.addresses.clear()
    await known.refresh_addresses()
    assert known.at("192.0.2.8") == NAMED
    assert [target.host for target in known.targets(NAMED, 0.0)] == ["192.0.2.8"]


async def test_a_name_whose_server_hangs_keeps_no_other_waiting() -> None:
    hanging, released = Trunk("hanging", URI.parse("sip:dead.example.org:5060"), "pbx.example.org"), asyncio.Event()

    async def look_up_address(name: str) -> list[str]:
        if name == "dead.example.org":
            await released.wait()
        return ["192.0.2.7"]

    resolver = Resolver(random.Random(1), look_up_service=Names().look_up_service, look_up_address=look_up_address)
    known = Trunks([hanging, NAMED], resolver, random.Random(1))
    refreshing = asyncio.create_task(known.refresh_addresses())
    await until(lambda: known.targets(NAMED, 0.0))
    assert known.targets(hanging, 0.0) == ()
    released.set()
    await refreshing
    assert [target.host for target in known.targets(hanging, 0.0)] == ["192.0.2.7"]


async def test_a_name_that_never_resolved_leads_nowhere() -> None:
    known = Trunks([NAMED], Names().resolver(), random.Random(1))
    await known.refresh_addresses()
    assert known.targets(NAMED, 0.0) == ()
    assert [view.usable for view in known.views(0.0)] == [False]
    assert names(known.candidates(None, 0.0)) == ["named"], "calls wait for it where there is no other"


async def test_a_trunk_without_an_address_is_tried_behind_the_others() -> None:
    known = trunks(NAMED, A)
    await known.refresh_addresses()
    assert names(known.candidates(None, 0.0)) == ["a"]


def test_behind_a_proxy_requests_go_there_and_both_are_the_trunk_s() -> None:
    through = replace(A, proxy=URI.parse("sip:192.0.2.9"))
    known = trunks(through)
    assert [target.host for target in known.targets(through, 0.0)] == ["192.0.2.9"]
    assert known.at("192.0.2.9") == known.at("192.0.2.1") == through


def test_another_address_forgets_the_old_one() -> None:
    known = trunks(A)
    moved = replace(A, address=URI.parse("sip:192.0.2.99"))
    known.replace([moved], 0.0)
    assert known.at("192.0.2.1") is None
    assert [target.host for target in known.targets(moved, 0.0)] == ["192.0.2.99"]


def register(known: Trunks, trunk: Trunk, now: float = 0.0) -> None:
    """Have the trunk registered for 600 s."""
    (registration,) = [each for found, each in known.registrations() if found.name == trunk.name]
    assert registration.handle_deadline(now) is not None
    response = Response(200, "OK")
    response.headers.add("Expires", "600")
    registration.on_response(response, URI.parse("sip:us@192.0.2.99"), now)


ITSP = Trunk("itsp", URI.parse("sip:192.0.2.4"), "itsp.example.org", Credentials("us", "secret"), registers=True)


def test_a_trunk_that_is_not_registered_is_a_candidate_only_where_no_other_is_left() -> None:
    known = trunks(ITSP, A)
    assert names(known.candidates(None, 0.0)) == ["a"]
    assert names(known.candidates(("itsp",), 0.0)) == ["itsp"]
    register(known, ITSP)
    assert names(known.candidates(None, 599.0)) == ["itsp", "a"]
    assert names(known.candidates(None, 600.0)) == ["a"]


def test_a_trunk_that_asked_for_no_more_calls_is_a_candidate_only_where_no_other_is_left() -> None:
    known = trunks(A, C)
    known.failed(A, flow_to("192.0.2.1"), 100.0, 120.0)
    assert names(known.candidates(None, 219.9)) == ["c"]
    assert names(known.candidates(("a",), 219.9)) == ["a"]
    assert names(known.candidates(None, 220.0)) == ["a", "c"]
    known.failed(A, flow_to("192.0.2.1"), 300.0)
    assert names(known.candidates(None, 300.0)) == ["a", "c"]


def test_a_registration_stays_over_a_change_of_limits_and_is_made_anew_for_another_account() -> None:
    known = trunks(ITSP)
    register(known, ITSP)
    known.replace([replace(ITSP, max_calls=1)], 1.0)
    ((_, kept),) = known.registrations()
    assert kept.is_registered(1.0)
    known.replace([replace(ITSP, credentials=Credentials("us", "changed"))], 2.0)
    ((_, anew),) = known.registrations()
    assert not anew.is_registered(2.0)
    assert anew.next_deadline() == 2.0
    known.replace([replace(ITSP, registers=False)], 3.0)
    assert known.registrations() == []


def test_there_is_a_trunk_of_a_name_or_there_is_none() -> None:
    known = trunks(A)
    assert known.exist(None)
    assert known.exist(("a", "gone"))
    assert not known.exist(("gone",))
    assert not trunks().exist(None)


async def test_an_address_that_failed_goes_behind_and_keeps_its_place_there_over_a_look_up() -> None:
    dns = Names()
    dns.addresses["example.org"] = ["192.0.2.7", "192.0.2.8"]
    known = Trunks([NAMED], dns.resolver(), random.Random(1))
    await known.refresh_addresses()
    known.failed(NAMED, flow_to("192.0.2.7"), 100.0)
    known.heard(NAMED, flow_to("192.0.2.8"), 100.0)
    await known.refresh_addresses()
    assert [target.host for target in known.targets(NAMED, 100.0)] == ["192.0.2.8", "192.0.2.7"]
    assert [target.host for target in known.targets(NAMED, 160.0)] == ["192.0.2.7", "192.0.2.8"]
    assert known.is_silent(NAMED, flow_to("192.0.2.7"), 101.0)
    assert not known.is_silent(NAMED, flow_to("192.0.2.8"), 101.0)
