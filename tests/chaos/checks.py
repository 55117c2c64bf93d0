"""The crash rule's checks: pure functions over what the far ends wrote down, each giving its findings in words.

Nothing here asks the server or its tables: what a customer, a carrier, an agent's phone or a receiver of callbacks
can't see doesn't count, and what they can see counts whatever the server thinks.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.chaos.evidence import BY_SERVERS, GAVE_UP, LEFT, ON_ITS_WAY, Callback, Evidence, Kill, Leg
from tests.chaos.plan import GROUP_KEY

ZONE = ZoneInfo("Asia/Shanghai")
"""The server's, by default: times in call records are in it."""
ENDED_WITHIN = 5.0
"""Seconds from a server's readiness to the end of what an earlier one left: CANCEL and BYE are on their way by then."""
ANSWERED_ENDED_WITHIN = 9.0
"""The same where a phone answered while nothing listened: its 2xx has to come again first, which takes up to 4 s."""
UNDER_WAY = 2.0
"""Seconds before a kill, or an outage of the database, in which a busy machine's server may not have stored yet what it
was told."""
LOST_ENDED_WITHIN = 2.0
"""Seconds from the media worker's end to CANCEL or BYE on all its legs."""
WRITTEN_WITHIN = 3.0
"""Seconds of a recording that a kill may cost: it is written two seconds at a time, half a second is held back, and a
busy machine's disk has its turn."""
RECORDED_WITHIN = UNDER_WAY + WRITTEN_WITHIN
"""Seconds from the answer after which a record that a kill cut names a recording."""
LENGTH_TOLERANCE = 1.0
"""Seconds between what a phone took for the length of a call and its recording: packets and messages go different ways
on a busy machine, and an mp3 file ends with a whole frame."""
HEARD_WITHIN = 1.0
"""Seconds from the answer within which the voice is heard."""
RECORDED_FROM = 1.0
"""Seconds of talk from which each call has a recording."""
TRUE_WITHIN = 1
"""Whole seconds between what a record and what the carrier took for a call's start and answer: both are cut to seconds,
and the way between them takes some 100 ms on a busy machine."""
AT_ONCE = 1
"""Calls that may come to an end of their own in the very moment in which the media worker is killed."""
END_TOLERANCE = 2
"""Whole seconds between a kill and the end that a record gives: there is a heartbeat each second."""
UNSTORED = 500
"""`ret` of a request that could not be stored."""
STORED_AGAIN_WITHIN = 5.0
"""Seconds from the end of an outage within which a request may still find that nothing can be stored."""
BY_SERVER, BY_CALLER = 10007, 10040
UNEXPLAINED = {10004: "no trunk", 10008: "no agent registered", 10020: "no voice"}
"""Causes that no callee, agent or kill of a run is a reason for."""

Findings = list[str]


def lost(evidence: Evidence) -> Findings:
    """Accepted calls and dialled numbers without a delivered record; rings and talks that no callback told of; calls in
    which nothing was heard."""
    return [
        *_without_record(evidence),
        *_untold_rings(evidence),
        *_untold_answers(evidence),
        *_unheard(evidence),
    ]


def duplicated(evidence: Evidence) -> Findings:
    """Requests that were dialled twice, calls with two uuids or records or that nobody asked for, events that came
    under two webhook-ids."""
    return [*_dialled_twice(evidence), *_called_twice(evidence), *_unasked(evidence), *_reported_twice(evidence)]


def out_of_order(evidence: Evidence) -> Findings:
    """Legs whose states are not ring, answer (or none), hangup; states after their call's record."""
    return [*_wrong_states(evidence), *_states_after_record(evidence)]


def left_ringing(evidence: Evidence) -> Findings:
    """Legs that a killed server or media worker left, and that were not ended in time."""
    return [*_left_legs(evidence), *_legs_without_media(evidence)]


