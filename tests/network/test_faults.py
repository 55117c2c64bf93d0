"""Names, connections and addresses that fail for real, between network namespaces of our own."""

import json
import time

import pytest
from tests.network.namespaces import CARRIER, FAR, SERVER
from tests.network.place import (
    CALLEE,
    CARRIER_PORT,
    EXTENSION,
    PLAYS,
    RECEIVER_PORT,
    TALKS,
    Place,
    ended,
)
from tests.waiting import wait_until

from playvoice.codes import HangupCause as Cause


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
