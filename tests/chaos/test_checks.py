"""The checks can fail: each gets journals of a good run in which one thing was changed."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.chaos import checks
from tests.chaos.__main__ import ALL_CHECKS, report
from tests.chaos.evidence import Journals, Line, read

EPOCH = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
"""The wall clock at 0; 12:00:00 where the records are read."""
KILLED, READY = 20.0, 22.0
WHOLE, CUT = "u-whole", "u-cut"
WHOLE_NUMBER, CUT_NUMBER = "13900010000", "13900010010"
Change = Callable[[list[dict[str, Any]]], None]


def line(event: str, time: float, **fields: object) -> dict[str, Any]:
    return {"event": event, "time": time, "at": (EPOCH + timedelta(seconds=time)).isoformat(), **fields}


def phone(call: str, number: str, caller: str, *events: tuple[str, float]) -> list[dict[str, Any]]:
    lines = [line(event, time, call=call, number=number) for event, time in events]
    lines[0]["caller"] = caller
    return lines


def callback(time: float, webhook_id: str, **payload: object) -> dict[str, Any]:
    body = json.dumps(payload)
    return line("callback", time, status=200, webhook_id=webhook_id, body=body, payload=payload)


def state(time: float, webhook_id: str, status: str, uuid: str, buuid: str, number: str) -> dict[str, Any]:
    return callback(time, webhook_id, status=status, uuid=uuid, buuid=buuid, callee=number, extnumber="2001")


def record(time: float, webhook_id: str, uuid: str, number: str, **fields: object) -> dict[str, Any]:
    usual = {
        "id": len(uuid), "uuid": uuid, "destnumber": number, "hangupcause": 10001, "hangupdirection": 10040,
        "starttime": "2026-03-01 12:00:01",
        "answertime": "2026-03-01 12:00:02", "endtime": "2026-03-01 12:00:05", "userkey": "1", "extnumber": "2001",
        "recordfilename": f"{uuid}.wav",
    }  # fmt: skip
    return callback(time, webhook_id, **{**usual, **fields})


def recording(uuid: str, seconds: float, **fields: object) -> dict[str, Any]:
    usual = {"file": f"{uuid}.wav", "status": 200, "seconds": seconds, "problem": ""}
    return line("recording", 30.0, uuid=uuid, **{**usual, **fields})


def good_run() -> dict[str, list[dict[str, Any]]]:
    """A call that ran to its end before the kill, and one that the kill cut while an agent talked."""
    return {
        "client": [
            line("request", 1.0, number=WHOLE_NUMBER, key="", userid="1@extGroup-1"),
            line("accepted", 1.1, number=WHOLE_NUMBER, uuid=WHOLE),
            line("request", 10.0, number=CUT_NUMBER, key="k", userid="1@extGroup-1"),
            line("accepted", 10.1, number=CUT_NUMBER, uuid=CUT),
            line("request", 22.1, number=CUT_NUMBER, key="k", userid="1@extGroup-1"),
            line("accepted", 22.2, number=CUT_NUMBER, uuid=CUT),
            recording(WHOLE, 3.0),
            recording(CUT, 7.5),
        ],
        "carrier": [
            *phone("a1", WHOLE_NUMBER, "2120", ("invite", 1.2), ("ringing", 1.2), ("answered", 2.0), ("ack", 2.1)),
            line("rtp", 2.1, call="a1", number=WHOLE_NUMBER),
            *phone("a1", WHOLE_NUMBER, "", ("bye", 5.0)),
            *phone("a2", CUT_NUMBER, "2120", ("invite", 10.2), ("ringing", 10.2), ("answered", 11.0), ("ack", 11.1)),
            line("rtp", 11.1, call="a2", number=CUT_NUMBER),
            *phone("a2", CUT_NUMBER, "", ("bye", 22.0)),
        ],
        "agents": [
            *phone("b1", "2001", WHOLE_NUMBER, ("invite", 3.0), ("ringing", 3.1), ("answered", 4.0), ("ack", 4.1)),
            *phone("b1", "2001", "", ("hung_up", 5.0)),
            *phone("b2", "2001", CUT_NUMBER, ("invite", 12.0), ("ringing", 12.1), ("answered", 13.0), ("ack", 13.1)),
            *phone("b2", "2001", "", ("bye", 22.0)),
        ],
        "receiver": [
            state(3.2, "w1", "ring", WHOLE, "leg1", WHOLE_NUMBER),
            state(4.2, "w2", "answer", WHOLE, "leg1", WHOLE_NUMBER),
            state(5.1, "w3", "hangup", WHOLE, "leg1", WHOLE_NUMBER),
            record(5.2, "w4", WHOLE, WHOLE_NUMBER),
            state(12.2, "w5", "ring", CUT, "leg2", CUT_NUMBER),
            state(13.2, "w6", "answer", CUT, "leg2", CUT_NUMBER),
            state(22.1, "w6", "answer", CUT, "leg2", CUT_NUMBER),
            state(22.2, "w7", "hangup", CUT, "leg2", CUT_NUMBER),
            record(
                22.3, "w8", CUT, CUT_NUMBER, hangupcause=10007, starttime="2026-03-01 12:00:10",
                answertime="2026-03-01 12:00:11", endtime="2026-03-01 12:00:19",
            ),
        ],
        "server": [line("ready", 0.5), line("killed", KILLED), line("ready", READY)],
    }  # fmt: skip


def journals(**changes: Change) -> Journals:
    """The good run, with its journals changed."""
    run = good_run()
    for name, change in changes.items():
        change(run[name])
    return Journals(**run)


def without(**fields: object) -> Change:
    """Take out the lines that have these fields, in the line or in its payload."""

    def change(lines: list[dict[str, Any]]) -> None:
        lines[:] = [one for one in lines if not fields.items() <= {**one.get("payload", {}), **one}.items()]

    return change


def adding(*lines: Line) -> Change:
    return lambda journal: journal.extend(dict(one) for one in lines)


def saying(webhook_id: str, **fields: object) -> Change:
    """Change what one callback says."""

    def change(lines: list[dict[str, Any]]) -> None:
        for place, one in enumerate(lines):
            if one["webhook_id"] == webhook_id:
                payload = {**one["payload"], **fields}
                lines[place] = {**one, "payload": payload, "body": json.dumps(payload)}

    return change


def at(time: float, **fields: object) -> Change:
    """Move the lines that have these fields to another time."""

    def change(lines: list[dict[str, Any]]) -> None:
        for one in lines:
            if fields.items() <= one.items():
                one["time"] = time
        lines.sort(key=lambda one: float(one["time"]))

    return change


def findings(run: Journals) -> dict[str, int]:
    """How much each check found, but for those that found nothing."""
    evidence = read(run)
    return {name: found for name, check in ALL_CHECKS.items() if (found := len(check(evidence)))}


def test_a_good_run_has_no_findings_though_a_callback_was_delivered_twice() -> None:
    assert findings(journals()) == {}
    judged = report(journals())
    assert judged.is_clean
    assert judged.counts == {
        "accepted": 2, "unanswered": 0, "records": 2, "records_of_unanswered": 0, "recordings": 2, "callbacks": 8,
        "lost": 0, "duplicated": 0, "out_of_order": 0, "left_ringing": 0, "wrong_ends": 0,
    }  # fmt: skip


def unanswered(number: str) -> Change:
    """The answer to the request for this number is cut off."""

    def change(lines: list[dict[str, Any]]) -> None:
        for place, one in enumerate(lines):
            if (one["event"], one.get("number")) == ("accepted", number):
                lines[place] = line("unanswered", one["time"], number=number, why="the connection was lost")

    return change


def test_a_record_more_than_was_accepted_is_of_a_request_whose_answer_was_cut_off() -> None:
    judged = report(journals(client=unanswered(WHOLE_NUMBER)))
    assert judged.is_clean
    names = ("accepted", "unanswered", "records", "records_of_unanswered")
    assert [judged.counts[name] for name in names] == [1, 1, 2, 1]


def test_a_request_that_was_answered_when_it_was_repeated_is_none_without_an_answer() -> None:
    cut_off = line("unanswered", 10.1, number=CUT_NUMBER, why="the connection was lost")
    judged = report(journals(client=adding(cut_off)))
    assert judged.is_clean
    assert (judged.counts["accepted"], judged.counts["unanswered"]) == (2, 0)


def test_a_record_of_a_call_that_nobody_asked_for_is_found() -> None:
    run = journals(receiver=adding(record(30.0, "w9", "u-strange", "13900019990", extnumber="")))
    assert findings(run) == {"duplicated": 1}
    assert "13900019990" in checks.duplicated(read(run))[0]


# --- lost -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", [adding(), without(number=WHOLE_NUMBER)], ids=["dialled", "never dialled"])
def test_an_accepted_call_without_a_record_is_lost_once_whether_it_was_dialled_or_not(carrier: Change) -> None:
    run = journals(receiver=without(webhook_id="w4"), carrier=carrier)
    assert findings(run) == {"lost": 1}
    assert WHOLE in checks.lost(read(run))[0]


def test_a_record_that_the_receiver_refused_has_not_arrived() -> None:
    def refuse(lines: list[dict[str, Any]]) -> None:
        for one in lines:
            if one["webhook_id"] == "w4":
                one["status"] = 503

    assert findings(journals(receiver=refuse)) == {"lost": 1}


def test_a_call_that_was_dialled_for_an_unanswered_request_needs_its_record_too() -> None:
    run = journals(client=unanswered(WHOLE_NUMBER), receiver=without(webhook_id="w4"))
    assert findings(run) == {"lost": 1}
    assert WHOLE_NUMBER in checks.lost(read(run))[0]


def test_a_phone_that_rang_long_before_the_kill_without_a_callback_is_lost() -> None:
    assert findings(journals(receiver=without(buuid="leg1"))) == {"lost": 2}, "its ring, and the agent who spoke"


def test_a_phone_that_rang_right_before_the_kill_may_be_unknown() -> None:
    ring = phone("b3", "2002", CUT_NUMBER, ("invite", 19.9), ("ringing", 19.9), ("cancel", 22.0))
    assert findings(journals(agents=adding(*ring))) == {}
    long_before = phone("b3", "2002", CUT_NUMBER, ("invite", 15.0), ("ringing", 15.0), ("cancel", 22.0))
    assert findings(journals(agents=adding(*long_before))) == {"lost": 1}


def test_a_phone_that_rang_while_the_database_was_locked_or_right_before_may_be_unknown() -> None:
    ring = phone("b3", "2002", CUT_NUMBER, ("invite", 14.9), ("ringing", 15.0), ("cancel", 22.0))
    assert findings(journals(agents=adding(*ring))) == {"lost": 1}

    def locked(at: float) -> Change:
        return lambda lines: lines.insert(1, line("locked", at))

    assert findings(journals(agents=adding(*ring), server=locked(14.8))) == {}
    assert findings(journals(agents=adding(*ring), server=locked(15.1))) == {}
    assert findings(journals(agents=adding(*ring), server=locked(17.5))) == {"lost": 1}


def test_an_answered_call_in_which_nothing_is_heard_is_lost() -> None:
    assert findings(journals(carrier=without(call="a2", event="rtp"))) == {"lost": 1}
    assert findings(journals(carrier=without(call="a1", event="rtp"))) == {"lost": 1}


def test_nothing_is_heard_after_a_kill_nor_right_after_the_answer() -> None:
    answered_late = at(KILLED - 0.5, call="a2", event="ack")
    told = saying("w8", answertime="2026-03-01 12:00:11", recordfilename="")

    def change(lines: list[dict[str, Any]]) -> None:
        without(call="a2", event="rtp")(lines)
        answered_late(lines)

    assert "lost" not in findings(journals(carrier=change, receiver=told))


# --- duplicated -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["ringing", "answered"])
def test_a_number_that_was_reached_twice_was_dialled_twice(event: str) -> None:
    again = phone("a3", CUT_NUMBER, "2120", ("invite", 22.5), (event, 22.6), ("bye", 23.0))
    run = journals(carrier=adding(*again))
    assert findings(run) == {"duplicated": 1}
    assert "2 of them" in checks.duplicated(read(run))[0]


def test_one_request_that_became_two_calls_is_duplicated() -> None:
    other = line("accepted", 22.3, number=CUT_NUMBER, uuid="u-other")
    assert findings(journals(client=adding(other))) == {"duplicated": 1, "lost": 1}


def test_two_calls_with_one_record_id_are_duplicated() -> None:
    assert findings(journals(receiver=saying("w8", id=len(WHOLE)))) == {"duplicated": 1}


def test_a_record_under_two_webhook_ids_is_duplicated() -> None:
    assert findings(journals(receiver=adding(record(6.0, "w9", WHOLE, WHOLE_NUMBER)))) == {"duplicated": 1}


def test_a_state_under_two_webhook_ids_is_duplicated() -> None:
    again = state(22.4, "w9", "hangup", CUT, "leg2", CUT_NUMBER)
    assert findings(journals(receiver=adding(again))) == {"duplicated": 1}


def test_a_repetition_with_another_content_is_duplicated() -> None:
    again = record(22.4, "w8", CUT, CUT_NUMBER, hangupcause=10001)
    assert findings(journals(receiver=adding(again))) == {"duplicated": 1}


# --- out of order -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("receiver", "why"),
    [
        (without(webhook_id="w7"), "hangup is missing"),
        (at(5.15, webhook_id="w1"), "answer at 4.200, hangup at 5.100, ring at 5.150"),
        (at(5.15, webhook_id="w2"), "ring at 3.200, hangup at 5.100, answer at 5.150"),
        (at(5.3, webhook_id="w3"), "after the record"),
    ],
)
def test_states_in_another_order_than_ring_answer_hangup_record_are_found(receiver: Change, why: str) -> None:
    run = journals(receiver=receiver)
    assert findings(run) == {"out_of_order": 1}
    assert why in checks.out_of_order(read(run))[0]


def test_an_answer_without_a_ring_is_out_of_order() -> None:
    assert findings(journals(receiver=without(webhook_id="w1"))) == {"out_of_order": 1, "lost": 1}


# --- left ringing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("journal", ["carrier", "agents"])
@pytest.mark.parametrize("end", ["gave_up", "closed"])
def test_a_leg_that_nobody_ended_is_left(journal: str, end: str) -> None:
    last = "a2" if journal == "carrier" else "b2"

    def change(lines: list[dict[str, Any]]) -> None:
        for one in lines:
            if one["call"] == last and one["event"] == "bye":
                one["event"] = end

    assert findings(journals(**{journal: change})) == {"left_ringing": 1}


def test_a_phone_gives_its_call_up_where_no_server_has_the_time_to_end_it() -> None:
    def given_up(ready: float) -> Journals:
        late = phone("a3", "139", "2120", ("invite", 19.0), ("answered", 20.5), ("gave_up", 52.5))
        told = record(
            53.0, "w9", "u-l", "139", hangupcause=10007, hangupdirection=10007, starttime="2026-03-01 12:00:19",
            answertime="", userkey="", recordfilename="", extnumber="", endtime="2026-03-01 12:00:19",
        )  # fmt: skip
        asked = line("unanswered", 18.9, number="139", why="the connection was lost")
        server = at(ready, event="ready", at=line("", READY)["at"])
        others = {"carrier": at(ready, call="a2", event="bye"), "agents": at(ready, call="b2", event="bye")}
        run = journals(client=adding(asked), receiver=adding(told), server=server, **others)
        return replace(run, carrier=[*run.carrier, *late])

    assert findings(given_up(52.5 - checks.ANSWERED_ENDED_WITHIN + 1)) == {}
    assert findings(given_up(52.5 - checks.ANSWERED_ENDED_WITHIN - 1)) == {"left_ringing": 1}


@pytest.mark.parametrize("journal", ["carrier", "agents"])
def test_a_leg_without_any_end_is_left(journal: str) -> None:
    call = "a2" if journal == "carrier" else "b2"
    assert findings(journals(**{journal: without(call=call, event="bye")})) == {"left_ringing": 1}


def test_a_leg_that_the_next_server_ends_late_is_left() -> None:
    late = READY + checks.ENDED_WITHIN + 1
    assert findings(journals(agents=at(late, call="b2", event="bye"))) == {"left_ringing": 1}


def test_a_leg_is_ended_by_the_server_after_the_next_where_that_was_killed_too() -> None:
    second = (line("killed", READY + 1), line("ready", READY + 5))
    run = journals(server=adding(*second), agents=at(READY + 6, call="b2", event="bye"))
    assert findings(run) == {}


def test_a_phone_that_answered_while_nothing_listened_is_ended_when_its_answer_comes_again() -> None:
    def answers_late(time: float) -> Journals:
        late = phone("a3", "139", "2120", ("invite", 19.0), ("answered", 20.5), ("ack", time), ("bye", time))
        told = record(
            22.4, "w9", "u-l", "139", hangupcause=10007, hangupdirection=10007, starttime="2026-03-01 12:00:19",
            answertime="", userkey="", recordfilename="",
            extnumber="", endtime="2026-03-01 12:00:19",
        )  # fmt: skip
        asked = line("unanswered", 18.9, number="139", why="the connection was lost")
        return journals(client=adding(asked), carrier=adding(*late), receiver=adding(told))

    assert findings(answers_late(READY + checks.ANSWERED_ENDED_WITHIN - 1)) == {}
    assert findings(answers_late(READY + checks.ANSWERED_ENDED_WITHIN + 1)) == {"left_ringing": 1}


def test_what_the_killed_server_sent_last_is_its_own_though_it_comes_after_the_kill() -> None:
    late = phone("b3", "2002", CUT_NUMBER, ("invite", KILLED + 0.1), ("ringing", KILLED + 0.1))
    assert findings(journals(agents=adding(*late))) == {"left_ringing": 1}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"endtime": "2026-03-01 12:00:13"}, "7 s off"),
        ({"endtime": "2026-03-01 12:00:23"}, "3 s off"),
        ({"endtime": ""}, "no time"),
        ({"hangupdirection": 10007}, "hangupdirection 10007 in place of 10040"),
        ({"answertime": ""}, "answertime '' in place of"),
        ({"userkey": ""}, "userkey '' in place of '1'"),
        ({"recordfilename": ""}, "recordfilename '' in place of"),
        ({"extnumber": ""}, "extnumber '' in place of '2001'"),
    ],
)
def test_a_record_of_a_cut_call_that_tells_its_end_wrongly_is_found(said: dict[str, object], why: str) -> None:
    run = journals(receiver=saying("w8", **said))
    assert findings(run) == {"wrong_ends": 1}
    assert why in checks.wrong_ends(read(run))[0]


def test_a_call_that_ended_by_its_own_time_while_nothing_could_be_stored_ends_there() -> None:
    def lock(lines: list[dict[str, Any]]) -> None:
        place = next(place for place, line in enumerate(lines) if line["event"] == "killed")
        lines.insert(place, line("locked", 16.0))

    def gives_up(told: str, change: Change = lock) -> Journals:
        unstored = phone("a3", "139", "2120", ("invite", 13.0), ("ringing", 13.1), ("cancel", 16.5))
        asked = line("accepted", 12.9, number="139", uuid="u-t")
        said = record(
            22.4, "w9", "u-t", "139", hangupcause=10007, hangupdirection=10007, starttime="2026-03-01 12:00:13",
            answertime="", userkey="", recordfilename="", extnumber="", endtime=told,
        )  # fmt: skip
        return journals(client=adding(asked), carrier=adding(*unstored), receiver=adding(said), server=change)

    assert findings(gives_up("2026-03-01 12:00:16")) == {}
    assert findings(gives_up("2026-03-01 12:00:13")) == {"wrong_ends": 1}
    assert findings(gives_up("2026-03-01 12:00:16", lambda lines: None)) == {"wrong_ends": 1}


def test_a_cut_call_without_a_kill_is_found() -> None:
    run = journals(receiver=saying("w4", hangupcause=10007), server=without(event="killed"))
    assert "nobody killed" in checks.wrong_ends(read(run))[0]


# --- the media worker is killed ---------------------------------------------------------------------------------------


def media_killed(**changes: Change) -> Journals:
    """The second call is cut by the end of the media worker, and the server lives on."""
    own: dict[str, Change] = {
        "server": lambda lines: lines.__setitem__(slice(None), [
            line("ready", 0.5), line("child_killed", KILLED, role="media worker"),
        ]),
        "carrier": at(KILLED + 0.1, call="a2", event="bye"),
        "agents": at(KILLED + 0.1, call="b2", event="bye"),
    }  # fmt: skip
    run = good_run()
    for change_of in (own, changes):
        for name, change in change_of.items():
            change(run[name])
    return Journals(**run)


def test_a_call_that_lost_its_media_is_over_at_once_and_says_why() -> None:
    assert findings(media_killed()) == {}


@pytest.mark.parametrize(("journal", "call"), [("carrier", "a2"), ("agents", "b2")])
def test_a_leg_that_goes_on_without_media_is_left(journal: str, call: str) -> None:
    late = at(KILLED + checks.LOST_ENDED_WITHIN + 0.5, call=call, event="bye")
    assert findings(media_killed(**{journal: late}))["left_ringing"] == 1
    never = without(call=call, event="bye")
    assert findings(media_killed(**{journal: never}))["left_ringing"] >= 1


def test_a_leg_without_media_is_the_next_servers_where_its_own_was_killed_then() -> None:
    killed_too = adding(line("killed", KILLED + 1), line("ready", KILLED + 3))
    late = at(KILLED + 4, call="a2", event="bye")
    told = saying("w8", endtime="2026-03-01 12:00:20")
    assert findings(media_killed(server=killed_too, carrier=late, receiver=told)) == {}


def test_a_call_that_is_answered_before_the_server_knows_of_the_loss_is_an_answered_one() -> None:
    def answered(lines: list[dict[str, Any]]) -> None:
        for event, time in (("answered", KILLED + 0.05), ("ack", KILLED + 0.07)):
            at(time, call="a2", event=event)(lines)
        without(call="a2", event="rtp")(lines)

    told = {"answertime": "2026-03-01 12:00:20", "endtime": "2026-03-01 12:00:20", "recordfilename": ""}
    run = media_killed(
        carrier=answered, receiver=saying("w8", **told), client=without(event="recording", uuid=CUT),
        agents=without(call="b2"),
    )  # fmt: skip
    assert "wrong_ends" not in findings(run)


def test_a_call_that_the_media_worker_can_not_have_cut_was_cut_by_nobody() -> None:
    assert findings(media_killed(server=at(8.0, event="child_killed"))) == {"wrong_ends": 1}


def test_one_call_may_end_by_itself_in_that_moment_and_two_may_not() -> None:
    def others(count: int) -> Journals:
        numbers = [f"1390001{place:04d}" for place in range(2, 2 + count)]
        asked = [line("unanswered", 15.9, number=number, why="the connection was lost") for number in numbers]
        legs, told = [], []
        for number in numbers:
            legs += phone(
                f"a{number}", number, "2120", ("invite", 16.0), ("answered", 17.0), ("ack", 17.1), ("rtp", 17.1)
            )
            legs += phone(f"a{number}", number, "", ("bye", KILLED + 0.01))
            told.append(record(
                20.5, f"w{number}", f"u{number}", number, id=int(number), starttime="2026-03-01 12:00:16",
                answertime="2026-03-01 12:00:17", endtime="2026-03-01 12:00:20", extnumber="",
            ))  # fmt: skip
        recordings = [recording(f"u{number}", 3.0) for number in numbers]
        return media_killed(client=adding(*asked, *recordings), carrier=adding(*legs), receiver=adding(*told))

    assert findings(others(1)) == {}
    assert findings(others(2)) == {"wrong_ends": 1}


def test_an_agents_phone_that_rings_in_that_moment_may_be_unknown() -> None:
    ring = phone("b3", "2002", CUT_NUMBER, ("invite", 19.9), ("ringing", 20.01), ("cancel", 20.1))
    assert findings(media_killed(agents=adding(*ring))) == {}


def test_other_children_cut_no_call() -> None:
    run = media_killed(server=lambda lines: lines[1].update(role="encoder"))
    assert findings(run) == {"wrong_ends": 1}


# --- wrong records ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"starttime": "2026-03-01 12:00:03"}, "starttime 2026-03-01 12:00:03, and the carrier saw it at 12:00:01"),
        ({"answertime": "2026-03-01 12:00:04"}, "the carrier saw it at 12:00:02"),
        ({"starttime": ""}, "starttime '', which the carrier did not see"),
        ({"hangupcause": 10004}, "10004: no trunk"),
        ({"hangupcause": 10020}, "10020: no voice"),
    ],
)
def test_a_record_that_is_not_what_the_carrier_saw_is_found(said: dict[str, object], why: str) -> None:
    run = journals(receiver=saying("w4", **said))
    assert findings(run) == {"wrong_records": 1}
    assert why in checks.wrong_records(read(run))[0]


def test_an_answer_that_the_carrier_did_not_give_is_found() -> None:
    run = journals(carrier=without(call="a1", event="answered"))
    assert findings(run)["wrong_records"] == 1


# --- left behind ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uuid", "found", "why"),
    [
        (WHOLE, {"problem": "it can't be read"}, "not whole: it can't be read"),
        (WHOLE, {"status": 404, "problem": "it can't be had"}, "HTTP status 404"),
        (WHOLE, {"seconds": 1.5}, "has 1.50 s and not 1.90 to 4.00"),
        (WHOLE, {"seconds": 5.0}, "has 5.00 s and not 1.90 to 4.00"),
        (CUT, {"seconds": 4.5}, "has 4.50 s and not 4.90 to 10.00"),
        (CUT, {"seconds": 11.0}, "has 11.00 s and not 4.90 to 10.00"),
    ],
)
def test_a_recording_that_is_not_whole_is_found(uuid: str, found: dict[str, object], why: str) -> None:
    def change(lines: list[dict[str, Any]]) -> None:
        for one in lines:
            if (one["event"], one.get("uuid")) == ("recording", uuid):
                one.update(found)

    run = journals(client=change)
    assert findings(run) == {"left_behind": 1}
    assert why in checks.left_behind(read(run))[0]


def test_a_call_that_was_answered_and_not_recorded_is_found() -> None:
    run = journals(receiver=saying("w4", recordfilename=""), client=without(event="recording", uuid=WHOLE))
    assert "has no recording" in checks.left_behind(read(run))[0]


def test_the_end_of_a_recording_is_lost_with_the_media_worker_though_its_call_ended_by_itself() -> None:
    def short(seconds: float) -> Change:
        return lambda lines: lines.__setitem__(slice(None), [
            {**one, "seconds": seconds} if (one["event"], one.get("uuid")) == ("recording", WHOLE) else one
            for one in lines
        ])  # fmt: skip

    lost = adding(line("child_killed", 5.1, role="media worker"))
    assert findings(media_killed(server=lost, client=short(0.2))) == {}
    assert findings(media_killed(client=short(0.2))) == {"left_behind": 1}
    none = {"receiver": saying("w4", recordfilename=""), "client": without(event="recording", uuid=WHOLE)}
    assert findings(media_killed(server=lost, **none)) == {}
    assert findings(media_killed(**none)) == {"left_behind": 1}


def test_what_a_server_left_behind_is_found() -> None:
    run = journals(server=adding(line("left_behind", 30.0, what="the file recordings/raw/a.raw is still there")))
    assert findings(run) == {"left_behind": 1}


# --- the report -------------------------------------------------------------------------------------------------------


def test_a_run_that_ended_early_or_proved_nothing_or_was_refused_is_not_clean() -> None:
    assert not report(journals(), "the run failed").is_clean
    assert not report(Journals()).is_clean
    refused = line("refused", 1.0, number="139", answer={"ret": 500})
    assert not report(replace(journals(), client=[*good_run()["client"], refused])).is_clean


def test_a_request_may_be_refused_while_nothing_can_be_stored_and_not_for_another_reason_or_later() -> None:
    def refused_at(time: float, ret: int = 500, **more: Any) -> list[str]:
        refused = line("refused", time, number="139", answer={"ret": ret})
        outage = [line("locked", 14.8), line("unlocked", 20.0)]
        server = [*good_run()["server"], *outage]
        return report(replace(journals(**more), client=[*good_run()["client"], refused], server=server)).words

    assert refused_at(16.0) == []
    assert refused_at(20.0 + checks.STORED_AGAIN_WITHIN + 0.1) != []
    assert refused_at(14.0) != []
    assert refused_at(16.0, 200) != []
    called = adding(record(30.0, "w9", "u-strange", "139", extnumber=""))
    assert "no request was accepted" in "".join(refused_at(16.0, receiver=called)), "who was refused is not called"
    accepted = line("accepted", 30.0, number="139", uuid="u9")
    again = [line("refused", 1.0, number="139", answer={"ret": 500}), accepted]
    assert not read(replace(journals(), client=again)).refused, "it was accepted when it was repeated"
