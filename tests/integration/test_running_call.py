"""One call with the real parts on loopback: store, SIP endpoint, media worker; far ends are phones of the same code."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import Connection, select
from tests import samples

from playvoice.callbacks import callbacks
from playvoice.calls import journal, ledger
from playvoice.calls.agents import Agents
from playvoice.calls.confirmations import Confirmations
from playvoice.calls.heartbeat import HeartbeatFile
from playvoice.calls.legs import Parts
from playvoice.calls.links import RecordingLinks
from playvoice.calls.owners import Owners
from playvoice.calls.ports import Agent, Group, Phone, Settings
from playvoice.calls.queue import CallQueue
from playvoice.calls.recordings import Recordings
from playvoice.calls.request import PlayVoice
from playvoice.calls.running import RunningCall
from playvoice.calls.tables import calls, legs
from playvoice.calls.userid import parse_userid
from playvoice.lines.targets import Tried
from playvoice.lines.trunk import Trunk
from playvoice.media import sdp
from playvoice.media.client import MediaEvent, Stream
from playvoice.media.encoding import wav_header
from playvoice.media.g711 import Codec, convert
from playvoice.media.supervisor import MediaSupervisor
from playvoice.media.transcoder import Transcoder
from playvoice.sip import (
    URI,
    Acknowledged,
    CallEnded,
    Cancelled,
    Credentials,
    Event,
    Flow,
    IncomingCall,
    IncomingCallReceived,
    SessionAnswered,
    SipEndpoint,
    UserAgent,
)
from playvoice.store import Store, StoreUnavailable, metadata
from playvoice.voices import Voice, VoiceKind, VoiceRef

E = TypeVar("E", bound=Event)

COMPANY = replace(samples.COMPANY, key_time=1)


class FarEnd:
    """A phone or a carrier: takes one call, and does with it what the test says."""

    def __init__(self, media: MediaSupervisor) -> None:
        self.media = media
        self.version = 1
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.endpoint = SipEndpoint(UserAgent(), [("udp", "127.0.0.1", 0)], self.events.put_nowait)
        self.call: IncomingCall
        self.stream: Stream

    @property
    def port(self) -> int:
        return self.endpoint.addresses[0].local[1]

    async def expect(self, kind: type[E]) -> E:
        async with asyncio.timeout(10):
            while not isinstance(event := await self.events.get(), kind):
                pass
        return event

    async def rings(self, status: int = 180) -> None:
        self.call = (await self.expect(IncomingCallReceived)).call
        self.call.ring(self.endpoint.now(), status)
        self.endpoint.flush()

    async def answers(self, record: Path) -> None:
        self.stream = await self.media.reserve(_ignore)
        body, negotiated = sdp.answer(self.call.request.body, "127.0.0.1", self.stream.port, session_id=1)
        self.stream.connect(negotiated)
        self.stream.record(record)
        self.call.answer(self.endpoint.now(), bytes(body))
        self.endpoint.flush()
        await self.expect(Acknowledged)

    async def changes(self, direction: sdp.Direction, codec: Codec = Codec.PCMA) -> sdp.Direction:
        """Offer the session anew; the direction of the server's answer."""
        self.version += 1
        body = sdp.offer(
            "127.0.0.1", self.stream.port, (codec,), session_id=1, version=self.version, direction=direction
        )
        assert self.call.session.offer(self.endpoint.now(), bytes(body))
        self.endpoint.flush()
        answer = sdp.parse((await self.expect(SessionAnswered)).body)
        self.stream.connect(sdp.accept(body, answer))
        return answer.direction(answer.media[0])

    async def says(self, sound: Path) -> None:
        """Speak, and come to an end."""
        ended = asyncio.Event()
        self.stream.on_event = lambda _event: ended.set()
        self.stream.play({Codec.PCMA: sound, Codec.PCMU: sound})
        async with asyncio.timeout(10):
            await ended.wait()

    def rejects(self, status: int) -> None:
        self.call.reject(self.endpoint.now(), status)
        self.endpoint.flush()

    def hangs_up(self) -> None:
        self.call.bye(self.endpoint.now())
        self.endpoint.flush()


