"""A call's story as lines for a terminal. Pure: the width is passed in, and nothing is read or written."""

import json
from collections.abc import Iterator
from datetime import tzinfo

from rich.text import Text

from playvoice.callbacks.history import PastCallback
from playvoice.calls.story import Media, Story
from playvoice.calls.tables import CallState, LegState
from playvoice.codes import HangupCause
from playvoice.commands.ladder import label, ladder, party_of
from playvoice.commands.notes import cause_text
from playvoice.commands.output import at_text
from playvoice.sip.flow import format_host
from playvoice.sip.tap import printable
from playvoice.voices import VoiceKind

VOICE_KINDS = {VoiceKind.LIBRARY: "voice file", VoiceKind.URL: "voice"}


def render(story: Story, width: int, zone: tzinfo, *, keep: bool = True, messages: bool = False) -> list[Text]:
    """A story as lines of so many characters; `keep`: messages are kept by this server."""
    lines = [*_head(story), Text(), *_request(story, zone), Text(), Text("What happened", style="bold")]
    lines += ladder(story, width)
    if story.legs and not story.messages:
        lines.append(Text(_why_no_messages(story, keep=keep), style="yellow"))
    if story.left_out:
        lines.append(Text(f"{story.left_out} more messages were not kept: there were too many", style="yellow"))
    lines += [*_media(story), *_callbacks(story, zone)]
    return [*lines, *_whole(story, zone)] if messages else lines


def _head(story: Story) -> Iterator[Text]:
    yield Text(f"Call {story.uuid}", style="bold").append(
        f"  record {story.id}, company {story.company_code}", style="not bold"
    )
    if story.cause is None:
        waits = "; playvoice top says what the queue waits for" if story.state is CallState.WAITING else ""
        yield Text(f"{story.state.value}: it has no record yet{waits}", style="yellow")
        return
    text = cause_text(story.cause)
    if story.direction not in (None, story.cause):
        assert story.direction is not None
        text += f", {cause_text(story.direction)}"
    yield Text(f"ended: {text}", style="green" if story.cause is HangupCause.NORMAL else "red")


def _request(story: Story, zone: tzinfo) -> Iterator[Text]:
    shown = f", showing {story.disnumber}" if story.disnumber else ""
    yield Text(f"{at_text(story.accepted_at, zone)}  request: call {story.destnumber}{shown}")
    voice = f"{VOICE_KINDS[VoiceKind(story.voice_kind)]} {story.voice_name}"
    userid = f", userid {story.userid}" if story.userid else ""
    yield Text(f"  {voice}{userid}, waittime {story.waittime} s, conntime {story.conntime} s")
    given = (("customuuid", story.customuuid), ("memberid", story.memberid), ("ext", story.ext))
    if texts := [f"{name} {value}" for name, value in given if value]:
        yield Text(f"  {', '.join(texts)}")
    steps = []
    if story.queued is not None:
        steps.append(f"waited {story.queued.total_seconds():.3f} s")
    if story.started_at is not None and story.answered_at is not None:
        steps.append(f"rang {(story.answered_at - story.started_at).total_seconds():.3f} s")
        if story.ended_at is not None:
            steps.append(f"lasted {(story.ended_at - story.answered_at).total_seconds():.3f} s")
    steps += [f"key {story.userkey}"] * bool(story.userkey) + [f"agent {story.extension}"] * bool(story.extension)
    steps += [f"recording {story.recordfilename}"] * bool(story.recordfilename)
    if steps:
        yield Text(f"  {', '.join(steps)}")


def _why_no_messages(story: Story, *, keep: bool) -> str:
    if story.state is not CallState.ENDED:
        return "The call runs: its SIP messages are stored when it and all its legs have ended."
    if not keep:
        return "There are no SIP messages: [trace] max_megabytes is 0."
    if ending := [party_of(leg).name for leg in story.legs if leg.state is not LegState.ENDED]:
        return (
            "There are no SIP messages yet: they are stored when"
            f" {', '.join(ending)} has confirmed the end, or was silent for 32 s."
        )
    return "There are no SIP messages: they come within seconds, they are too old, or the server was killed."


def _media(story: Story) -> Iterator[Text]:
    told = [(leg, leg.media) for leg in story.legs if leg.media is not None]
    if not told:
        return
    yield Text()
    yield Text("Media", style="bold").append("  packets; times in ms; ~ is an estimate", style="not bold dim")
    yield Text(
        f"  {'':<18}{'sent':>8}{'lost there':>12}{'jitter there':>14}{'received':>10}{'lost':>8}{'jitter':>8}{'rtt':>6}"
    )
    for leg, media in told:
        yield Text(f"  {party_of(leg).name[:17]:<18}{_figures(media)}")
    for leg, media in told:
        if leg.answered_at is not None and not media.received:
            yield Text(f"  no packet came from {party_of(leg).name}: nothing of it was heard", style="yellow")


def _figures(media: Media) -> str:
    def known(value: int | None) -> str:
        return "–" if value is None else str(value)

    about = "~" if media.sampled else ""
    return (
        f"{media.sent:>8}{known(media.far_lost):>12}{known(media.far_jitter):>14}{f'{about}{media.received}':>10}"
        f"{f'{about}{media.lost}':>8}{f'{about}{media.jitter}':>8}{known(media.round_trip):>6}"
    )


def _callbacks(story: Story, zone: tzinfo) -> Iterator[Text]:
    yield Text()
    yield Text("Callbacks", style="bold")
    if not story.callbacks and story.state is not CallState.ENDED:
        yield Text("  none yet")
    elif not story.callbacks:
        yield Text("  none is owed: its company had no address for them, or they were removed since")
    for callback in story.callbacks:
        until = "" if callback.next_attempt is None else f", next attempt {at_text(callback.next_attempt, zone)}"
        style = {"delivered": "green", "pending": "yellow"}.get(callback.state.value, "red")
        yield Text(f"  {_what(callback)}: ").append(callback.state.value, style=style).append(until)
        for attempt in callback.attempts:
            after = (attempt.at - callback.created_at).total_seconds()
            answer = attempt.error or f"HTTP status {attempt.status}"
            yield Text(f"    after {after:.3f} s: {printable(answer.encode())}")


def _what(callback: PastCallback) -> str:
    payload = json.loads(callback.payload)
    if "status" in payload:
        return f"{payload.get('extnumber', 'agent')} {payload['status']}"
    return "call record"


def _whole(story: Story, zone: tzinfo) -> Iterator[Text]:
    parties = {leg.uuid: party_of(leg) for leg in story.legs}
    for each in story.messages:
        message, party = each.message, parties.get(each.leg)
        way = "to" if message.sent else "from"
        name = "" if party is None else f"{party.name} "
        place = f"{name}{format_host(message.remote[0])}:{message.remote[1]} over {message.transport}"
        yield Text()
        yield Text(f"{at_text(message.at, zone, precise=True)}  {label(each)} {way} {place}", style="bold")
        yield from (Text(f"  {line}") for line in printable(message.data).split("\n"))
