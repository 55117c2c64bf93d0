"""RTCP of the worker's streams, tick by tick: who is sent what, and what is made of what comes."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.media.bench import Bench, Phone, connect
from tests.unit.media.workers import speech

from playvoice.media import control, rtcp
from playvoice.media import protocol as p
from playvoice.media.rtcp import Block, Compound, Report, Sent
from playvoice.media.rtp import FRAME

LONGEST = 7.2
"""Seconds that may lie between two reports: the interval at its longest, and the second's round of checks."""


@pytest.fixture
def voice(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "voice").write_bytes(speech(2.0, 1))
    return {"8": str(tmp_path / "voice")}


def told(phone: Phone) -> list[Compound]:
    """The reports since this was last asked."""
    compounds: list[Compound] = []
    while True:
        try:
            compound = rtcp.parse(phone.rtcp.recv(2048))
        except BlockingIOError:
            return compounds
        assert compound is not None
        compounds.append(compound)


def tells(phone: Phone, reserved: p.Reserved, data: bytes) -> None:
    phone.rtcp.sendto(data, ("127.0.0.1", reserved.port + 1))


def released(bench: Bench, reserved: p.Reserved) -> p.Released:
    bench.do(p.Release(5, reserved.stream))
    (message,) = [each for each in bench.engine.take_reports() if isinstance(each, p.Released)]
    return message


def report(ssrc: int, *blocks: Block, sent: Sent | None = None) -> bytes:
    return rtcp.write(Report(ssrc, sent, blocks), rtcp.describe(ssrc, b"phone"))


def test_a_voice_is_reported_with_what_left_and_when_its_timestamps_were(bench: Bench, voice: dict[str, str]) -> None:
    reserved, phone = bench.phone()
    bench.do(p.Play(reserved.stream, voice, True))
    bench.run(60.0)
    packets, reports = phone.heard(), [compound.reports[0] for compound in told(phone)]
    assert 60 / LONGEST <= len(reports) <= 60 / 2.0
    assert {each.ssrc for each in reports} == {packets[0].ssrc}
    for each in reports:
        assert each.sent is not None
        assert each.blocks == (), "nothing was received"
        assert each.sent.octets == each.sent.packets * FRAME
        at = (each.sent.rtp - packets[0].timestamp & 0xFFFFFFFF) / FRAME
        assert each.sent.packets == pytest.approx(at, abs=1.1), "the timestamp of now, which is 20 ms after the last"
    first, last = reports[0].sent, reports[-1].sent
    assert first is not None
    assert last is not None
    passed = (last.ntp - first.ntp) / (1 << 32)
    assert (last.rtp - first.rtp & 0xFFFFFFFF) / 8000 == pytest.approx(passed, abs=0.006), "both clocks run alike"


def test_what_a_phone_says_is_reported_back_with_its_losses(bench: Bench) -> None:
    reserved, phone = bench.phone()
    other, _agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream))
    tells(phone, reserved, report(7, sent=Sent(0x0000AAAA_BBBB0000, 0, 1, 1)))
    for number in range(50 * 8):
        if number % 10 == 9:
            phone.sequence += 1
        phone.says(reserved.port)
        bench.run(0.02)
    last = told(phone)[-1].reports[0]
    assert last.sent is None, "nothing was sent"
    (block,) = last.blocks
    assert block.ssrc == 7
    assert block.fraction_lost / 256 == pytest.approx(0.09, abs=0.02)
    assert block.lost == pytest.approx((block.highest_sequence - 100) * 0.09, abs=3)
    assert block.last_report == 0xAAAABBBB
    assert 1.0 < block.since_last_report / 65_536 < 8.0


def test_what_the_phone_reports_is_given_when_the_stream_is_released(bench: Bench, voice: dict[str, str]) -> None:
    reserved, phone = bench.phone()
    bench.do(p.Play(reserved.stream, voice, True))
    ours: list[Report] = []
    while not ours:
        bench.run(0.2)
        ours = [compound.reports[0] for compound in told(phone)]
    assert ours[0].sent is not None
    bench.run(0.5)
    block = Block(ours[0].ssrc, 10, 12, 500, 40, ours[0].sent.ntp >> 16 & 0xFFFFFFFF, round(0.3 * 65_536))
    tells(phone, reserved, report(7, block))
    bench.run(0.02)
    figures = released(bench, reserved)
    assert (figures.far_lost, figures.far_jitter_us, figures.ignored) == (12, 5_000, 0)
    assert 0.2 <= figures.round_trip_us / 1e6 <= 0.4, "half a second less 0.3, and at most a round of looking"


def test_without_a_report_of_the_phone_there_are_no_figures(bench: Bench) -> None:
    reserved, _ = bench.phone()
    figures = released(bench, reserved)
    assert (figures.far_lost, figures.far_jitter_us, figures.round_trip_us) == (-1, -1, -1)


def test_a_stream_says_bye_when_it_is_released(bench: Bench, voice: dict[str, str]) -> None:
    reserved, phone = bench.phone()
    bench.do(p.Play(reserved.stream, voice, True))
    bench.run(0.1)
    figures = released(bench, reserved)
    (goodbye,) = told(phone)
    (packet, *_) = phone.heard()
    assert goodbye.leaving == (packet.ssrc,)
    assert goodbye.reports[0].sent is not None
    assert goodbye.reports[0].sent.packets == figures.sent == 5