def _ignore(_event: MediaEvent) -> None:
    pass


@dataclass
class World:
    """The server's parts, the call, and the far ends."""

    store: Store
    media: MediaSupervisor
    endpoint: SipEndpoint
    carrier: FarEnd
    agent: FarEnd
    folder: Path
    voice: bytes
    owners: Owners
    recordings: Recordings
    given_back: int = 0
    silent: bool = False
    others: list[Trunk] = field(default_factory=list)
    """Trunks that may be tried after the first."""
    calls: list[RunningCall] = field(default_factory=list)
    members: tuple[str, ...] = ("20280003",)
    registered: bool = True

    # --- what the running call asks for

    def exist(self, names: Sequence[str] | None) -> bool:
        return True

    def take(self, names: Sequence[str] | None, tried: Tried, now: float) -> tuple[Trunk, Flow] | None:
        for trunk in self.others:
            flow = self.endpoint.flow_to("udp", "127.0.0.1", trunk.address.port or 5060)
            if trunk.name not in tried.trunks and (trunk.name, flow) not in tried.addresses:
                return trunk, flow
        return None

    def credentials(self, name: str) -> Credentials | None:
        return None

    def obstacle(self, names: Sequence[str] | None, now: float) -> str:
        return ""

    def remain(self, names: Sequence[str] | None, tried: Tried, now: float) -> bool:
        return self.take(names, tried, now) is not None

    def begin_again(self, trunk: Trunk, now: float) -> None:
        raise AssertionError("nothing is redirected here")

    def give_back(self, trunk: Trunk) -> None:
        self.given_back += 1

    def heard(self, trunk: Trunk, flow: Flow, now: float) -> None:
        pass

    def failed(self, trunk: Trunk, flow: Flow, now: float, retry_after: float = 0.0) -> None:
        pass

    def may_have_forgotten(self, trunk: Trunk, now: float) -> None:
        pass

    def is_silent(self, trunk: Trunk, flow: Flow, now: float) -> bool:
        return self.silent

    def group(self, company_code: str, name: str) -> Group:
        return Group(self.members, ring_time=20, max_wait=60)

    def member(self, extension: str) -> Agent | None:
        if not self.registered:
            return None
        uri = URI.parse(f"sip:{extension}@127.0.0.1:{self.agent.port}")
        return Agent(extension, (Phone(uri, self.endpoint.flow_to("udp", "127.0.0.1", self.agent.port)),))

    # --- what a test does

    async def place(
        self, userid: str = "1@sales", waittime: int = 60, trunk_timeout: int = 4
    ) -> "asyncio.Future[RunningCall]":
        request = PlayVoice(
            company_code="2028",
            destnumber="13333333333",
            voice=VoiceRef(VoiceKind.LIBRARY, "notice.wav"),
            key_groups=parse_userid(userid),
            userid=userid,
            disnumber="2120280001",
            chengshudu="1",
            customuuid="c1",
            memberid="",
            ext="",
            waittime=waittime,
            conntime=3600,
        )
        accepted = await CallQueue(self.store).accept(request, datetime.now(UTC))
        stored = self.store.read_now(lambda conn: ledger.read_call(conn, accepted.uuid))
        assert stored is not None
        files = {Codec.PCMA: self.folder / "voice.pcma", Codec.PCMU: self.folder / "voice.pcma"}
        voice = Voice(files, len(self.voice) / 8000)
        settings = Settings(
            lambda _flow: "127.0.0.1",
            "example.com",
            "127.0.0.1",
            ZoneInfo("Asia/Shanghai"),
            hold_music=voice,
            links=RecordingLinks("http://127.0.0.1", bytes(32)),
        )
        parts = Parts(
            store=self.store,
            sip=self.endpoint,
            media=self.media,
            routes=self,
            agents=Agents(self),
            recordings=self.recordings,
            heartbeat=HeartbeatFile(self.folder / "heartbeat"),
            owners=self.owners,
            settings=settings,
            wake_sender=lambda: None,
        )
        flow = self.endpoint.flow_to("udp", "127.0.0.1", self.carrier.port)
        over = asyncio.get_running_loop().create_future()
        stream = await self.media.reserve(_ignore)
        call = RunningCall(parts, stored, COMPANY, voice, stream, over.set_result)
        self.calls.append(call)
        call.start(self.trunk("carrier", self.carrier, trunk_timeout), flow, COMPANY.expire_after)
        return over

    def lose(self, streams: Collection[Stream]) -> None:
        for call in self.calls:
            if call.uses(streams):
                call.cut()

    def trunk(self, name: str, carrier: FarEnd, timeout: int = 4) -> Trunk:
        return Trunk(name, URI.parse(f"sip:127.0.0.1:{carrier.port}"), "127.0.0.1", trunk_timeout=timeout)

    async def recording(self) -> bytes:
        """The audio of the one recording: A-law, left and right in turn."""
        await self.recordings.encoded()
        (found,) = self.folder.glob("recordings/*/*/*/*.wav")
        return found.read_bytes()[len(wav_header(0)) :]

    def owed(self) -> list[dict[str, object]]:
        """The callbacks in the order in which they are owed."""
        query = select(callbacks.c.payload).order_by(callbacks.c.id)
        return [json.loads(text) for text in self.store.read_now(lambda conn: conn.execute(query).scalars().all())]

    def record(self) -> tuple[object, ...]:
        """Cause, direction, key and agent of the one record."""
        record = self.owed()[-1]
        return tuple(record[name] for name in ("hangupcause", "hangupdirection", "userkey", "extnumber"))

    async def nothing_is_left(self) -> bool:
        """Every leg's far end has confirmed, and that is stored."""
        async with asyncio.timeout(10):
            await self.owners.empty()
            await self.recordings.encoded()
        states = await self.store.write(
            lambda conn: [*conn.execute(select(calls.c.state)).scalars(), *conn.execute(select(legs.c.state)).scalars()]
        )
        return set(states) == {"ended"} and not list(self.folder.glob("recordings/raw/*"))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    store = Store.open(f"sqlite:///{tmp_path}/calls.db")
    store.write_now(metadata.create_all)
    media = await MediaSupervisor.start(
        address="127.0.0.1", ports=(20_000, 29_999), max_streams=64, on_gone=lambda streams: made.lose(streams)
    )
    transcoder = Transcoder()
    carrier, agent = FarEnd(media), FarEnd(media)
    owners = Owners(Confirmations(store))

    def route(event: Event) -> None:
        owners.handle(event)

    endpoint = SipEndpoint(UserAgent(), [("udp", "127.0.0.1", 0)], route)
    for one in (endpoint, carrier.endpoint, agent.endpoint):
        await one.start()
    voice = np.random.default_rng(1).integers(0, 256, 8_000, dtype=np.uint8).tobytes()
    (tmp_path / "voice.pcma").write_bytes(voice)
    recordings = Recordings(tmp_path / "recordings", transcoder)
    made = World(store, media, endpoint, carrier, agent, tmp_path, voice, owners, recordings)
    yield made
    for one in (endpoint, carrier.endpoint, agent.endpoint):
        await one.close()
    await media.close()
    await transcoder.close()
    await store.close()


