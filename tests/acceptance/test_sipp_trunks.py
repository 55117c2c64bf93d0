"""A real server with SIPp at the end of each trunk: limits, identities, hosts, and calls that wait for a place.

Each test has a trunk, and where it needs one a company, of its own, so that one server does for all.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import pytest
from tests.acceptance.rtp_peer import RtpPeer
from tests.acceptance.sipp_peer import Message, Part, Sipp
from tests.acceptance.sipp_world import HeldPort, SippWorld, sipp_world

from playvoice.codes import HangupCause as Cause
from playvoice.simulator.client import Client

pytestmark = pytest.mark.peer("sipp")

ELSEWHERE = "127.0.0.5"
"""Another host of the first trunk's carrier."""
RATE, PLACES = 4, 2
SLACK = 0.2
"""Seconds by which SIPp's times may be wrong on a busy machine."""
TRUNKS: dict[str, dict[str, object]] = {
    "rated": {"calls_per_second": RATE, "max_calls": 100},
    "narrow": {"max_calls": PLACES},
    "shared": {"max_calls": 1},
    "engaged": {"max_calls": 1},
    "preferred": {"caller_id": "ppi", "from_user": "account", "from_domain": "carrier.example"},
    "remote": {"caller_id": "rpid", "from_user": "account", "from_domain": "carrier.example"},
}
"""By name, what differs from a trunk without limits."""
COMPANIES = {"first": "shared", "second": "shared", "hasty": "engaged"}
"""Whose trunk is whose, beside the companies that are named as their trunk is."""


@dataclass(frozen=True, slots=True)
class Carriers:
    """The server, and the port that each of its trunks leads to."""

    world: SippWorld
    ports: dict[str, HeldPort]
    customers: dict[str, Client]

    def number(self, name: str) -> str:
        return f"219000{list(self.customers).index(name):04}"


@pytest.fixture(scope="module")
def carriers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carriers]:
    with ExitStack() as stack:
        ports = {name: HeldPort("udp") for name in TRUNKS}
        for port in ports.values():
            stack.callback(port.release)
        usual = {"keepalive": 0, "max_calls": 1_000, "calls_per_second": 500.0}
        trunks = [{**usual, "name": name, "address": ports[name].uri, **more} for name, more in TRUNKS.items()]
        companies = {**{name: name for name in TRUNKS if name not in COMPANIES.values()}, **COMPANIES}
        customers = [
            {
                "code": f"{9_001 + place}",
                "name": name,
                "appid": name,
                "trunks": [trunk],
                "numbers": [f"219000{place:04}"],
                "expire_after": 1 if name == "hasty" else 3_600,
            }
            for place, (name, trunk) in enumerate(companies.items())
        ]
        world = stack.enter_context(
            sipp_world(
                tmp_path_factory.mktemp("world"),
                "udp",
                registered=False,
                trunk={"hosts": [f"{ELSEWHERE}/32"]},
                setting={
                    "more_trunks": trunks,
                    "more_companies": customers,
                    "company": {"trunks": ["carrier"], "record_format": "wav", "key_time": 1},
                },
            )
        )
        yield Carriers(world, ports, {name: world.customer(name) for name in companies})


def caller(invite: Message) -> str:
    return invite.header("From").partition("sip:")[2].partition("@")[0]


def callee(invite: Message) -> str:
    return invite.first_line.partition("sip:")[2].partition("@")[0]


def begun(sipp: Sipp) -> list[Message]:
    """The INVITEs of calls, each once, in the order in which they came."""
    firsts: dict[str, Message] = {}
    for each in sipp.received("INVITE"):
        firsts.setdefault(each.header("Call-ID"), each)
    return list(firsts.values())


def test_in_no_second_are_more_calls_begun_than_the_trunk_may_begin(carriers: Carriers, tmp_path: Path) -> None:
    count = 2 * RATE + 1
    with carriers.ports["rated"].sipp("busy", tmp_path, Part(calls=count)) as sipp:
        uuids = [carriers.world.dial(customer=carriers.customers["rated"]) for _ in range(count)]
        sipp.finish()
        causes = {carriers.world.record(uuid)["hangupcause"] for uuid in uuids}
    times = [invite.at for invite in begun(sipp)]
    assert len(times) == count
    assert causes == {Cause.BUSY}
    assert all(then - first >= 1.0 - SLACK for first, then in zip(times, times[RATE:], strict=False))


