"""What stands in the file after messages passed by."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from playvoice.sip import Flow, SipError, Transport
from playvoice.sip.pcap import FILE_HEADER
from playvoice.sip.trace_file import TraceFile

FLOW = Flow(Transport.UDP, ("192.0.2.9", 5080), ("192.0.2.1", 5060))


def invite(number: str = "13812345678", call_id: str = "a") -> bytes:
    return f"INVITE sip:{number}@192.0.2.9 SIP/2.0\r\nCall-ID: {call_id}\r\n\r\n".encode()


def bye(call_id: str = "a") -> bytes:
    return f"BYE sip:192.0.2.1 SIP/2.0\r\ni: {call_id}\r\n\r\n".encode()


def write(trace: TraceFile, *messages: bytes, sent: bool = True) -> None:
    trace.open()
    for message in messages:
        trace(message, FLOW, sent=sent, now=0.0)
    trace.close()


def test_text_tells_when_and_where_each_message_went(tmp_path: Path) -> None:
    path = tmp_path / "sip.txt"
    write(TraceFile(path), invite())
    head, first, *_ = path.read_text(encoding="utf-8").splitlines()
    assert head.endswith("sent to 192.0.2.9:5080 over udp (192.0.2.1:5060)")
    assert first == "INVITE sip:13812345678@192.0.2.9 SIP/2.0"


def test_a_capture_holds_the_messages_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "sip.pcap"
    write(TraceFile(path), invite(), b"\r\n\r\n", sent=False)
    octets = path.read_bytes()
    assert octets.startswith(FILE_HEADER)
    assert octets.endswith(invite())
    assert path.stat().st_mode & 0o077 == 0


def test_of_a_number_all_messages_of_its_calls_are_kept_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "sip.txt"
    write(TraceFile(path, number="13812345678"), invite(), invite("13900000000", "b"), bye("b"), bye())
    text = path.read_text(encoding="utf-8")
    assert text.count("INVITE") == text.count("BYE") == 1
    assert "13900000000" not in text


def test_a_number_that_is_looked_for_may_be_hidden(tmp_path: Path) -> None:
    path = tmp_path / "sip.txt"
    write(TraceFile(path, number="13812345678", mask=True), invite())
    assert "sip:138****5678@" in path.read_text(encoding="utf-8")


def test_secrets_never_stand_there(tmp_path: Path) -> None:
    path = tmp_path / "sip.pcap"
    write(TraceFile(path), bye() + b"", bye()[:-2] + b'Authorization: Digest response="0123"\r\n\r\n')
    assert b"0123" not in path.read_bytes()


def test_a_file_that_is_full_is_moved_and_a_third_one_never_made(tmp_path: Path) -> None:
    path = tmp_path / "sip.txt"
    for _ in range(3):
        write(TraceFile(path, max_octets=100), invite())
    trace = TraceFile(path, max_octets=100)
    trace._begin()
    for call_id in ("first", "second"):
        trace(invite(call_id=call_id), FLOW, sent=True, now=0.0)
        trace._write()
    trace._file.close()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["sip.1.txt", "sip.txt"]
    assert "first" in (tmp_path / "sip.1.txt").read_text(encoding="utf-8")
    assert "second" in path.read_text(encoding="utf-8")


def test_what_comes_faster_than_it_is_written_is_left_out_and_told(tmp_path: Path) -> None:
    with capture_logs() as logs:
        write(TraceFile(tmp_path / "sip.txt", max_waiting=1_500), *[invite()] * 5)
    assert [line["left_out"] for line in logs if line["event"] == "sip_trace_incomplete"] == [3]


def test_where_we_listen_on_all_addresses_the_one_that_others_see_stands_in_the_packets(tmp_path: Path) -> None:
    path = tmp_path / "sip.txt"
    trace = TraceFile(path, advertise=lambda _flow: ("198.51.100.1", 5060))
    trace.open()
    trace(invite(), Flow(Transport.TCP, ("192.0.2.9", 5080), ("0.0.0.0", 5060)), sent=True, now=0.0)
    trace.close()
    assert "(198.51.100.1:5060)" in path.read_text(encoding="utf-8")


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SipError, match=r"--trace-sip .*missing.*No such file"):
        TraceFile(tmp_path / "missing" / "sip.pcap").open()


def test_a_disk_that_fails_ends_the_file_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "trace"
    folder.mkdir()
    trace = TraceFile(folder / "sip.txt", max_octets=0)
    trace._begin()
    folder.rename(tmp_path / "elsewhere")
    with capture_logs() as logs:
        for _ in range(2):
            trace(invite(), FLOW, sent=True, now=0.0)
            trace._write()
    assert [line["event"] for line in logs] == ["sip_trace_ended"]