async def done(task: "asyncio.Future[RunningCall]") -> None:
    async with asyncio.timeout(15):
        await task


def heard(path: Path) -> bytes:
    return path.read_bytes()[0::2]


async def test_key_one_connects_an_agent_and_everything_is_reported_in_order(world: World) -> None:
    said = np.random.default_rng(2).integers(0, 256, 4_000, dtype=np.uint8).tobytes()
    (world.folder / "said.pcma").write_bytes(said)
    task = await world.place()
    await world.carrier.rings()
    await world.carrier.answers(world.folder / "customer.raw")
    world.carrier.stream.send_keys("1")
    await world.agent.rings()
    await world.agent.answers(world.folder / "agent.raw")
    for speaker in (world.carrier, world.agent):
        await speaker.says(world.folder / "said.pcma")
    world.agent.hangs_up()
    await world.carrier.expect(CallEnded)
    await done(task)
    assert world.record() == (10001, 10040, "1", "20280003")
    assert [message.get("status") for message in world.owed()] == ["ring", "answer", "hangup", None]
    assert len({message["buuid"] for message in world.owed()[:3]}) == 1
    await world.agent.stream.stop_recording()
    assert said[:3_000] in heard(world.folder / "agent.raw")
    recording = await world.recording()
    assert said[:3_000] in recording[0::2], "left is the customer"
    assert said[:3_000] in recording[1::2], "right is what the customer heard"
    assert await world.nothing_is_left()


