"""A real server whose carrier is SIPp: started once, for many calls one after the other."""

import contextlib
import random
import socket
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.acceptance.sipp_peer import PATIENCE, Part, Sipp
from tests.waiting import wait_until

from playvoice.media.g711 import SAMPLE_RATE, Codec, Samples
from playvoice.simulator.client import Client
from playvoice.simulator.configuration import GROUP, LOOPBACK, NUMBERS
from playvoice.simulator.sound import read_channels, write_g711
from playvoice.simulator.world import EXTENSION, Cast, World
from playvoice.sip import Request
from playvoice.sip.message import make_response, parse

NO_MORE = Part()
KEY_TIME = 1
WAIT_TIME = 5
"""The shortest that the API takes."""
USERNAME, PASSWORD = "trunk-user", "trunk-secret"
EXTENSION_PASSWORD = "secret"


def noise(seconds: float, codec: Codec, seed: int) -> bytes:
    """G.711 octets in which no two places are alike; without μ-law's second zero, which decodes to the first."""
    octets = [octet for octet in range(256) if codec is Codec.PCMA or octet != 0x7F]
    return bytes(random.Random(seed).choices(octets, k=round(seconds * SAMPLE_RATE)))


NOTICE = {Codec.PCMA: noise(1.0, Codec.PCMA, 1), Codec.PCMU: noise(1.0, Codec.PCMU, 2)}
"""The usual voice, a second long: `notice.wav` and `notice-ulaw.wav`."""
LONG = noise(30.0, Codec.PCMA, 3)
"""A voice that nobody hears to its end: `long.wav`."""


class HeldPort:
    """A loopback port that is ours for the whole test, also while SIPp isn't there."""

    def __init__(self, transport: str, address: str = LOOPBACK) -> None:
        self.transport = transport
        self.address = address
        self.patience: float = PATIENCE
        """Seconds that a SIPp here waits for its call to end."""
        self._kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.number = 0
        self.hold()

    def hold(self) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET, self._kind)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((self.address, self.number))
        self.number = self._socket.getsockname()[1]

    def release(self) -> None:
        self._socket.close()

    def answer(self, status: int) -> str:
        """Answer the next request that comes while SIPp isn't here, over UDP; its method."""
        self._socket.settimeout(15)
        data, source = self._socket.recvfrom(65_535)
        request = parse(data)
        assert isinstance(request, Request)
        self._socket.sendto(bytes(make_response(request, status, to_tag="answered")), source)
        return str(request.method)

    def take(self) -> list[bytes]:
        """What came while SIPp wasn't here, over UDP."""
        found = []
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self._socket.recv(65_535))
        return found

    @property
    def uri(self) -> str:
        """The address of a trunk that leads here."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"sip:{host}:{self.number};transport={self.transport}"

    @contextmanager
    def sipp(self, scenario: str, directory: Path, part: Part = NO_MORE, /, **keys: object) -> Iterator[Sipp]:
        """SIPp here, with this scenario and what it names in brackets."""
        sipp = Sipp(
            *(scenario, directory, self.number),
            transport=self.transport,
            address=self.address,
            keys=keys,
            patience=self.patience,
            **part,
        )
        self.release()
        try:
            with sipp:
                yield sipp
        finally:
            self.hold()


@dataclass
class SippWorld:
    """A server, and the port on which each test starts SIPp as its carrier."""

    world: World
    client: Client
    port: HeldPort
    uuids: list[str] = field(default_factory=list)

    @contextmanager
    def carrier(self, scenario: str, directory: Path, part: Part = NO_MORE, /, **keys: object) -> Iterator[Sipp]:
        """SIPp at the end of the trunk, with this scenario and what it names in brackets."""
        with self.port.sipp(scenario, directory, part, **keys) as sipp:
            yield sipp

    def customer(self, appid: str) -> Client:
        """Another company, which has logged in."""
        client = self.world.client()
        client.login(appid)
        return client

    def dial(self, voice: str = "notice.wav", *, customer: Client | None = None, **parameters: str) -> str:
        """Ask for a call, with further parameters of the service, or others; gives its uuid."""
        usual = {
            "voicetype": "1",
            "destnumber": f"1333333{len(self.uuids):04}",
            "voicefile": voice,
            "chengshudu": "1",
            "userid": f"1@{GROUP}",
            "disnumber": NUMBERS[0] if customer is None else "",
            "waittime": str(WAIT_TIME),
        }
        answer, uuid = (customer or self.client).play_voice(**{**usual, **parameters})
        assert uuid, answer
        self.uuids.append(uuid)
        return uuid

    def record(self, uuid: str) -> dict[str, Any]:
        """The call record as it was delivered."""
        line = self.world.receiver.wait_for(
            "callback", 15, lambda each: bool(each["payload"]["uuid"] == uuid), path="/cdr"
        )
        assert line["signature"] == "valid"
        assert self.records(uuid) == 1, "a call has one record"
        return dict(line["payload"])

    def records(self, uuid: str) -> int:
        lines = self.world.receiver.all("callback", path="/cdr")
        return sum(line["payload"]["uuid"] == uuid for line in lines)

    def states(self, uuid: str) -> list[str]:
        """The extension states of a call as they were delivered."""
        lines = self.world.receiver.all("callback", path="/status")
        return [line["payload"]["status"] for line in lines if line["payload"]["uuid"] == uuid]

    def assert_idle(self) -> None:
        """Every leg has ended, which its far end has confirmed; it is stored soon after."""
        path = self.world.directory / "playvoice.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            left = partial(database.execute, "SELECT uuid, kind, state FROM legs WHERE state != 'ended'")
            wait_until(lambda: not left().fetchall(), lambda: f"these legs have ended: {left().fetchall()}")

    def recording(self, record: dict[str, Any]) -> tuple[float, list[Samples]]:
        """Seconds and channels of a call's recording, once it is there."""
        folder = self.world.directory / "data"
        path = wait_until(lambda: next(folder.rglob(record["recordfilename"]), None), "there is a recording")
        rate, channels = read_channels(path)
        return channels[0].size / rate, channels