def wrong_ends(evidence: Evidence) -> Findings:
    """Records that tell the end of a call that a kill cut wrongly, or tell of one that none cut."""
    return [*_wrong_ends(evidence), *_untold_losses(evidence)]


def wrong_records(evidence: Evidence) -> Findings:
    """Records whose start or answer is not what the carrier saw, or whose cause nothing explains."""
    return [*_wrong_times(evidence), *_unexplained(evidence)]


def left_behind(evidence: Evidence) -> Findings:
    """Recordings that are not whole, not there or not as long as they should be; files and processes that are left."""
    return [*_broken_recordings(evidence), *_missing_recordings(evidence), *evidence.left_behind]


def refused(evidence: Evidence) -> Findings:
    """Refusals for which there was no reason; that nobody is called for one is asked where calls are."""
    return list(_refused_without_reason(evidence))


# --- refused ----------------------------------------------------------------------------------------------------------


def _refused_without_reason(evidence: Evidence) -> Iterator[str]:
    for number, line in evidence.refused.items():
        in_outage = any(begin <= line["time"] <= end + STORED_AGAIN_WITHIN for begin, end in evidence.outages)
        if not in_outage or line["answer"].get("ret") != UNSTORED:
            yield f"refused: {number}: {line['answer']}"


# --- lost -------------------------------------------------------------------------------------------------------------


def _without_record(evidence: Evidence) -> Iterator[str]:
    recorded = {record.uuid for record in evidence.records()}
    told: set[str] = set()
    for number, uuids in evidence.accepted.items():
        for uuid in uuids:
            if uuid not in recorded:
                told.add(number)
                yield f"call {uuid} to {number} was accepted, and no call record arrived"
    numbers = {record.number for record in evidence.records()}
    for leg in evidence.customers:
        if leg.number not in numbers | told:
            told.add(leg.number)
            yield f"{leg.number} was dialled at {leg.invited:.3f}, and no call record arrived"


def _untold_rings(evidence: Evidence) -> Iterator[str]:
    """A 180 that a kill may have overtaken on its way into the store is not counted."""
    told = Counter(
        (callback.number, str(callback.payload.get("extnumber")))
        for callback in evidence.first_deliveries()
        if callback.event[0] == "ring"
    )
    rang: dict[tuple[str, str], list[Leg]] = defaultdict(list)
    for leg in evidence.agents:
        if leg.rang is not None and not _is_overtaken(leg.rang, evidence):
            rang[leg.caller, leg.number].append(leg)
    for (number, extension), legs in rang.items():
        if missing := len(legs) - told[number, extension]:
            if missing < 0:
                continue  # told of a 180 that is not counted
            times = ", ".join(f"{leg.rang:.3f}" for leg in legs)
            yield f"extension {extension} rang for {number} at {times}, and {missing} ring callbacks are missing"


def _is_overtaken(time: float, evidence: Evidence) -> bool:
    crossed = any(abs(kill.time - time) <= ON_ITS_WAY for kill in evidence.media_kills)
    return crossed or any(
        _unstored_from(kill) <= time and (kill.ready is None or time <= kill.ready) for kill in evidence.kills
    )


def _unstored_from(kill: Kill) -> float:
    """From when on a busy machine's server may not have stored any more what it was told."""
    return (kill.time if kill.locked is None else kill.locked) - UNDER_WAY


def _untold_answers(evidence: Evidence) -> Iterator[str]:
    answers = {
        (callback.uuid, str(callback.payload.get("extnumber")))
        for callback in evidence.first_deliveries()
        if callback.event[0] == "answer"
    }
    for record in evidence.records():
        extension = record.payload.get("extnumber")
        if extension and (record.uuid, extension) not in answers:
            yield f"the record of {record.uuid} says that {extension} spoke, and its answer callback did not arrive"


def _unheard(evidence: Evidence) -> Iterator[str]:
    for leg in evidence.customers:
        kill = next((kill.time for kill in evidence.all_kills() if kill.time >= leg.invited), float("inf"))
        until = min(kill, kill if leg.ended is None else leg.ended)
        if leg.acknowledged is not None and until - leg.acknowledged > HEARD_WITHIN and leg.heard is None:
            yield f"{leg.number} answered, stayed for {until - leg.acknowledged:.1f} s and heard nothing"