async def test_the_customer_hears_the_voice_octet_by_octet_and_no_key_ends_the_call(world: World) -> None:
    task = await world.place()
    await world.carrier.rings()
    await world.carrier.answers(world.folder / "customer.raw")
    await world.carrier.expect(CallEnded)
    await world.carrier.stream.stop_recording()
    await done(task)
    assert world.voice in heard(world.folder / "customer.raw")
    assert world.record() == (10001, 10040, "", "")
    assert await world.nothing_is_left()


@pytest.mark.parametrize("who", ["customer", "agent"])
async def test_who_holds_hears_nothing_and_who_resumes_hears_the_other_again(world: World, who: str) -> None:
    sounds = {}
    for seed, name in enumerate(("before", "held", "after"), start=3):
        sounds[name] = np.random.default_rng(seed).integers(0, 256, 2_400, dtype=np.uint8).tobytes()
        (world.folder / f"{name}.pcma").write_bytes(sounds[name])
    task = await world.place()
    await world.carrier.rings()
    await world.carrier.answers(world.folder / "customer.raw")
    await world.carrier.changes(sdp.Direction.INACTIVE)
    await world.carrier.changes(sdp.Direction.SENDRECV)
    world.carrier.stream.send_keys("1")
    await world.agent.rings()
    await world.agent.answers(world.folder / "agent.raw")
    holder, speaker = (world.carrier, world.agent) if who == "customer" else (world.agent, world.carrier)
    await speaker.says(world.folder / "before.pcma")
    assert await holder.changes(sdp.Direction.SENDONLY) is sdp.Direction.RECVONLY
    await speaker.says(world.folder / "held.pcma")
    assert await holder.changes(sdp.Direction.SENDRECV) is sdp.Direction.SENDRECV
    await speaker.says(world.folder / "after.pcma")
    holder.hangs_up()
    await speaker.expect(CallEnded)
    await done(task)
    await holder.stream.stop_recording()
    audible = heard(world.folder / ("customer.raw" if who == "customer" else "agent.raw"))
    assert sounds["before"][:2_000] in audible
    assert sounds["held"][:320] not in audible, "two packets of it would have been too much"
    assert sounds["after"][-2_000:] in audible
    recording = await world.recording()
    said = recording[1::2] if who == "customer" else recording[0::2]
    assert sounds["after"][-2_000:] in said, "the recording goes on"
    assert (sounds["held"][:2_000] in said) == (who == "agent"), "it has what the customer said, and what he heard"
    assert world.record()[2:] == ("1", "20280003")
    assert await world.nothing_is_left()


async def test_the_voice_goes_on_while_the_customer_holds_and_in_another_codec_after(world: World) -> None:
    """Both of its files have the same octets here: what comes tells the place in the voice, and that it is sent."""
    task = await world.place()
    await world.carrier.rings()
    await world.carrier.answers(world.folder / "customer.raw")
    await world.carrier.changes(sdp.Direction.INACTIVE)
    assert await world.carrier.changes(sdp.Direction.SENDRECV, Codec.PCMU) is sdp.Direction.SENDRECV
    await world.carrier.expect(CallEnded)
    await world.carrier.stream.stop_recording()
    await done(task)
    as_alaw = convert(world.voice[-1_600:], Codec.PCMU, Codec.PCMA)
    assert as_alaw in heard(world.folder / "customer.raw"), "its end is heard, in the new codec"
    assert world.record() == (10001, 10040, "", "")
    assert await world.nothing_is_left()


@pytest.mark.parametrize(("status", "cause"), [(486, 10006), (603, 10003), (404, 10014), (503, 10004)])
async def test_a_refusal_is_the_record(world: World, status: int, cause: int) -> None:
    task = await world.place()
    await world.carrier.rings()
    world.carrier.rejects(status)
    await done(task)
    assert world.record() == (cause, cause, "", "")
    assert world.owed()[-1]["answertime"] == ""
    assert await world.nothing_is_left()


