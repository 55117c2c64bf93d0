import socket
from typing import Any

import pytest
from tests.unit.commands.doctor.world import SERVER, MadeUp, configuration, situation, told

from playvoice.commands.doctor import ports
from playvoice.commands.doctor.finding import Outcome
from playvoice.config import Config

HTTP, SIP = 18_080, 15_060


def config(**sections: Any) -> Config:
    return configuration(
        **{
            "server": {"http": f"127.0.0.1:{HTTP}"},
            "sip": {"listen": [f"udp:127.0.0.1:{SIP}"]},
            "rtp": {"address": "127.0.0.1", "ports": "21000-21999"},
            **sections,
        }
    )


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> dict[str, OSError | None]:
    """What binding comes to, whoever has ports of this machine just now."""
    outcome: dict[str, OSError | None] = {"bind": None}
    monkeypatch.setattr(ports, "can_bind", lambda _kind, _host, _port: outcome["bind"])
    return outcome


def test_free_ports_are_fine(made_up: MadeUp) -> None:
    found = list(ports.listening(situation(config(), made_up.machine)))
    assert [told(each) for each in found] == [("ok", "port of HTTP"), ("ok", "port of SIP over UDP")]
    assert found[0].seen == f"127.0.0.1:{HTTP} is free"


def test_a_port_that_another_program_has_is_a_failure_that_names_it(made_up: MadeUp) -> None:
    made_up.bind("tcp", HTTP, 11)
    made_up.run(7, "nginx -g", sockets=(11,))
    http, _ = ports.listening(situation(config(), made_up.machine))
    assert http.outcome is Outcome.FAILURE
    assert "process 7 (nginx -g)" in http.seen
    assert "[server] http" in http.do


def test_ports_of_the_running_server_and_of_its_children_are_fine(made_up: MadeUp) -> None:
    made_up.bind("tcp", HTTP, 11)
    made_up.bind("udp", SIP, 12)
    made_up.run(100, "playvoice serve", sockets=(11,))
    made_up.run(101, "python -m playvoice.media.worker", parent=100, sockets=(12,))
    found = list(ports.listening(situation(config(), made_up.machine, server=SERVER)))
    assert [each.outcome for each in found] == [Outcome.OK, Outcome.OK]
    assert "held by the running server, process 101" in found[1].seen


def test_a_holder_that_can_not_be_seen_is_told_by_his_user(made_up: MadeUp) -> None:
    made_up.bind("udp", SIP, 12)
    _, alone = ports.listening(situation(config(), made_up.machine))
    assert (alone.outcome, "a process of user 1000" in alone.seen) == (Outcome.FAILURE, True)
    _, beside = ports.listening(situation(config(), made_up.machine, server=SERVER))
    assert (beside.outcome, "most likely the running server" in beside.seen) == (Outcome.OK, True)


@pytest.mark.parametrize(
    ("error", "seen", "do"),
    [
        (
            OSError(99, "Cannot assign requested address"),
            "127.0.0.1 is no address of this machine",
            "write one of its own",
        ),
        (OSError(13, "Permission denied"), "may be taken by root only", "from 1024 on"),
        (OSError(24, "Too many open files"), "can't be listened on: Too many open files", "choose another"),
        (socket.gaierror(-2, "Name or service not known"), "is no address of this machine", "write one of its own"),
    ],
)
def test_why_a_port_can_not_be_had_decides_what_to_do(
    made_up: MadeUp, nobody_else: dict[str, OSError | None], error: OSError, seen: str, do: str
) -> None:
    nobody_else["bind"] = error
    http, _ = ports.listening(situation(config(), made_up.machine))
    assert http.outcome is Outcome.FAILURE
    assert seen in http.seen
    assert do in http.do


def test_port_0_is_the_systems_choice(made_up: MadeUp) -> None:
    free = config(sip={"listen": ["udp:127.0.0.1:0"]})
    _, sip = ports.listening(situation(free, made_up.machine))
    assert "the system chooses" in sip.seen


def rtp(made_up: MadeUp, text: str = "21000-21999", **fields: Any) -> list[tuple[str, str]]:
    wanted = config(rtp={"address": "127.0.0.1", "ports": text})
    return [told(each) for each in ports.rtp(situation(wanted, made_up.machine, **fields))]


def test_enough_rtp_ports_are_fine(made_up: MadeUp) -> None:
    assert rtp(made_up) == [("ok", "RTP ports")]


def test_too_few_rtp_ports_for_full_trunks_are_told_with_the_range_that_would_do(made_up: MadeUp) -> None:
    wanted = config(rtp={"address": "127.0.0.1", "ports": "21001-21020"})
    (found,) = ports.rtp(situation(wanted, made_up.machine))
    assert found.outcome is Outcome.WARNING
    assert "9 legs; 30 calls at once may need 31" in found.seen
    assert found.do == 'write [rtp] ports = "21001-21063"'


@pytest.mark.parametrize(
    ("text", "legs"), [("21000-21001", 1), ("21001-21003", 1), ("21001-21004", 1), ("21000-21003", 2)]
)
def test_a_leg_takes_an_even_port_and_the_next(made_up: MadeUp, text: str, legs: int) -> None:
    wanted = config(rtp={"address": "127.0.0.1", "ports": text})
    found = next(iter(ports.rtp(situation(wanted, made_up.machine))))
    assert f": {legs} legs;" in found.seen


def test_the_ports_that_the_system_gives_away_are_no_good(made_up: MadeUp) -> None:
    made_up.write("sys/net/ipv4/ip_local_port_range", "32768\t60999\n")
    assert rtp(made_up, "30000-39999") == [("ok", "RTP ports"), ("warning", "RTP ports and the system's")]
    assert rtp(made_up, "30000-32767") == [("ok", "RTP ports")]
    made_up.write("sys/net/ipv4/ip_local_port_range", "nonsense")
    assert rtp(made_up, "30000-39999") == [("ok", "RTP ports")]


def test_a_port_of_sip_among_those_of_rtp_is_told(made_up: MadeUp) -> None:
    assert rtp(made_up, "15000-15999") == [("ok", "RTP ports"), ("warning", "RTP ports and SIP")]


def test_strangers_on_rtp_ports_are_told_and_the_servers_own_are_not(made_up: MadeUp) -> None:
    made_up.bind("udp", 21_000, 11)
    made_up.run(100, "playvoice serve")
    made_up.run(101, "worker", parent=100, sockets=(11,))
    assert rtp(made_up, server=SERVER) == [("ok", "RTP ports")]
    made_up.bind("udp", 21_002, 12)
    assert rtp(made_up, server=SERVER) == [("ok", "RTP ports")], "who can't be seen is most likely the server"
    made_up.run(7, "rtpengine", sockets=(12,))
    assert rtp(made_up, server=SERVER) == [("ok", "RTP ports"), ("warning", "RTP ports in use")]


def test_an_rtp_address_of_another_machine_is_a_failure(
    made_up: MadeUp, nobody_else: dict[str, OSError | None]
) -> None:
    nobody_else["bind"] = OSError(99, "Cannot assign requested address")
    assert rtp(made_up) == [("failure", "RTP address")]