# --- duplicated -------------------------------------------------------------------------------------------------------


def _dialled_twice(evidence: Evidence) -> Iterator[str]:
    """There is one trunk, which challenges nobody, so that a second INVITE is a second call, whatever became of it."""
    legs: dict[str, list[Leg]] = defaultdict(list)
    for leg in evidence.customers:
        legs[leg.number].append(leg)
    for number, attempts in legs.items():
        if len(attempts) > 1:
            reached = [leg for leg in attempts if leg.rang is not None or leg.answered is not None]
            times = ", ".join(f"{leg.invited:.3f}" for leg in attempts)
            yield f"{number} was dialled {len(attempts)} times (at {times}), {len(reached)} of them rang or answered"


def _called_twice(evidence: Evidence) -> Iterator[str]:
    uuids: dict[str, set[str]] = defaultdict(set)
    for number, of_number in evidence.accepted.items():
        uuids[number] |= set(of_number)
    ids: dict[object, set[str]] = defaultdict(set)
    for callback in evidence.callbacks:
        uuids[callback.number].add(callback.uuid)
        if callback.is_record:
            ids[callback.payload.get("id")].add(callback.uuid)
    for number, found in uuids.items():
        if len(found) > 1:
            yield f"the one request for {number} became {len(found)} calls: {', '.join(sorted(found))}"
    for number_of_record, found in ids.items():
        if len(found) > 1:
            yield f"the record id {number_of_record} stands for {len(found)} calls: {', '.join(sorted(found))}"


def _unasked(evidence: Evidence) -> Iterator[str]:
    """Each record is of a request that was accepted, or of one whose answer a kill cut off."""
    asked = evidence.accepted.keys() | evidence.unanswered
    for record in evidence.records():
        if record.number not in asked:
            yield f"the record of {record.uuid} is of {record.number}, for which no request was accepted"


def _reported_twice(evidence: Evidence) -> Iterator[str]:
    ids: dict[tuple[str, str], dict[str, Callback]] = defaultdict(dict)
    bodies: dict[str, dict[str, Callback]] = defaultdict(dict)
    for callback in evidence.callbacks:
        ids[callback.event].setdefault(callback.webhook_id, callback)
        bodies[callback.webhook_id].setdefault(callback.body, callback)
    for (what, of), found in ids.items():
        if len(found) > 1:
            where = ", ".join(f"{name} at {callback.time:.3f}" for name, callback in found.items())
            yield f"the {what} of {of} came under {len(found)} webhook-ids: {where}"
    for webhook_id, contents in bodies.items():
        if len(contents) > 1:
            texts = " and ".join(f"{body} at {callback.time:.3f}" for body, callback in contents.items())
            yield f"{webhook_id} came with different contents: {texts}"


# --- out of order -----------------------------------------------------------------------------------------------------


def _wrong_states(evidence: Evidence) -> Iterator[str]:
    states: dict[tuple[str, str], list[Callback]] = defaultdict(list)
    for callback in evidence.first_deliveries():
        if not callback.is_record:
            states[callback.uuid, callback.event[1]].append(callback)
    for (uuid, buuid), of_leg in states.items():
        names = [callback.event[0] for callback in of_leg]
        if names not in (["ring", "hangup"], ["ring", "answer", "hangup"]):
            missing = "" if "hangup" in names else "; its hangup is missing"
            arrived = ", ".join(f"{callback.event[0]} at {callback.time:.3f}" for callback in of_leg)
            yield f"leg {buuid} of call {uuid} was told as {arrived}{missing}"


