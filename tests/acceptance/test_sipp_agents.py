"""A real server with SIPp as the carrier and as the agents' phones: where they are reached, and what they do wrong.

A phone's port is held by the test between its registration and its call, as a phone keeps its own.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.acceptance.rtp_peer import RtpPeer
from tests.acceptance.sipp_peer import Message, Part
from tests.acceptance.sipp_world import EXTENSION_PASSWORD, HeldPort, SippWorld, noise, sipp_world
from tests.waiting import AT_ONCE

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import Codec
from playvoice.simulator.configuration import GROUP, LOOPBACK
from playvoice.simulator.sound import write_g711

pytestmark = pytest.mark.peer("sipp")

EXTENSIONS = ("20280003", "20280004")
ANOTHER = "20280005"
"""An agent is free again once his phone has confirmed the end of his last call, or 32 s have passed."""
EDGE = "127.0.0.7"
"""A proxy of ours."""
VOICE = "brief.wav"
PRIVATE = "10.9.8.7:5060"
"""What a phone behind a NAT takes for its own address."""


@pytest.fixture(scope="module")
def udp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SippWorld]:
    directory = tmp_path_factory.mktemp("udp")
    (directory / "voices").mkdir()
    write_g711(directory / "voices" / VOICE, noise(0.1, Codec.PCMA, 8), Codec.PCMA)
    setting = {
        "network": {"edges": [EDGE]},
        "group": {"ring_time": 2, "max_wait": 2},
    }
    with sipp_world(directory, "udp", registered=False, extensions=(*EXTENSIONS, ANOTHER), setting=setting) as held:
        yield held


@dataclass(frozen=True, slots=True)
class Phone:
    extension: str
    port: HeldPort
    via: str
    header: str
    """What else its REGISTER has."""

    @property
    def uri(self) -> str:
        return f"sip:{self.extension}@{PRIVATE}"

    def register(self, world: SippWorld, directory: Path, expires: int) -> Message:
        """Register for so long, as a phone that believes to be at its private address; gives the 200."""
        keys = {
            "user": self.extension,
            "password": EXTENSION_PASSWORD,
            "via": self.via,
            "contact": f"<{self.uri}>;expires={expires}",
            "header": self.header,
        }
        with self.port.sipp("register_phone", directory, Part(server=world.world.sip()), **keys) as sipp:
            sipp.finish()
        (ok,) = [each for each in sipp.messages() if each.first_line.startswith("SIP/2.0 200")][:1]
        return ok


@contextmanager
def phone(world: SippWorld, extension: str, directory: Path, *, edge: bool = False) -> Iterator[tuple[Phone, Message]]:
    """A phone that is registered, behind a NAT or behind our proxy, and the 200 that it got."""
    port = HeldPort("udp", EDGE if edge else LOOPBACK)
    own = f"Via: SIP/2.0/UDP {PRIVATE};rport;branch=z9hG4bK[call_number]-[cseq]-[pid]"
    via, header = f"Via: SIP/2.0/UDP {PRIVATE};rport;branch=[branch]", f"Path: <sip:{LOOPBACK}:9;lr>"
    if edge:
        own = own.replace(";rport;", ";received=203.0.113.9;rport=40000;")
        via = f"Via: SIP/2.0/UDP {EDGE}:{port.number};branch=[branch]\r\n{own}"
        header = f"Path: <sip:{EDGE}:{port.number};lr>"
    made = Phone(extension, port, via, header)
    try:
        yield made, made.register(world, directory / f"{extension}-in", 7_200)
        made.register(world, directory / f"{extension}-out", 0)
    finally:
        port.release()


def connect(world: SippWorld, **parameters: str) -> str:
    """Ask for a call whose callee is transferred to the group at the end of the voice."""
    return world.dial(VOICE, userid=f"@{GROUP}", customer=None, **parameters)


def test_a_phone_behind_a_nat_is_called_where_its_register_came_from(udp: SippWorld, tmp_path: Path) -> None:
    with phone(udp, EXTENSIONS[0], tmp_path) as (registered, ok), RtpPeer() as callee:
        with (
            registered.port.sipp("hang_up", tmp_path / "agent") as agent,
            udp.carrier("answer", tmp_path / "carrier", rtp_port=callee.port) as carrier,
        ):
            uuid = connect(udp)
            carrier.finish()
            agent.finish()
            record = udp.record(uuid)
        assert f"received={LOOPBACK};" in f"{ok.header('Via')};"
        assert f"rport={registered.port.number};" in f"{ok.header('Via')};"
        assert "expires=3600" in ok.header("Contact"), "two hours are cut to one"
        assert ok.header("Path") == "", "a Path that no proxy of ours wrote counts as none"
        (invite,) = agent.received("INVITE")
        assert invite.first_line == f"INVITE {registered.uri} SIP/2.0"
        assert invite.header("Route") == ""
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLER_HUNG_UP)
    assert record["extnumber"] == EXTENSIONS[0]


def test_a_phone_behind_our_proxy_is_called_through_it(udp: SippWorld, tmp_path: Path) -> None:
    with phone(udp, EXTENSIONS[0], tmp_path, edge=True) as (registered, ok), RtpPeer() as callee:
        with (
            registered.port.sipp("hang_up", tmp_path / "agent") as agent,
            udp.carrier("answer", tmp_path / "carrier", rtp_port=callee.port) as carrier,
        ):
            uuid = connect(udp)
            carrier.finish()
            agent.finish()
            record = udp.record(uuid)
        path = f"<sip:{EDGE}:{registered.port.number};lr>"
        assert ok.header("Path") == path
        (invite,) = agent.received("INVITE")
        assert invite.first_line == f"INVITE {registered.uri} SIP/2.0"
        assert invite.header("Route") == path
    assert record["extnumber"] == EXTENSIONS[0]


def test_of_two_agents_who_answer_in_the_same_moment_one_has_the_call_and_the_other_is_ended(
    udp: SippWorld, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        phones = [stack.enter_context(phone(udp, extension, tmp_path))[0] for extension in EXTENSIONS]
        callee = stack.enter_context(RtpPeer())
        with ExitStack() as call:
            agents = {
                each.extension: call.enter_context(each.port.sipp("answer_at_once", tmp_path / each.extension))
                for each in phones
            }
            carrier = call.enter_context(udp.carrier("answer", tmp_path / "carrier", rtp_port=callee.port))
            uuid = connect(udp)
            for sipp in (carrier, *agents.values()):
                sipp.finish()
            record = udp.record(uuid)
    byes = {
        name: [each for each in sipp.messages() if each.first_line.startswith("BYE ")] for name, sipp in agents.items()
    }
    assert all(len(sipp.received("ACK")) == 1 for sipp in agents.values())
    loser, winner = sorted(EXTENSIONS, key=lambda name: byes[name][0].at)
    assert not byes[loser][0].sent, "he is hung up on"
    assert byes[winner][0].sent, "he talked, and hung up himself"
    assert (record["extnumber"], record["hangupdirection"]) == (winner, Cause.CALLER_HUNG_UP)
    assert udp.states(uuid)[:2] == ["ring", "answer"]
    udp.assert_idle()


def test_a_phone_whose_answer_crosses_the_cancel_is_ended_and_the_other_agent_goes_on(
    udp: SippWorld, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        winner, loser = (stack.enter_context(phone(udp, each, tmp_path))[0] for each in EXTENSIONS)
        callee = stack.enter_context(RtpPeer())
        with (
            winner.port.sipp("hang_up", tmp_path / "winner") as answering,
            loser.port.sipp("answer_crosses_cancel", tmp_path / "loser") as crossing,
            udp.carrier("answer", tmp_path / "carrier", rtp_port=callee.port) as carrier,
        ):
            uuid = connect(udp)
            for sipp in (crossing, answering, carrier):
                sipp.finish()
            record = udp.record(uuid)
    (cancel,), (bye,) = crossing.received("CANCEL"), crossing.received("BYE")
    assert "Call completed elsewhere" in cancel.header("Reason")
    assert bye.at - crossing.sent(200)[0].at < AT_ONCE
    assert (record["extnumber"], record["hangupdirection"]) == (winner.extension, Cause.CALLER_HUNG_UP)
    udp.assert_idle()


def test_phones_that_vanish_before_and_while_they_ring_are_given_up_in_time(udp: SippWorld, tmp_path: Path) -> None:
    with ExitStack() as stack:
        vanished, ringing = (stack.enter_context(phone(udp, each, tmp_path))[0] for each in EXTENSIONS)
        callee = stack.enter_context(RtpPeer())
        with udp.carrier("answer", tmp_path / "carrier", rtp_port=callee.port) as carrier:
            with ringing.port.sipp("ring_and_vanish", tmp_path / "agent") as agent:
                uuid = connect(udp)
                agent.finish()
            carrier.finish()
            record = udp.record(uuid)
        tried = [vanished.port.take(), ringing.port.take()]
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NOT_ANSWERED, Cause.CALLER_HUNG_UP)
    assert record["extnumber"] == ""
    assert record["billsec"] <= 4
    assert {data.partition(b" ")[0] for data in tried[0]} == {b"INVITE"}, "CANCEL waits for a provisional response"
    assert b"CANCEL" in {data.partition(b" ")[0] for data in tried[1]}
    assert udp.states(uuid) == ["ring", "hangup"], "of the phone that rang"


def test_a_phone_that_vanishes_while_the_agent_talks_keeps_neither_the_call_nor_its_record(
    udp: SippWorld, tmp_path: Path
) -> None:
    with phone(udp, ANOTHER, tmp_path) as (registered, _), RtpPeer() as callee:
        with udp.carrier("answer", tmp_path / "carrier", rtp_port=callee.port) as carrier:
            with registered.port.sipp("answer_and_vanish", tmp_path / "agent") as agent:
                uuid = connect(udp, conntime="3")
                agent.finish()
            carrier.finish()
            record = udp.record(uuid)
        byes = [data for data in registered.port.take() if re.match(rb"BYE ", data)]
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.TIMER_EXPIRED, Cause.CALLER_HUNG_UP)
    assert record["extnumber"] == ANOTHER
    assert byes, "it is told, though nobody hears it"
    assert udp.states(uuid) == ["ring", "answer", "hangup"]