async def test_no_answer_within_waittime_is_cancelled(world: World) -> None:
    task = await world.place(waittime=1)
    await world.carrier.rings()
    await world.carrier.expect(Cancelled)
    await done(task)
    assert world.record() == (10016, 10040, "", "")
    assert await world.nothing_is_left()


async def test_the_customer_hangs_up_while_an_agent_rings(world: World) -> None:
    task = await world.place()
    await world.carrier.rings()
    await world.carrier.answers(world.folder / "customer.raw")
    world.carrier.stream.send_keys("1")
    await world.agent.rings()
    world.carrier.hangs_up()
    await world.agent.expect(Cancelled)
    await done(task)
    assert world.record() == (10001, 10041, "1", "")
    assert [message.get("status") for message in world.owed()] == ["ring", "hangup", None]
    assert await world.nothing_is_left()


async def test_a_group_without_a_registered_phone_ends_the_call(world: World) -> None:
    world.registered = False
    task = await world.place("@sales")
    await world.carrier.rings()
    await world.carrier.answers(world.folder / "customer.raw")
    await world.carrier.expect(CallEnded)
    await done(task)
    assert world.record() == (10008, 10040, "", "")
    assert await world.nothing_is_left()


def deaf(phone: FarEnd, to: bytes) -> None:
    """Have a far end not hear these requests."""
    hear = phone.endpoint.agent.receive

    def receive(data: bytes, flow: Flow, now: float) -> None:
        if not data.startswith(to):
            hear(data, flow, now)

    phone.endpoint.agent.receive = receive  # type: ignore[method-assign]


@pytest.fixture
async def other(world: World) -> AsyncIterator[FarEnd]:
    """A second carrier, tried after one that is silent."""
    carrier = FarEnd(world.media)
    await carrier.endpoint.start()
    world.silent = True
    world.others = [world.trunk("other", carrier)]
    yield carrier
    await carrier.endpoint.close()


async def test_a_trunk_that_was_silent_and_answers_nothing_is_left_for_the_next_one(
    world: World, other: FarEnd
) -> None:
    deaf(world.carrier, b"")
    task = await world.place(trunk_timeout=0)
    await other.rings()
    other.rejects(486)
    await done(task)
    assert world.record() == (10006, 10006, "", "")
    assert world.given_back == 1, "the silent trunk keeps its place until Timer B"


async def test_a_silent_trunk_that_answers_late_after_all_gets_ack_and_bye(world: World, other: FarEnd) -> None:
    deaf(world.carrier, b"CANCEL")
    task = await world.place(trunk_timeout=0)
    await other.rings()
    await world.carrier.rings()
    await world.carrier.answers(world.folder / "late.raw")
    await world.carrier.expect(CallEnded)
    other.rejects(486)
    await done(task)
    assert world.record() == (10006, 10006, "", "")
    assert await world.nothing_is_left()
    assert world.given_back == 2


async def test_facts_wait_while_nothing_can_be_stored_and_the_call_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(fact: Callable[[Connection], object]) -> object:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(journal, "AGAIN", 0.01)
    task = await world.place()
    await world.carrier.rings()
    await world.carrier.answers(world.folder / "customer.raw")
    with monkeypatch.context() as away:
        away.setattr(world.store, "write", unavailable)
        world.carrier.hangs_up()
        await world.carrier.expect(CallEnded)
        assert not task.done()
    await done(task)
    assert world.record() == (10001, 10041, "", "")
    assert await world.nothing_is_left()


async def test_a_dead_media_worker_ends_its_call_and_the_record_says_so(world: World) -> None:
    task = await world.place()
    await world.carrier.rings()
    await world.carrier.answers(world.folder / "customer.raw")
    assert world.media.pid is not None
    os.kill(world.media.pid, signal.SIGKILL)
    await world.carrier.expect(CallEnded)
    await done(task)
    assert world.record() == (10007, 10040, "", "")
    assert await world.nothing_is_left()
