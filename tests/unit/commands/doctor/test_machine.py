import socket

import pytest
from tests.unit.commands.doctor.world import MadeUp

from playvoice.commands.doctor.machine import BoundSocket, Machine, can_bind

FIB = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.0.0.0/8 2 0 2
        |-- 10.0.0.0
           /24 link UNICAST
        |-- 10.0.0.5
           /32 host LOCAL
        |-- 10.0.0.255
           /32 link BROADCAST
"""


def test_sockets_are_read_with_their_addresses_in_the_order_of_the_processor(made_up: MadeUp) -> None:
    made_up.bind("udp", 5060, 11)
    made_up.bind("udp6", 5061, 12, address="00000000000000000000000001000000")
    made_up.bind("tcp", 8080, 13, address="00000000")
    assert made_up.machine.sockets("udp") == [
        BoundSocket("udp", "127.0.0.1", 5060, 1000, 11),
        BoundSocket("udp", "::1", 5061, 1000, 12),
    ]
    assert [each.host for each in made_up.machine.sockets("tcp")] == ["0.0.0.0"]


def test_a_tcp_connection_holds_no_port(made_up: MadeUp) -> None:
    made_up.bind("tcp", 8080, 13, state="01")
    assert made_up.machine.sockets("tcp") == []


def test_a_line_that_is_none_is_passed_over(made_up: MadeUp) -> None:
    made_up.write("net/udp", "head\n   1: 0100007F:13C4\n\n")
    assert made_up.machine.sockets("udp") == []


@pytest.mark.parametrize(
    ("bound", "wanted", "in_the_way"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("::", "127.0.0.1", True),
        ("10.0.0.5", "127.0.0.1", False),
        ("10.0.0.5", "0.0.0.0", True),
        ("::1", "0.0.0.0", False),
        ("::1", "::", True),
        ("::", "::1", True),
        ("127.0.0.1", "::1", False),
    ],
)
def test_a_socket_is_in_the_way_of_its_address_and_of_the_wildcard(bound: str, wanted: str, in_the_way: bool) -> None:
    assert BoundSocket("udp", bound, 5060, 0, 1).is_in_the_way_of(wanted) is in_the_way


def test_who_has_a_socket_is_found_by_his_descriptors(made_up: MadeUp) -> None:
    made_up.run(7, "nc -l 8080", parent=3, sockets=(11, 13))
    holders = made_up.machine.holders([13, 99])
    assert {inode: str(process) for inode, process in holders.items()} == {13: "process 7 (nc -l 8080)"}
    assert holders[13].parent == 3
    assert made_up.machine.holders([]) == {}


def test_a_process_that_is_gone_is_none(made_up: MadeUp) -> None:
    assert made_up.machine.process(7) is None
    made_up.write("7/status", "garbage")
    assert made_up.machine.process(7) is None


def test_a_process_without_a_command_line_goes_by_its_name(made_up: MadeUp) -> None:
    made_up.write("7/status", "Name:\tkthreadd\nPPid:\t0\n")
    assert str(made_up.machine.process(7)) == "process 7 (kthreadd)"


def test_the_hard_limit_of_descriptors_counts(made_up: MadeUp) -> None:
    made_up.run(7, "x", files="20000")
    made_up.run(8, "x", files="unlimited")
    assert [made_up.machine.descriptors(pid) for pid in (7, 8, 9)] == [20_000, 1 << 62, None]


def test_memory_is_what_is_free_within_the_control_group(made_up: MadeUp) -> None:
    assert made_up.machine.memory_available() is None
    made_up.write("meminfo", "MemTotal: 9 kB\nMemAvailable:   2048 kB\n")
    assert made_up.machine.memory_available() == 2 * 1024 * 1024
    made_up.write("cgroup/memory.max", "1500000\n")
    made_up.write("cgroup/memory.current", "500000\n")
    assert made_up.machine.memory_available() == 1_000_000
    made_up.write("cgroup/memory.max", "max\n")
    assert made_up.machine.memory_available() == 2 * 1024 * 1024


def test_processors_are_those_of_the_control_group(made_up: MadeUp) -> None:
    all_of_them = made_up.machine.processors()
    made_up.write("cgroup/cpu.max", "50000 100000\n")
    assert made_up.machine.processors() == 0.5
    made_up.write("cgroup/cpu.max", "max 100000\n")
    assert made_up.machine.processors() == all_of_them >= 1


def test_addresses_are_the_local_hosts_without_link_local_ones(made_up: MadeUp) -> None:
    made_up.write("net/fib_trie", FIB)
    made_up.write(
        "net/if_inet6",
        "20010db8000000000000000000000005 02 40 00 80 eth0\nfe800000000000000000000000000005 02 40 20 80 eth0\n",
    )
    assert made_up.machine.addresses() == ["10.0.0.5", "2001:db8::5"]


def test_this_machine_has_loopback() -> None:
    assert "127.0.0.1" in Machine().addresses()
    assert Machine().setting("net/ipv4/ip_local_port_range")
    assert Machine().setting("net/no/such/thing") is None


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_can_be_bound_while_nobody_has_it(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            sock.listen()
        port = sock.getsockname()[1]
        assert can_bind(kind, "127.0.0.1", port) is not None
    assert can_bind(kind, "127.0.0.1", port) is None