def test_a_stream_that_was_never_used_says_nothing(bench: Bench) -> None:
    reserved, phone = bench.phone()
    bench.run(0.1)
    released(bench, reserved)
    assert told(phone) == []


def test_a_phone_that_holds_is_reported_to_all_the_same(bench: Bench) -> None:
    reserved, phone = bench.phone()
    bench.do(connect(reserved, phone, sends=False, receives=False))
    bench.run(LONGEST)
    assert told(phone)


@pytest.mark.parametrize("changed", [{"rtcp_port": 0}, {"port": 0}, {"host": "0.0.0.0", "rtcp_host": "0.0.0.0"}])
def test_who_wants_no_reports_gets_none(bench: Bench, changed: dict[str, str | int]) -> None:
    reserved, phone = bench.phone()
    bench.do(replace(connect(reserved, phone), **changed))  # type: ignore[arg-type]
    bench.run(2 * LONGEST)
    released(bench, reserved)
    assert told(phone) == []


def test_reports_go_where_the_description_says_until_the_phones_come_from_elsewhere(bench: Bench) -> None:
    reserved, phone = bench.phone()
    elsewhere = Phone()
    bench.phones.append(elsewhere)
    bench.do(replace(connect(reserved, phone), rtcp_port=elsewhere.port + 1))
    bench.run(LONGEST)
    assert told(elsewhere)
    assert told(phone) == []
    tells(phone, reserved, report(7))
    bench.run(LONGEST)
    assert told(elsewhere) == []
    assert told(phone)
    tells(elsewhere, reserved, report(7))
    bench.run(LONGEST)
    assert told(elsewhere), "the described address wins over another port"
    assert told(phone) == []


def test_a_host_that_only_the_rtcp_line_names_is_reported_to_and_believed(bench: Bench) -> None:
    reserved, phone = bench.phone()
    elsewhere = Phone("127.0.0.9")
    bench.phones.append(elsewhere)
    bench.do(replace(connect(reserved, phone), rtcp_host="127.0.0.9", rtcp_port=elsewhere.port + 1))
    bench.run(LONGEST)
    (ssrc,) = {compound.reports[0].ssrc for compound in told(elsewhere)}
    stranger = Phone("127.0.0.8")
    bench.phones.append(stranger)
    for phone_of, lost in ((stranger, 99), (elsewhere, 3)):
        tells(phone_of, reserved, report(7, Block(ssrc, 0, lost, 1, 0)))
        bench.run(0.02)
    figures = released(bench, reserved)
    assert (figures.far_lost, figures.ignored) == (3, 1)


def test_behind_nat_reports_follow_the_rtp(bench: Bench) -> None:
    reserved, phone = bench.phone()
    behind_nat = Phone()
    bench.phones.append(behind_nat)
    for _ in range(3):
        behind_nat.says(reserved.port)
        bench.run(0.02)
    bench.run(LONGEST)
    assert told(behind_nat)
    assert told(phone) == []


def test_what_is_no_report_or_no_far_ends_is_counted_and_is_no_sign_of_life(bench: Bench) -> None:
    reserved, phone = bench.phone()
    other, _agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream))
    for number in range(20):
        tells(phone, reserved, (b"", b"\x80\xc9\0\xff", b"\x80\xc8\0\0hello")[number % 3])
    heard = bench.run(61.0)
    assert p.Silent(reserved.stream) in heard
    assert released(bench, reserved).ignored == 20


def test_what_a_stranger_sends_is_not_even_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    reserved, phone = bench.phone()
    read: list[bytes] = []
    monkeypatch.setattr(control, "parse", read.append)
    stranger = Phone("127.0.0.9")
    bench.phones.append(stranger)
    for each, what in ((stranger, b"theirs"), (phone, b"its own")):
        tells(each, reserved, what)
        bench.run(0.02)
    assert read == [b"its own"]
    assert released(bench, reserved).ignored == 2


def test_reports_alone_keep_a_silent_phone_alive(bench: Bench) -> None:
    reserved, phone = bench.phone()
    other, _agent = bench.phone()
    bench.do(p.Bridge(reserved.stream, other.stream))
    for _ in range(8):
        tells(phone, reserved, report(7))
        assert p.Silent(reserved.stream) not in bench.run(10.0)


def test_a_flood_of_reports_waits_and_the_voice_goes_on(bench: Bench, voice: dict[str, str]) -> None:
    reserved, phone = bench.phone()
    bench.do(p.Play(reserved.stream, voice, True))
    for _ in range(100):
        tells(phone, reserved, b"x" * 1000)
    bench.run(0.02)
    assert len(phone.heard()) == 1
    assert 0 < released(bench, reserved).ignored <= 4, "one in each tick"


def test_each_stream_has_a_name_of_its_own_that_tells_nothing(bench: Bench) -> None:
    names = set()
    for _ in range(3):
        reserved, phone = bench.phone()
        bench.run(LONGEST)
        data = phone.rtcp.recv(2048)
        at = data.index(b"\x81\xca")
        assert data[at + 8 : at + 10] == bytes((1, 16)), "CNAME of 16 characters"
        names.add(data[at + 10 : at + 26])
        released(bench, reserved)
    assert len(names) == 3
