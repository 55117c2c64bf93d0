"""A real server with SIPp at the ends of its trunks: trunks in turn, over IPv6, and behind a NAT."""

import re
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.acceptance.rtp_peer import RtpPeer
from tests.acceptance.sipp_world import NOTICE, HeldPort, sipp_world
from tests.acceptance.test_trunk_registration import wait_for_line
from tests.waiting import AT_ONCE

from playvoice.codes import HangupCause as Cause
from playvoice.media.g711 import Codec
from playvoice.simulator.configuration import LOOPBACK, NUMBERS

pytestmark = pytest.mark.peer("sipp")

TRUNK_TIMEOUT = 1
"""Seconds after which a silent trunk is left."""


def test_trunks_are_tried_in_turn_and_one_that_answers_late_gets_ack_and_bye(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        overloaded, third = (HeldPort("udp") for _ in range(2))
        for port in (overloaded, third):
            stack.callback(port.release)
        world = stack.enter_context(
            sipp_world(
                tmp_path_factory.mktemp("world"),
                "udp",
                registered=False,
                trunk={"trunk_timeout": TRUNK_TIMEOUT},
                setting={
                    "more_trunks": [
                        {"name": "overloaded", "address": overloaded.uri, "keepalive": 0},
                        {"name": "third", "address": third.uri, "keepalive": 0},
                    ]
                },
            )
        )
        callee, nobody = (stack.enter_context(RtpPeer()) for _ in range(2))
        late = stack.enter_context(world.carrier("late", tmp_path / "late", rtp_port=nobody.port))
        refusing = stack.enter_context(overloaded.sipp("unavailable", tmp_path / "overloaded"))
        answering = stack.enter_context(third.sipp("answer", tmp_path / "third", rtp_port=callee.port))
        uuid = world.dial()
        for sipp in (refusing, late, answering):
            sipp.finish()
        record = world.record(uuid)
    first, second, last = (sipp.received("INVITE")[0] for sipp in (late, refusing, answering))
    assert first.at <= second.at <= last.at
    assert len({sipp.header("Call-ID") for sipp in (first, second, last)}) == 3
    (ack,), (bye,) = late.received("ACK"), late.received("BYE")
    assert ack.at <= bye.at
    assert bye.at - late.sent(200)[0].at < AT_ONCE, "an answer that is late is ended at once"
    assert nobody.arrivals == [], "and hears nothing"
    assert callee.heard() == NOTICE[Codec.PCMA]
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLER_HUNG_UP)