@contextmanager
def sipp_world(
    directory: Path,
    transport: str,
    *,
    registered: bool,
    address: str = LOOPBACK,
    extensions: Sequence[str] = (EXTENSION,),
    trunk: Mapping[str, Any] = MappingProxyType({}),
    setting: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[SippWorld]:
    """Start a server whose trunk leads to SIPp; with `registered` an agent's phone is there too.

    `trunk` and `setting` are what differs in the trunk and in the rest of the configuration. What is in the directory's
    `voices` already can be played, too.
    """
    voices = directory / "voices"
    voices.mkdir(exist_ok=True)
    for codec, octets in NOTICE.items():
        write_g711(voices / f"notice{'' if codec is Codec.PCMA else '-ulaw'}.wav", octets, codec)
    write_g711(voices / "long.wav", LONG, Codec.PCMA)
    port = HeldPort(transport, address)
    cast = Cast(
        carrier=port.uri,
        agent={"": {"as": "answer", "answer_after": 0.3, "press": "5", "press_after": 0.7, "hang_up_after": 1.5}},
        extensions=dict.fromkeys(extensions, EXTENSION_PASSWORD),
        registered=registered,
        setting={
            # Between two tests nobody listens: OPTIONS would find the trunk down.
            "trunk": {"username": USERNAME, "password": PASSWORD, "keepalive": 0, **trunk},
            "company": {"key_time": KEY_TIME, "record_format": "wav"},
            **setting,
        },
    )
    try:
        with World(directory, voices, cast) as world:
            held = SippWorld(world, world.client(), port)
            yield held
            counts = [held.records(uuid) for uuid in held.uuids]
            assert counts == [1] * len(counts), "no call got a second record later"
    finally:
        port.release()