def _states_after_record(evidence: Evidence) -> Iterator[str]:
    recorded: dict[str, float] = {}
    for callback in evidence.first_deliveries():
        if callback.is_record:
            recorded[callback.uuid] = callback.time
        elif callback.uuid in recorded:
            what, buuid = callback.event
            since = recorded[callback.uuid]
            yield (
                f"{what} of leg {buuid} arrived at {callback.time:.3f}, "
                f"after the record of its call {callback.uuid} at {since:.3f}"
            )


# --- left ringing -----------------------------------------------------------------------------------------------------


def _left_legs(evidence: Evidence) -> Iterator[str]:
    for whose, legs in (("the customer", evidence.customers), ("extension", evidence.agents)):
        for leg in legs:
            left = [kill for kill in evidence.kills if leg.is_left_by(kill)]
            over = f"{leg.end or 'nothing'} at {leg.ended:.3f}" if leg.ended is not None else "nothing"
            if leg.end in LEFT - {GAVE_UP} or _is_late(leg, left):
                kills = ", ".join(_describe(kill) for kill in left) or "none"
                yield (
                    f"{whose} {leg.number}, INVITE at {leg.invited:.3f} ({leg.call}): ended by {over}; "
                    f"kills meanwhile: {kills}"
                )


def _is_late(leg: Leg, left: list[Kill]) -> bool:
    """Whether it outlived the first of the servers after a kill that had the time to end it.

    A phone gives its call up by itself when nobody has acknowledged its answer for 32 s, which is to be seen only where
    no server lived long enough.
    """
    if leg.end == GAVE_UP and (not left or leg.acknowledged is not None):
        return True
    for kill, later in zip(left, [*left[1:], None], strict=False):
        if kill.ready is None:
            continue
        acknowledged = leg.acknowledged is not None and leg.acknowledged < kill.time
        waits_for_answer = leg.answered is not None and not acknowledged
        limit = kill.ready + (ANSWERED_ENDED_WITHIN if waits_for_answer else ENDED_WITHIN)
        if later is None or later.time > limit:
            return leg.ended is not None and leg.ended > limit
    return False


def _legs_without_media(evidence: Evidence) -> Iterator[str]:
    """The media worker carried all legs that were there, so that each has to be ended; a later kill is another's."""
    for kill in evidence.media_kills:
        until = kill.time + LOST_ENDED_WITHIN
        if any(kill.time <= later.time <= until for later in evidence.kills):
            continue
        for whose, legs in (("the customer", evidence.customers), ("extension", evidence.agents)):
            for leg in legs:
                if leg.is_open(kill.time) and (leg.ended is None or leg.ended > until):
                    over = "never ended" if leg.ended is None else f"ended at {leg.ended:.3f}"
                    yield f"{whose} {leg.number} ({leg.call}) lost its media at {kill.time:.3f} and was {over}"


# --- wrong ends -------------------------------------------------------------------------------------------------------


def _describe(kill: Kill) -> str:
    if kill.only_media:
        return f"of the media worker at {kill.time:.3f}"
    return f"at {kill.time:.3f}, next server ready {'never' if kill.ready is None else f'{kill.ready:.3f}'}"


def _wrong_ends(evidence: Evidence) -> Iterator[str]:
    legs = {leg.number: leg for leg in reversed(evidence.customers)}  # the first, if there are several
    for record in evidence.records():
        if record.payload.get("hangupcause") != BY_SERVER:
            continue
        leg = legs.get(record.number)
        kills = tuple(evidence.all_kills()) if leg is None else _kills_of(leg, evidence)
        if not kills:
            yield f"the record of {record.uuid} says {BY_SERVER}, and nobody killed the server while it ran"
            continue
        ended = _time_of(record, "endtime")
        if ended is None:
            yield f"the record of {record.uuid} has endtime {record.payload.get('endtime')!r}, which is no time"
            continue
        off = min(abs((end.replace(microsecond=0) - ended).total_seconds()) for end in _true_ends(leg, kills))
        if off > END_TOLERANCE:
            times = ", ".join(kill.at.astimezone(ZONE).isoformat(" ", "milliseconds") for kill in kills)
            yield f"the record of {record.uuid} ends at {ended:%H:%M:%S}, {off:.0f} s off the kill at {times}"
        if leg is not None:
            nearest = min(kills, key=lambda kill: abs(kill.at - ended))
            yield from _wrong_record(record, leg, nearest, evidence)


