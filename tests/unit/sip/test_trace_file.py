"""What stands in the file after messages passed by."""

from pathlib import Path
from threading import Event

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


def test_a_directory_of_that_name_is_neither_moved_nor_written(tmp_path: Path) -> None:
    (tmp_path / "sip").mkdir()
    with pytest.raises(SipError, match="something that is no file has this name"):
        TraceFile(tmp_path / "sip").open()
    assert [found.name for found in tmp_path.iterdir()] == ["sip"]


def test_what_a_link_of_that_name_leads_to_is_not_written(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    elsewhere.chmod(0o644)
    for target in (elsewhere, tmp_path / "dangling"):
        link = tmp_path / f"{target.name}.pcap"
        link.symlink_to(target)
        with pytest.raises(SipError, match="no file"):
            TraceFile(link).open()
    assert elsewhere.stat().st_size == 0
    assert elsewhere.stat().st_mode & 0o777 == 0o644
    assert not (tmp_path / "dangling").exists()


def test_nobody_else_may_read_the_file_from_its_begin_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "chmod", lambda *_: pytest.fail("until then everybody may"))
    path = tmp_path / "sip.pcap"
    write(TraceFile(path), invite())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_message_that_can_not_be_written_costs_the_others_nothing(tmp_path: Path) -> None:
    def advertise(flow: Flow) -> tuple[str, int]:
        if flow.remote[1] == 1:
            raise ValueError("no address")
        return ("198.51.100.1", 5060)

    path = tmp_path / "sip.txt"
    trace = TraceFile(path, advertise=advertise)
    trace.open()
    with capture_logs() as logs:
        for port in (1, 2):
            trace(invite(), Flow(Transport.UDP, ("192.0.2.9", port), ("0.0.0.0", 5060)), sent=True, now=0.0)
        trace.close()
    assert [line["event"] for line in logs] == ["sip_message_not_traced"]
    assert path.read_text(encoding="utf-8").count("INVITE") == 1


def test_what_comes_while_the_last_but_one_is_written_is_written(tmp_path: Path) -> None:
    path = tmp_path / "sip.txt"
    trace = TraceFile(path)
    writing, go_on = Event(), Event()
    write_now = trace._write

    def write_slowly() -> None:
        write_now()
        writing.set()
        go_on.wait(10)

    trace._write = write_slowly  # type: ignore[method-assign]
    trace.open()
    trace(invite(call_id="first"), FLOW, sent=True, now=0.0)
    assert writing.wait(10)
    trace(invite(call_id="second"), FLOW, sent=True, now=0.0)
    trace._closing.set()
    go_on.set()
    trace.close()
    assert "second" in path.read_text(encoding="utf-8")


def test_a_full_disk_keeps_no_server_from_its_stop(tmp_path: Path) -> None:
    trace = TraceFile(tmp_path / "sip.txt")
    trace.open()
    trace._file.close()
    trace._file = Path("/dev/full").open("wb")  # noqa: SIM115
    with capture_logs() as logs:
        trace(invite(), FLOW, sent=True, now=0.0)
        trace.close()
    assert [line["reason"] for line in logs if line["event"] == "sip_trace_ended"] == ["No space left on device"]


def test_an_address_of_the_other_family_stands_in_no_packet(tmp_path: Path) -> None:
    path = tmp_path / "sip.txt"
    trace = TraceFile(path, advertise=lambda _flow: ("198.51.100.1", 5060))
    trace.open()
    trace(invite(), Flow(Transport.UDP, ("2001:db8::9", 5080), ("::", 5060)), sent=True, now=0.0)
    trace.close()
    assert "([::]:5060)" in path.read_text(encoding="utf-8")


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
