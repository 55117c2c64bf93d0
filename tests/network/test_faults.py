"""What breaks between a server and its far ends for real: each fault is made between network namespaces of our own."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.network.namespaces import CARRIER, FAR, SECOND, SERVER, can_be_made
from tests.network.place import CARRIER_PORT, EXTENSION, RECEIVER_PORT, Place, wait_until

from playvoice.codes import HangupCause as Cause

PLAYS, RINGS, TALKS, HANGS_UP = "1", "2", "3", "4"
"""Last digits of numbers whose phones answer, ring on, answer and press 1, or answer and hang up."""
CALLEE = {
    PLAYS: "answer",
    RINGS: "no-answer",
    TALKS: {"as": "answer", "press": "1", "press_after": 0.5, "press_when_heard": True},
    HANGS_UP: {"as": "answer", "hang_up_after": 1.0},
    "5": "mute",
    "6": {"as": "mute", "ring_after": 0.1},
}


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    if not can_be_made():
        pytest.skip("network namespaces take root, and a kernel that has veth(4)")
    with Place(tmp_path, transport=getattr(request, "param", "udp")) as made:
        yield made


def ended(record: dict[str, object]) -> tuple[object, object]:
    return record["hangupcause"], record["hangupdirection"]


def test_calls_whose_carrier_is_gone_end_by_their_own_times_each_with_one_record(place: Place) -> None:
    carrier = place.carrier(CALLEE)
    place.serve()
    agents = place.agents({"": "answer"})
    talks = place.call("13330000003", conntime="12")
    agents.wait_for("ack", 20)
    plays, rings = place.call("13330000001", conntime="60"), place.call("13330000002", waittime="8")
    carrier.wait_for("ack", 20, number="13330000001")
    carrier.wait_for("ringing", 20, number="13330000002")
    place.network.cut(CARRIER)
    records = [place.record(uuid) for uuid in (plays, rings, talks)]
    assert [ended(record) for record in records] == [
        (Cause.NORMAL, Cause.CALLER_HUNG_UP),  # its voice was played, as far as anybody knows, and key_time was over
        (Cause.NO_ANSWER, Cause.CALLER_HUNG_UP),
        (Cause.TIMER_EXPIRED, Cause.CALLER_HUNG_UP),
    ]
    assert records[2]["extnumber"] == EXTENSION
    agents.wait_for("bye", 10)
    assert place.control("call.list") == []
    assert not carrier.all("bye")
    place.network.cut()
    for number in ("13330000001", "13330000003"):
        carrier.wait_for("bye", 40, number=number)
    carrier.wait_for("cancel", 40, number="13330000002")
    wait_until(lambda: place.trunk()["calls"] == 0, "the trunk's places are free")
    assert place.records() == sorted([plays, rings, talks])


def test_a_carrier_that_says_nothing_is_left_for_the_next_one_and_ended_when_it_answers_late(place: Place) -> None:
    silent = place.carrier({"": {"as": "answer", "ring_after": None, "answer_after": 0.0}})
    second = place.carrier(CALLEE, SECOND)
    place.network.cut(CARRIER)
    next_one = {"name": "second", "address": f"sip:{SECOND}:{CARRIER_PORT}"}
    place.serve(trunk={"trunk_timeout": 1, "max_calls": 10}, more_trunks=[next_one])
    uuids = [place.call(f"1333000000{ending}", waittime="6") for ending in "456"]
    assert not silent.all("invite")
    second.wait_for("ack", 20, number="13330000004")
    place.network.cut()
    records = [ended(place.record(uuid)) for uuid in uuids]
    assert records == [
        (Cause.NORMAL, Cause.CALLEE_HUNG_UP),
        (Cause.NO_ANSWER, Cause.CALLER_HUNG_UP),  # it said 100 and nothing more
        (Cause.NO_ANSWER, Cause.CALLER_HUNG_UP),  # it said 180 and nothing more
    ]
    for number in ("13330000005", "13330000006"):
        second.wait_for("cancel", 20, number=number)
    late = silent.wait_for("answered", 20)
    silent.wait_for("ack", 20, call=late["call"])
    silent.wait_for("bye", 20, call=late["call"])
    wait_until(lambda: {place.trunk(0)["calls"], place.trunk(1)["calls"]} == {0}, "the places are free", 40)
    assert len(silent.all("answered")) == len(silent.all("bye"))
    assert place.records() == sorted(uuids)


def test_names_that_nobody_answers_for_a_while_stop_neither_the_start_nor_calls_nor_callbacks(place: Place) -> None:
    carrier = place.carrier(CALLEE)
    records = {"carrier.example": CARRIER, "receiver.example": FAR}
    names = place.program("names", "far", "tests.network.names", FAR, json.dumps(records))
    names.wait_for("ready", 20)

    def fail(fault: str | None) -> None:
        names.send(fault=fault)
        names.wait_for("obeys", 10, fault=fault)

    fail("SILENT")
    place.serve(carrier=f"sip:carrier.example:{CARRIER_PORT}", receiver=f"receiver.example:{RECEIVER_PORT}")
    first = place.call("13330000014")
    place.wait_for_log("name_not_resolved")
    assert place.trunk()["addresses"] == []
    fail(None)
    record = place.record(first)
    assert ended(record) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP), "who waited was called when the name was known"
    wait_until(lambda: place.trunk()["state"] == "up", "the trunk is up")
    for number, fault in enumerate(("SERVFAIL", "NXDOMAIN"), 2):
        fail(fault)
        told = place.log().count("name_not_resolved")
        place.control("reload")
        place.wait_for_log("name_not_resolved", told + 1)
        uuid = place.call(f"133300000{number}4")
        carrier.wait_for("ack", 20, number=f"133300000{number}4")
        assert place.trunk()["addresses"] == [f"{CARRIER}:{CARRIER_PORT}"], "as it was known last"
        if number == 2:  # the others find a connection that is kept for a while
            place.wait_for_log("callback_failed")
        fail(None)
        assert ended(place.record(uuid)) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    assert len(place.records()) == 3


def test_a_server_whose_address_goes_and_returns_goes_on_and_takes_another_one_at_a_start(place: Place) -> None:
    carrier = place.carrier(CALLEE)
    place.serve(company={"record": False, "key_time": 10})
    stays, gone = place.call("13330000001", conntime="60"), place.call("13330000011", conntime="60")
    for number in ("13330000001", "13330000011"):
        carrier.wait_for("ack", 20, number=number)
    place.network.run("server", "ip", "address", "del", f"{SERVER}/24", "dev", "cable")
    time.sleep(0.5)
    assert place.control("call.hangup", uuid=gone)
    time.sleep(1.5)
    assert len(place.control("call.list")) == 1, "the other call goes on"
    place.network.run("server", "ip", "address", "add", f"{SERVER}/24", "dev", "cable")
    assert ended(place.record(gone)) == (Cause.HUNG_UP_BY_SERVER, Cause.CALLER_HUNG_UP)
    carrier.wait_for("bye", 40, number="13330000011")
    later = place.call("13330000024")
    assert ended(place.record(later)) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    carrier.send(do="hang_up", number="13330000001")
    assert ended(place.record(stays)) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    place.move("10.77.0.9")
    place.serve()
    assert ended(place.record(place.call("13330000034"))) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    assert carrier.wait_for("invite", 1, number="13330000034")["source"] == "udp:10.77.0.9:5060"
    assert "Traceback" not in place.log()


@pytest.mark.parametrize("place", ["tcp"], indirect=True)
def test_calls_outlive_tcp_connections_that_are_reset(place: Place) -> None:
    carrier = place.carrier(CALLEE)
    place.serve(company={"record": False, "key_time": 30})
    agents = place.agents({"": "answer"}, "--expires", "60")
    numbers = [f"133300000{number}{ending}" for number, ending in ((0, TALKS), (1, PLAYS), (2, PLAYS))]
    talks, left, hung_up = (place.call(number, conntime="60") for number in numbers)
    agents.wait_for("ack", 20)
    for number in numbers:
        carrier.wait_for("ack", 20, number=number)
    for kind in ("sip", "phone"):
        filters = {"sip": ("src", CARRIER), "phone": ("dst", SERVER, "dport", "=", "5060")}[kind]
        place.network.run("far", "ss", "-K", *filters)
    carrier.send(do="hang_up", number=numbers[1])
    assert ended(place.record(left)) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP), "its BYE came over another connection"
    for uuid in (hung_up, talks):
        place.control("call.hangup", uuid=uuid)
        assert ended(place.record(uuid)) == (Cause.HUNG_UP_BY_SERVER, Cause.CALLER_HUNG_UP)
    for number in (numbers[0], numbers[2]):
        carrier.wait_for("bye", 20, number=number)
    agents.wait_for("bye", 20)
    again = place.call("13330000033", conntime="60")
    agents.wait_for("ack", 20, where=lambda line: line["call"] != agents.all("ack")[0]["call"])
    place.control("call.hangup", uuid=again)
    assert place.record(again)["extnumber"] == EXTENSION, "the phone is called where it listens"
    wait_until(lambda: place.trunk()["calls"] == 0, "the trunk's places are free", 40)


def test_a_registrar_that_forgets_us_or_is_away_is_asked_anew_and_operators_are_told_the_truth(place: Place) -> None:
    user, password = "20280077", "secret-of-ours"
    registrar = place.registrar(user, password)
    account = {"register": True, "username": user, "password": password, "keepalive": 1}
    place.serve(trunk=account)

    def state() -> tuple[str, bool, bool]:
        trunk = place.trunk()
        return trunk["state"], trunk["registered"], trunk["usable"]

    wait_until(lambda: state() == ("up", True, True), "it is registered and up", told=place.log)
    registrar.kill()
    wait_until(lambda: state() == ("down", True, False), "it is down, and registered as far as we know", told=place.log)
    registrar = place.registrar(user, password)
    wait_until(lambda: state() == ("up", True, True), "it knows us again", 60, place.log)
    assert registrar.log is not None
    assert "registration_added" in registrar.log.read_text()