def test_a_trunk_that_answered_options_and_does_so_no_more_is_passed_over(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        second = HeldPort("udp")
        stack.callback(second.release)
        setting = {"more_trunks": [{"name": "second", "address": second.uri, "keepalive": 0}]}
        world = stack.enter_context(
            sipp_world(
                tmp_path_factory.mktemp("world"), "udp", registered=False, trunk={"keepalive": 1}, setting=setting
            )
        )
        assert world.port.answer(405) == "OPTIONS"
        wait_for_line(world.world, r"\btrunk_health\b.*\bstate=up\b")
        wait_for_line(world.world, r"\btrunk_health\b.*\bstate=down\b")
        callee = stack.enter_context(RtpPeer())
        answering = stack.enter_context(second.sipp("answer", tmp_path / "second", rtp_port=callee.port))
        uuid = world.dial()
        answering.finish()
        assert world.record(uuid)["hangupcause"] == Cause.NORMAL
        methods = {data.partition(b" ")[0] for data in world.port.take()}
    assert methods == {b"OPTIONS"}, "it is asked on, and gets no call"


def test_a_trunk_that_wants_no_calls_for_a_minute_gets_none_while_there_is_another(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        second = HeldPort("udp")
        stack.callback(second.release)
        setting = {"more_trunks": [{"name": "second", "address": second.uri, "keepalive": 0}]}
        world = stack.enter_context(
            sipp_world(tmp_path_factory.mktemp("world"), "udp", registered=False, setting=setting)
        )
        with world.carrier("unavailable", tmp_path / "1") as refusing, second.sipp("busy", tmp_path / "2") as busy:
            uuid = world.dial()
            refusing.finish()
            busy.finish()
        assert world.record(uuid)["hangupcause"] == Cause.BUSY
        with second.sipp("busy", tmp_path / "3") as busy:
            uuid = world.dial()
            busy.finish()
        assert world.record(uuid)["hangupcause"] == Cause.BUSY
        assert world.port.take() == [], "it said Retry-After: 60"


def test_a_trunk_is_spoken_to_as_its_settings_say(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    with ExitStack() as stack:
        proxy = HeldPort("udp")
        stack.callback(proxy.release)
        trunk = {
            "name": "office",
            "address": "sip:192.0.2.77:5070",
            "proxy": f"sip:{LOOPBACK}:{proxy.number}",
            "strip": "1333",
            "prefix": "9*",
            "codecs": ["PCMU"],
            "dtmf": "info",
            "keepalive": 0,
            "from_user": "account",
            "from_domain": "office.example",
            "caller_id": "pai",
        }
        setting = {"more_trunks": [trunk], "company": {"trunks": ["office"], "key_time": 1}}
        world = stack.enter_context(
            sipp_world(tmp_path_factory.mktemp("world"), "udp", registered=False, setting=setting)
        )
        callee = stack.enter_context(RtpPeer())
        keys = {"rtp_port": callee.port, "payload_type": Codec.PCMU.value, "codec": "PCMU"}
        sipp = stack.enter_context(proxy.sipp("answer", tmp_path, **keys))
        uuid = world.dial("notice-ulaw.wav")
        sipp.finish()
        record = world.record(uuid)
        assert world.port.take() == [], "the company has one trunk"
    assert record["hangupcause"] == Cause.NORMAL
    assert (record["destnumber"], record["disnumber"]) == ("13333330000", NUMBERS[0]), "as they were given"
    assert callee.heard() == NOTICE[Codec.PCMU]
    (invite,) = sipp.received("INVITE")
    assert invite.first_line == "INVITE sip:9*3330000@192.0.2.77:5070 SIP/2.0"
    assert invite.header("Route") == f"<sip:{LOOPBACK}:{proxy.number};lr>"
    assert invite.header("From").partition(";")[0] == "<sip:account@office.example>"
    assert invite.header("P-Asserted-Identity") == f"<sip:{NUMBERS[0]}@office.example>"
    assert re.search(r"^m=audio [0-9]+ RTP/AVP 0\s*$", invite.text, re.MULTILINE), "neither A-law nor telephone-events"


def need_ipv6() -> None:
    """Go on if this machine has the IPv6 loopback address."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback address")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_whole_call_goes_over_ipv6(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, transport: str) -> None:
    need_ipv6()
    setting = {"sip": [f"{transport}:[::1]:0"], "network": {"domain": "::1"}}
    with (
        sipp_world(
            tmp_path_factory.mktemp("world"), transport, registered=False, address="::1", setting=setting
        ) as world,
        RtpPeer(address="::1") as callee,
        world.carrier("answer", tmp_path, rtp_port=callee.port) as sipp,
    ):
        uuid = world.dial()
        sipp.finish()
        record = world.record(uuid)
    assert callee.heard() == NOTICE[Codec.PCMA]
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLER_HUNG_UP)
    (invite,) = sipp.received("INVITE")
    assert re.fullmatch(r"<sip:[0-9]+@\[::1\]>;tag=.+", invite.header("From"))
    assert invite.header("Contact").startswith("<sip:[::1]:")
    assert invite.header("Via").startswith(f"SIP/2.0/{transport.upper()} [::1]:")
    assert re.search(r"^c=IN IP6 ::1\s*$", invite.text, re.MULTILINE)


def test_behind_a_nat_the_trunk_is_told_the_external_address_and_the_phone_beside_us_our_own(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    external, outside = "203.0.113.7", "127.0.0.2"
    setting = {"network": {"external_address": external, "local_networks": [f"{LOOPBACK}/32"]}}
    with (
        sipp_world(tmp_path_factory.mktemp("world"), "udp", registered=True, address=outside, setting=setting) as world,
        RtpPeer(address=outside) as callee,
        world.carrier("hang_up", tmp_path, rtp_port=callee.port) as sipp,
    ):
        uuid = world.dial("long.wav")
        sipp.finish()
        record = world.record(uuid)
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    assert callee.arrivals, "the voice goes out"
    ours = [message for message in sipp.messages() if not message.sent]
    assert {message.first_line.partition(" ")[0] for message in ours} == {"INVITE", "ACK", "SIP/2.0"}
    for message in ours:
        if not message.first_line.startswith("SIP/2.0"):
            assert message.header("Via").startswith(f"SIP/2.0/UDP {external}:")
    (invite,) = sipp.received("INVITE")
    assert invite.header("Contact").startswith(f"<sip:{external}:")
    assert re.search(rf"^o=- \d+ \d+ IN IP4 {external}\s*$", invite.text, re.MULTILINE)
    assert re.search(rf"^c=IN IP4 {external}\s*$", invite.text, re.MULTILINE)
