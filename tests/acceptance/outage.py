"""Calls before, during and after a time in which nothing can be stored, as far ends and company see them."""

import itertools
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from tests.acceptance.asking import voices_in
from tests.acceptance.sipp_world import noise
from tests.waiting import wait_until

from playvoice.control.client import ask
from playvoice.media.g711 import Codec
from playvoice.simulator.client import Client
from playvoice.simulator.configuration import ACCESSKEY, GROUP, NUMBERS
from playvoice.simulator.program import Program
from playvoice.simulator.sound import write_g711
from playvoice.simulator.world import Cast, World

UNRECORDED_APPID = "unrecorded-appid"
UNRECORDED_NUMBER = "2120290001"
HANGS_UP, HANGS_UP_LATE, STAYS = "1", "2", "0"
"""Last digits of the numbers whose phones hang up 1.5 s after the answer or 5 s, and of those that stay."""
SPENT = 20.0
"""Seconds that the server has to notice that storage is there again, on a busy machine."""
PATIENT = 40.0
"""Seconds that a customer waits for an answer, which a database that hangs delays by up to 21."""
MANY = 20_000
"""Requests that a disk of a few megabytes can't take."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and what became of it."""

    number: str
    answer: dict[str, Any]
    uuid: str

    @property
    def ret(self) -> int:
        return int(self.answer["ret"])


class Customer:
    """A company's client, and all that it asked for. Each request has a number of its own."""

    _numbers = itertools.count(1_000)

    def __init__(self, world: World, *, recorded: bool = False) -> None:
        self._world = world
        self._client: Client = world.client(PATIENT)
        if not recorded:
            self._client.login(UNRECORDED_APPID, ACCESSKEY)
        self._disnumber = NUMBERS[0] if recorded else UNRECORDED_NUMBER
        self.asked: list[Asked] = []

    def ask(self, last: str = STAYS, voice: str = "notice.wav", **fields: str) -> Asked:
        number = f"1333{next(self._numbers)}{last}"
        answer, uuid = self._client.play_voice(
            voicetype="1",
            destnumber=number,
            voicefile=voice,
            chengshudu="1",
            userid=f"1@{GROUP}",
            disnumber=self._disnumber,
            **fields,
        )
        asked = Asked(number, answer, uuid)
        self.asked.append(asked)
        return asked

    def connected(self, last: str = STAYS, **fields: str) -> Asked:
        """A call that is answered and whose answer is acknowledged."""
        asked = self.ask(last, **fields)
        assert asked.uuid, asked.answer
        carrier_of(self._world).wait_for("ack", 20, number=asked.number)
        return asked

    def ask_until_refused(self) -> Asked:
        """Ask until a request is answered with ret 500: the last one."""
        for _ in range(MANY):
            asked = self.ask(HANGS_UP)
            if asked.ret != 200:
                assert asked.ret == 500, asked.answer
                return asked
        raise AssertionError(f"{MANY} requests were stored all the same")

    def ask_until_accepted(self) -> Asked:
        """Ask until a request is accepted again: that one."""
        deadline = time.monotonic() + SPENT
        while time.monotonic() < deadline:
            asked = self.ask(HANGS_UP)
            if asked.uuid:
                return asked
            time.sleep(0.2)
        raise AssertionError(f"nothing was accepted within {SPENT:g} s: {asked.answer}\n{log_of(self._world)[-3000:]}")

    def record(self, asked: Asked, timeout: float = 30.0) -> dict[str, Any]:
        """The record that the company got of a call."""
        line = self._world.receiver.wait_for("callback", timeout, lambda line: asked.uuid in line["body"], path="/cdr")
        record: dict[str, Any] = line["payload"]
        return record

    def check(self) -> None:
        """Whoever was accepted has one record and one INVITE; whoever was refused was not called."""
        carrier = carrier_of(self._world)
        for asked in self.asked:
            if asked.uuid:
                self.record(asked)
            invites = len(carrier.all("invite", number=asked.number))
            if asked.uuid:
                records = [line for line in self._world.receiver.all("callback") if asked.uuid in line["body"]]
                assert len({line["webhook_id"] for line in records}) == 1, asked
                assert invites == 1, (invites, asked)
            else:
                assert invites == 0, asked


def make_world(folder: Path, **setting: Any) -> World:
    """A server with a company whose calls are recorded, and one whose are not; no agents."""
    voices = voices_in(folder)
    write_g711(voices / "unheard.wav", noise(1.0, Codec.PCMA, 9), Codec.PCMA)
    unrecorded = {
        "code": "2029",
        "name": "Unrecorded",
        "appid": UNRECORDED_APPID,
        "numbers": [UNRECORDED_NUMBER],
        "record": False,
    }
    cast = Cast(
        callee={
            STAYS: "answer",
            HANGS_UP: {"as": "answer", "hang_up_after": 1.5},
            HANGS_UP_LATE: {"as": "answer", "hang_up_after": 5.0},
        },
        registered=False,
        keep_audio=False,
        setting={"company": {"key_time": 60}, "more_companies": [{"key_time": 60, **unrecorded}], **setting},
    )
    return World(folder / "world", voices, cast)


def carrier_of(world: World) -> Program:
    assert world.carrier is not None
    return world.carrier


def log_of(world: World) -> str:
    return (world.directory / "server.log").read_text()


def state_of(world: World, page: str) -> tuple[int, str]:
    """HTTP status and text of `/healthz` or `/readyz`."""
    answer = httpx2.get(f"http://{world.http}{page}", timeout=10, trust_env=False)
    return answer.status_code, answer.text


def until_ready(world: World) -> None:
    wait_until(lambda: state_of(world, "/readyz")[0] == 200, lambda: str(state_of(world, "/readyz")), SPENT)


def live_through(world: World, outage: AbstractContextManager[object]) -> Customer:
    """Hold what is promised of a time in which nothing can be stored, and of the time after it; give who asked."""
    customer, carrier = Customer(world), carrier_of(world)
    stays, hangs_up = customer.connected(STAYS), customer.connected(HANGS_UP)
    with outage:
        customer.ask_until_refused()
        status, reasons = state_of(world, "/readyz")
        assert (status, '"part":"store","reason":"' in reasons) == (503, True), reasons
        assert state_of(world, "/healthz")[0] == 200, "the process works"
        carrier.wait_for("hung_up", 20, number=hangs_up.number)
        assert customer.ask().ret == 500
        assert not carrier.all("bye", number=stays.number), "a running call goes on"
    again = customer.ask_until_accepted()
    until_ready(world)
    record = customer.record(hangs_up)
    assert (record["hangupcause"], record["hangupdirection"]) == (10001, 10041)
    assert 1 <= record["billsec"] <= 2, "its end is when it was, not when it could be stored"
    carrier.wait_for("hung_up", 20, number=again.number)
    assert not carrier.all("bye", number=stays.number)
    ask(world.directory / "data", "call.hangup", {"uuid": stays.uuid})
    record = customer.record(stays)
    assert (record["hangupcause"], record["hangupdirection"]) == (10007, 10040)
    customer.check()
    return customer