def test_no_more_calls_are_on_a_trunk_at_once_than_it_may_have(carriers: Carriers, tmp_path: Path) -> None:
    with carriers.ports["narrow"].sipp("hang_up", tmp_path, Part(calls=PLACES + 1)) as sipp:
        uuids = [carriers.world.dial("long.wav", customer=carriers.customers["narrow"]) for _ in range(PLACES + 1)]
        sipp.finish()
        records = [carriers.world.record(uuid) for uuid in uuids]
    ends = sorted(each.at for each in sipp.messages() if each.sent and each.first_line.startswith("BYE "))
    starts = [invite.at for invite in begun(sipp)]
    assert starts[1] < ends[0], "two are on it at once"
    assert starts[2] > ends[0], "the third waits for a place"
    assert {(record["hangupcause"], record["hangupdirection"]) for record in records} == {
        (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    }


def test_calls_that_wait_are_dialled_in_order_and_in_turn_over_companies_or_expire(
    carriers: Carriers, tmp_path: Path
) -> None:
    world, customers = carriers.world, carriers.customers
    with (
        carriers.ports["shared"].sipp("slow_busy", tmp_path / "shared", Part(calls=7), hold=500) as shared,
        carriers.ports["engaged"].sipp("slow_busy", tmp_path / "engaged", hold=2_500) as engaged,
    ):
        held = world.dial(customer=customers["hasty"])
        world.dial(customer=customers["first"], destnumber="10000")
        world.dial(customer=customers["second"], destnumber="20000")
        while len(begun(shared)) < 2 or not begun(engaged):
            sleep(0.02)
        late = world.dial(customer=customers["hasty"])
        for number in ("20001", "10001", "10002", "10003", "20002"):
            world.dial(customer=customers["first" if number < "2" else "second"], destnumber=number)
        expired = world.record(late)
        shared.finish()
        engaged.finish()
        assert world.record(held)["hangupcause"] == Cause.BUSY
    order = begun(shared)
    dialled = [callee(invite) for invite in order]
    assert set(dialled[:2]) == {"10000", "20000"}
    assert dialled[2:] in (
        ["20001", "10001", "20002", "10002", "10003"],
        ["10001", "20001", "10002", "20002", "10003"],
    ), "each company in its order, and in turn"
    assert {caller(invite) for invite in order} == {carriers.number("first"), carriers.number("second")}
    assert (expired["hangupcause"], expired["hangupdirection"]) == (Cause.TIMER_EXPIRED, Cause.TIMER_EXPIRED)
    assert expired["starttime"] == expired["endtime"]
    assert len(begun(engaged)) == 1, "nothing was dialled for what had expired"
    assert carriers.ports["engaged"].take() == []


def test_a_request_that_comes_again_under_its_key_dials_once(carriers: Carriers, tmp_path: Path) -> None:
    world = carriers.world
    with world.carrier("busy", tmp_path) as sipp:
        uuids = {world.dial(idempotency_key="order-4711", destnumber="13333339999") for _ in range(3)}
        sipp.finish()
        uuids.add(world.dial(idempotency_key="order-4711", destnumber="13333339999"))
        world.record(*uuids)
    assert len(begun(sipp)) == 1
    assert world.port.take() == []


def test_the_caller_number_is_told_in_the_header_that_the_trunk_wants(carriers: Carriers, tmp_path: Path) -> None:
    headers = {"preferred": "P-Preferred-Identity", "remote": "Remote-Party-ID"}
    with ExitStack() as stack:
        sipps = {name: stack.enter_context(carriers.ports[name].sipp("busy", tmp_path / name)) for name in headers}
        for name in headers:
            carriers.world.dial(customer=carriers.customers[name])
        for sipp in sipps.values():
            sipp.finish()
    told = {}
    for name, header in headers.items():
        (invite,) = begun(sipps[name])
        assert invite.header("From").startswith("<sip:account@carrier.example>;tag=")
        assert [other for other in headers.values() if invite.header(other)] == [header]
        assert invite.header("P-Asserted-Identity") == ""
        told[name] = invite.header(header)
    assert told == {
        "preferred": f"<sip:{carriers.number('preferred')}@carrier.example>",
        "remote": f"<sip:{carriers.number('remote')}@carrier.example>;party=calling;screen=yes;privacy=off",
    }


def test_another_host_of_the_carriers_is_answered_and_may_end_a_call(carriers: Carriers, tmp_path: Path) -> None:
    world = carriers.world
    server = world.world.sip()
    with ExitStack() as stack:
        other = HeldPort("udp", ELSEWHERE)
        stack.callback(other.release)
        with other.sipp("host_asks", tmp_path / "asks", Part(server=server)) as asking:
            asking.finish()
        heard = stack.enter_context(RtpPeer())
        sipp = stack.enter_context(world.carrier("answer_only", tmp_path / "call", rtp_port=heard.port))
        uuid = world.dial("long.wav")
        while not sipp.received("ACK"):
            sleep(0.05)
        (invite,), (ok, *_) = sipp.received("INVITE"), sipp.sent(200)
        dialog = {
            "target": invite.header("Contact").strip("<>"),
            "callee": ok.header("To"),
            "caller": ok.header("From"),
            "call_id": ok.header("Call-ID"),
        }
        with other.sipp("host_hangs_up", tmp_path / "bye", Part(server=server), **dialog) as ending:
            ending.finish()
        sipp.finish()
        record = world.record(uuid)
    assert (record["hangupcause"], record["hangupdirection"]) == (Cause.NORMAL, Cause.CALLEE_HUNG_UP)
    world.assert_idle()