def _true_ends(leg: Leg | None, kills: Sequence[Kill]) -> Iterator[datetime]:
    """The kills; while the database was locked before one, a call may have ended by its own time, unstored."""
    for kill in kills:
        yield kill.at
        if leg is None or leg.ended is None or kill.locked is None:
            continue
        if _unstored_from(kill) <= leg.ended < kill.time:
            yield kill.at - timedelta(seconds=kill.time - leg.ended)


def _untold_losses(evidence: Evidence) -> Iterator[str]:
    """Calls that the media worker's end cut, as their customers saw it, say so in their records."""
    causes = {record.number: record.payload.get("hangupcause") for record in evidence.records()}
    for kill in evidence.media_kills:
        until = kill.time + LOST_ENDED_WITHIN
        cut = [
            leg
            for leg in evidence.customers
            if leg.is_open(kill.time) and leg.end in BY_SERVERS and leg.ended is not None and leg.ended <= until
        ]
        others = [leg for leg in cut if causes.get(leg.number, BY_SERVER) != BY_SERVER]
        if len(others) > AT_ONCE:
            told = ", ".join(f"{leg.number}: {causes[leg.number]}" for leg in others)
            yield f"calls that lost their media at {kill.time:.3f} do not say {BY_SERVER} but {told}"


def _time_of(record: Callback, name: str) -> datetime | None:
    try:
        return datetime.strptime(str(record.payload.get(name)), "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    except ValueError:
        return None


def _kills_of(leg: Leg, evidence: Evidence) -> tuple[Kill, ...]:
    """The kill that can have ended a call: the first after its INVITE was sent.

    One of the media worker cuts no call whose INVITE came after it, though it may look so: then the next one is meant.
    """
    first = next((kill for kill in evidence.all_kills() if leg.invited <= kill.heard_until), None)
    if first is None:
        return ()
    crossed = first.only_media and leg.invited > first.time
    return (first, *(kill for kill in evidence.all_kills() if crossed and kill.time > first.time))[:2]


def _wrong_record(record: Callback, leg: Leg, kill: Kill, evidence: Evidence) -> Iterator[str]:
    """What a far end saw for certain before the kill has to stand in the record."""
    said = record.payload
    right: dict[str, object] = {}
    if leg.acknowledged is not None and leg.acknowledged < kill.time:
        right["hangupdirection"] = BY_CALLER  # the ACK leaves after the answer is stored
        if not said.get("answertime"):
            right["answertime"] = "the time of its answer"
        if leg.acknowledged < kill.time - RECORDED_WITHIN and not said.get("recordfilename"):
            right["recordfilename"] = "its recording from the answer on"
    elif leg.answered is None or (leg.answered > kill.time and not kill.only_media):
        right |= {"hangupdirection": BY_SERVER, "answertime": ""}
    offers = [agent for agent in evidence.agents if agent.caller == leg.number and agent.invited <= kill.heard_until]
    if offers and evidence.userids.get(leg.number, "").startswith(GROUP_KEY):
        right["userkey"] = GROUP_KEY
    for agent in offers:
        talked = agent.acknowledged is not None and agent.acknowledged < kill.time
        until = kill.time if kill.only_media else kill.heard_until
        if talked and kill.ready is not None and (agent.ended is None or agent.ended > until):
            right["extnumber"] = agent.number
    for name, value in right.items():
        if said.get(name) != value:
            yield (
                f"the record of {record.uuid} to {leg.number}, left by the kill at {kill.time:.3f}, "
                f"has {name} {said.get(name)!r} in place of {value!r}"
            )


# --- wrong records ----------------------------------------------------------------------------------------------------


def _wrong_times(evidence: Evidence) -> Iterator[str]:
    for record, leg in _calls(evidence):
        for name, seen in (("starttime", leg.invited), ("answertime", leg.answered)):
            text = record.payload.get(name)
            said = _time_of(record, name)
            if name == "answertime" and not text:
                continue  # whether it had to be there is asked where calls were cut
            if seen is None or said is None:
                yield f"the record of {record.uuid} has {name} {text!r}, which the carrier did not see"
                continue
            true = (record.at + timedelta(seconds=seen - record.time)).replace(microsecond=0)
            if abs((said - true).total_seconds()) > TRUE_WITHIN:
                yield (
                    f"the record of {record.uuid} has {name} {text}, and the carrier saw it at"
                    f" {true.astimezone(ZONE):%H:%M:%S}"
                )


def _unexplained(evidence: Evidence) -> Iterator[str]:
    for record in evidence.records():
        cause = record.payload.get("hangupcause")
        if cause in UNEXPLAINED:
            yield f"the record of {record.uuid} to {record.number} says {cause}: {UNEXPLAINED[cause]}"


def _calls(evidence: Evidence) -> Iterator[tuple[Callback, Leg]]:
    """Each record with what the carrier saw of its call."""
    legs = {leg.number: leg for leg in reversed(evidence.customers)}
    for record in evidence.records():
        if (leg := legs.get(record.number)) is not None:
            yield record, leg


# --- left behind ------------------------------------------------------------------------------------------------------


def _broken_recordings(evidence: Evidence) -> Iterator[str]:
    for record, leg in _calls(evidence):
        recording = evidence.recordings.get(record.uuid)
        if recording is None:
            continue
        if recording.problem:
            yield f"the recording {recording.name} is not whole: {recording.problem} (HTTP status {recording.status})"
            continue
        least, most = _length(record, leg, evidence)
        if not least <= recording.seconds <= most:
            yield f"the recording {recording.name} has {recording.seconds:.2f} s and not {least:.2f} to {most:.2f}"


def _missing_recordings(evidence: Evidence) -> Iterator[str]:
    """Calls that no kill cut are recorded from their answer to their end; of the others the end of a call is asked."""
    if not evidence.recordings:
        return  # nobody asked for them
    for record, leg in _calls(evidence):
        cut = record.payload.get("hangupcause") == BY_SERVER
        talked = 0.0 if leg.acknowledged is None or leg.ended is None else leg.ended - leg.acknowledged
        lost = WRITTEN_WITHIN if _ended_with_media(leg, evidence) else 0.0
        if not cut and talked > RECORDED_FROM + lost and record.uuid not in evidence.recordings:
            yield f"the call {record.uuid} to {record.number} was answered for {talked:.1f} s and has no recording"


def _ended_with_media(leg: Leg, evidence: Evidence) -> bool:
    """Whether a call came to an end of its own while its media worker died, and the rest of its recording with that."""
    return leg.ended is not None and any(abs(kill.time - leg.ended) <= ON_ITS_WAY for kill in evidence.media_kills)


def _length(record: Callback, leg: Leg, evidence: Evidence) -> tuple[float, float]:
    """How long a recording is at least and at most, by what the carrier and the kills tell."""
    infinite = float("inf")
    ended = infinite if leg.ended is None else leg.ended
    lost = 0.0
    if _ended_with_media(leg, evidence):
        lost = WRITTEN_WITHIN
    if record.payload.get("hangupcause") == BY_SERVER:
        cuts = [kill.time for kill in _kills_of(leg, evidence)]
        ended, lost = min([ended, *cuts[-1:]]), WRITTEN_WITHIN
    from_first = infinite if leg.answered is None else leg.answered
    from_last = infinite if leg.acknowledged is None else leg.acknowledged
    least = max(0.0, ended - from_last - lost - LENGTH_TOLERANCE)
    return least, max(0.0, ended - from_first) + LENGTH_TOLERANCE
