"""A real server with SIPp as its carriers, which leave it to the caller to keep the session alive (RFC 4028).

The shortest interval that we take is 90 s, so the refresh comes after 45 s: all calls are made at once, each over a
trunk of its own, and wait for it together.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from tests.acceptance.rtp_peer import RtpPeer
from tests.acceptance.sipp_peer import Message, Sipp
from tests.acceptance.sipp_world import PASSWORD, USERNAME, HeldPort, noise, sipp_world

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import Codec
from playvoice.simulator.sound import write_g711

pytestmark = pytest.mark.peer("sipp")

REFRESH = 45.0
"""Seconds from the answer to the refresh: half of the interval."""
LATE = 2.0
"""Seconds that it may be late on a busy machine."""
VOICE = noise(60.0, Codec.PCMA, 6)

GONE = "SIP/2.0 481 Call/Transaction Does Not Exist"
TIMEOUT = "SIP/2.0 408 Request Timeout"
CARRIERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "takes UPDATE": ("refreshed_by_update", {}),
    "asks who refreshes": ("refresh_challenged", {}),
    "takes no UPDATE": ("refreshed_by_invite", {}),
    "hangs up meanwhile": ("bye_crosses_refresh", {}),
    "changes the session meanwhile": ("refreshes_collide", {}),
    "does not know the call any more": ("refresh_refused", {"status_line": GONE}),
    "does not find the callee any more": ("refresh_refused", {"status_line": TIMEOUT}),
}
"""By what a carrier does: the scenario, and what it names in brackets."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A call that was kept alive until its end."""

    sipp: Sipp
    callee: RtpPeer
    record: dict[str, Any]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Kept]]:
    """All calls after their end, by what their carrier does."""
    with ExitStack() as stack:
        more = [HeldPort("udp") for _ in range(len(CARRIERS) - 1)]
        for port in more:
            stack.callback(port.release)
        only = {"keepalive": 0, "max_calls": 1, "username": USERNAME, "password": PASSWORD}
        trunks = [{"name": f"trunk-{number}", "address": port.uri, **only} for number, port in enumerate(more)]
        directory = tmp_path_factory.mktemp("world")
        (directory / "voices").mkdir()
        write_g711(directory / "voices" / "lasting.wav", VOICE, Codec.PCMA)
        world = stack.enter_context(
            sipp_world(directory, "udp", registered=False, trunk={"max_calls": 1}, setting={"more_trunks": trunks})
        )
        calls = {}
        for port, (name, (scenario, keys)) in zip([world.port, *more], CARRIERS.items(), strict=True):
            port.patience = REFRESH + 30
            callee = stack.enter_context(RtpPeer())
            started = port.sipp(scenario, tmp_path_factory.mktemp("sipp"), rtp_port=callee.port, **keys)
            calls[name] = (stack.enter_context(started), callee)
        uuids = [world.dial("lasting.wav") for _ in calls]
        for sipp, _ in calls.values():
            sipp.finish()
        records = {record["destnumber"]: record for record in map(world.record, uuids)}
        world.assert_idle()
        yield {name: Kept(sipp, callee, records[_dialled(sipp)]) for name, (sipp, callee) in calls.items()}


def _dialled(sipp: Sipp) -> str:
    """The number that was called here."""
    return sipp.received("INVITE")[0].first_line.partition("sip:")[2].partition("@")[0]


def refresh(call: Kept, method: str) -> Message:
    """The refresh, which came at its time and once, but for one with credentials."""
    found = [each for each in call.sipp.received(method) if "tag=" in each.header("To")]
    assert [bool(each.header("Proxy-Authorization")) for each in found] in ([False], [False, True])
    answered = call.sipp.sent(200)[0].at
    assert REFRESH - 0.1 <= found[0].at - answered <= REFRESH + LATE
    return found[0]


def ended(call: Kept) -> tuple[int, int]:
    return call.record["hangupcause"], call.record["hangupdirection"]


@pytest.mark.parametrize(
    ("name", "method"),
    [("takes UPDATE", "UPDATE"), ("asks who refreshes", "UPDATE"), ("takes no UPDATE", "INVITE")],
)
def test_the_session_is_kept_alive_for_a_carrier_that(kept: dict[str, Kept], name: str, method: str) -> None:
    call = kept[name]
    came = refresh(call, method)
    first, *_ = call.sipp.received("INVITE")
    descriptions = [each.text.partition("\n\n")[2].strip() for each in (first, came)]
    assert descriptions[1] == ("" if method == "UPDATE" else descriptions[0])
    assert ended(call) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    assert call.record["billsec"] >= REFRESH
    assert VOICE.startswith(call.callee.heard()), "the voice goes on without a gap"
    assert call.callee.arrivals[-1].at > came.at + 0.5
    assert all(then.at - last.at < 0.5 for last, then in pairwise(call.callee.arrivals))


def test_a_callee_who_hangs_up_while_we_refresh_ends_the_call(kept: dict[str, Kept]) -> None:
    call = kept["hangs up meanwhile"]
    came = refresh(call, "INVITE")
    assert call.sipp.received("ACK")[-1].header("CSeq").split()[0] == came.header("CSeq").split()[0]
    assert ended(call) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)


def test_a_carrier_that_changes_the_session_while_we_refresh_may_do_so_after_both_got_491(
    kept: dict[str, Kept],
) -> None:
    call = kept["changes the session meanwhile"]
    refresh(call, "INVITE")
    assert ended(call) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    assert VOICE.startswith(call.callee.heard()), "the voice goes on without a gap"


@pytest.mark.parametrize("name", ["does not know the call any more", "does not find the callee any more"])
def test_the_call_ends_where_the_carrier(kept: dict[str, Kept], name: str) -> None:
    call = kept[name]
    came = refresh(call, "UPDATE")
    (bye,) = call.sipp.received("BYE")
    assert 0 <= bye.at - came.at < LATE
    assert ended(call) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
