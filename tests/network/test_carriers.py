"""Carriers that vanish in the middle of calls, say nothing, or forget us, for real."""

from tests.network.namespaces import CARRIER, SECOND
from tests.network.place import CALLEE, CARRIER_PORT, EXTENSION, Place, ended
from tests.waiting import wait_until

from playvoice.codes import HangupCause as Cause


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


def test_a_registrar_that_forgets_us_or_is_away_is_asked_anew_and_operators_are_told_the_truth(place: Place) -> None:
    user, password = "20280077", "secret-of-ours"
    registrar = place.registrar(user, password)
    account = {"register": True, "username": user, "password": password, "keepalive": 1}
    place.serve(trunk=account)

    def state() -> tuple[str, bool, bool]:
        trunk = place.trunk()
        return trunk["state"], trunk["registered"], trunk["usable"]

    def is_in(wanted: tuple[str, bool, bool], seconds: float = 30.0) -> None:
        wait_until(lambda: state() == wanted, lambda: f"it is {wanted}\n{place.log()[-3000:]}", seconds)

    is_in(("up", True, True))
    registrar.kill()
    is_in(("down", True, False))  # registered as far as we know
    registrar = place.registrar(user, password)
    is_in(("up", True, True), 60)
    assert registrar.log is not None
    assert "registration_added" in registrar.log.read_text()
