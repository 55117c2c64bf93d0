"""The call as a whole under whatever may happen to it, and what must hold all the same.

A `Model` is one server after the other on one store and one network, with a carrier and phones that do as they are
told. It notes what happened to each request, and from that alone says what its record may tell.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import select
from structlog.typing import EventDict
from tests.samples import COMPANY, REQUEST
from tests.unit.calls.oracle import KEY_TIME, NEXT_TRUNK, STATUSES, Asked
from tests.unit.calls.simulated import ProcessStore, SimulatedLoop
from tests.unit.calls.stored import call_states, leg_states, owed
from tests.unit.calls.wire import SERVER
from tests.unit.calls.world import House

from playvoice import clock
from playvoice.calls import conductor, customer, offers, queue, recovery, waiting
from playvoice.calls.script import OFFER_AGAIN, State
from playvoice.calls.tables import legs
from playvoice.calls.userid import parse_userid
from playvoice.config import RecordPolicy, Strategy
from playvoice.lines.trunk import Trunk
from playvoice.media import protocol
from playvoice.media.client import Stream
from playvoice.migrations import all_tables
from playvoice.sip import URI, CallEnded, CallState, IncomingCall, IncomingCallReceived, InviteState, UserAgent
from playvoice.sip.late import LATE
from playvoice.sip.message import from_of
from playvoice.voices import VoiceKind, VoiceRef, VoiceUnavailable

T = TypeVar("T")

EPOCH = datetime(2026, 1, 2, tzinfo=UTC)
GROUPS = {"sales": ("20280003", "20280004"), "support": ("20280004", "20280005"), "nobody": ("20280006",)}
BROKEN = "broken.wav"
PATIENCE = 15
"""Times that a minute passes until all has come to its end."""
HEARD = {State.PLAYING: "voice", State.WAITING: "voice", State.TRANSFERRING: "music", State.TALKING: "agent"}
"""What a customer hears last of what he was given."""
LIVING = frozenset({CallState.EARLY, CallState.ANSWERED, CallState.CONFIRMED, CallState.ENDING})
TOLD_AS_ERRORS = frozenset({"no_rtp_port", "call_not_read", "playback_failed", "store_unavailable"})
"""What a log may call an error here; anything else is a fault of ours."""


@dataclass
class Ways:
    """How the world of one run is."""

    strategy: Strategy = Strategy.RING_ALL
    places: int = 3
    loss: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    seed: int = 0
    phones: int = 1
    """How many the agent of both groups has."""
    silent: bool = False
    """Trunks have been silent so long that a call leaves them after 4 s without a response."""


@cache
def _call_id(invite: str) -> str:
    return InviteState.from_json(invite).call_id


@dataclass
class Attempts:
    """INVITEs at a far end, the calls that they made, in order."""

    calls: list[IncomingCall] = field(default_factory=list)

    def those(self, *states: CallState) -> list[IncomingCall]:
        return [call for call in self.calls if call.state in states]


class Model:
    """Servers that follow each other, and their world. Each method that is a step leaves everything settled."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, log: Sequence[EventDict], ways: Ways) -> None:
        self._folder, self._monkeypatch, self._log, self.ways = folder, monkeypatch, log, ways
        self.asked: dict[str, Asked] = {}
        """What was asked for, by number."""
        self.carrier, self.phones = Attempts(), Attempts()
        self.troubled = bool(ways.loss or ways.delay or ways.jitter)
        """The network, or the store, was not always as it should be: races are lost, and nobody can tell by whom."""
        self.network_failed = bool(ways.loss)
        self.acks_may_wait = bool(ways.loss)
        """Something kept us from acknowledging an answer in time."""
        self._generation = 0
        self._refused: dict[tuple[str, str], tuple[float, str]] = {}
        """When an agent last refused a customer, and which offer."""
        self._time: Callable[[], float] = lambda: 0.0
        monkeypatch.setattr(conductor, "HEARTBEAT", 20.0)
        monkeypatch.setattr(conductor, "LOOK_AGAIN", 1.0)
        now = SimpleNamespace(now=lambda _zone: EPOCH + timedelta(seconds=self.now))
        for module in (clock, conductor, recovery, waiting):
            monkeypatch.setattr(module, "datetime", now)
        self._identities = random.Random(ways.seed)
        """The store gives rows in the order of their uuids: were they others each time, so would be what follows."""
        for module in (customer, offers, queue):
            monkeypatch.setattr(module, "uuid4", lambda: UUID(int=self._identities.getrandbits(128), version=4))
        self.store = self._open()
        self.store.write_now(all_tables().create_all)
        self.house = self._build(None)
        network = self.house.wire.network
        self._time = lambda: network.now
        network.loss, network.duplicate = ways.loss, ways.duplicate
        network.delay, network.jitter = ways.delay, ways.jitter
        network._random = random.Random(ways.seed)
        self.run(self.house.conductor.start())

    # --- processes ------------------------------------------------------------------------------------------------

    def _open(self) -> ProcessStore:
        return ProcessStore.open(f"sqlite:///{self._folder / 'playvoice.db'}")

    def _build(self, before: House | None) -> House:
        self._generation += 1
        house = House(self.store, self._folder, self._monkeypatch, before, generator=self._identities)
        house.companies.by_code = {
            code: replace(COMPANY, code=code, key_time=KEY_TIME, expire_after=300, record=record)
            for code, record in {"2028": RecordPolicy.ALWAYS, "1": RecordPolicy.NEVER}.items()
        }
        house.groups.members = dict(GROUPS)
        house.groups.strategy = self.ways.strategy
        house.groups.phones = {"20280004": self.ways.phones}
        house.groups.registered = before.groups.registered if before else {"20280003", "20280004", "20280005"}
        house.routes.other_trunks = (Trunk("second", URI.parse("sip:127.0.0.2:5060"), "example.com"),)
        house.routes.places = self.ways.places
        house.routes.silent = (house.routes.flow,) if self.ways.silent else ()
        house.voices.broken[BROKEN] = VoiceUnavailable("no such host")
        self.loop = SimulatedLoop(lambda: house.wire.network.now)
        return house

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the process, and let all that follows happen."""

        async def settled() -> T:
            task = asyncio.ensure_future(work)
            await self._settle()
            for _ in range(PATIENCE):
                if task.done():
                    break
                await self._pass_time(1)
            assert task.done(), "what was begun comes to an end"
            return await task

        return self.loop.run_until_complete(settled())

    def _die(self, *, landed: bool) -> None:
        """End the process at once; `landed`: what it was committing is committed."""
        if landed:
            self.store.land()
        self.store.dead = True
        self.house.wire.network.attach("server", UserAgent(admits=lambda _request, _flow: False), SERVER)
        self._close_loop()
        self.store.close_now()

    def _close_loop(self) -> None:
        for _ in range(5):
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True) if tasks else asyncio.sleep(0))
        assert not asyncio.all_tasks(self.loop)
        self.loop.close()

    def _start(self) -> None:
        self.store = self._open()
        self.house = self._build(self.house)
        self.run(self.house.conductor.start())

    def _be_down(self, seconds: float) -> None:
        self.acks_may_wait = self.acks_may_wait or seconds > 30
        self.house.wire.pass_time(seconds)
        self._hear()

    def crash(self, *, landed: bool, down: float, twice: bool) -> None:
        """Kill the process, and start it again after some seconds; `twice`: it is killed while it starts, too."""
        cut = [asked for asked in self.asked.values() if asked.attempts and not self._is_ended(asked)]
        talking = {asked.number for asked in cut if asked.attempts[-1].state is CallState.CONFIRMED}
        troubled = self.troubled or down > 0
        for asked in self.asked.values():
            asked.cut = asked.cut or not self._is_ended(asked)
        self._die(landed=landed)
        self._be_down(down)
        if twice:
            self.store = self._open()
            self.house = self._build(self.house)
            self.store.hold()
            task = self.loop.create_task(self.house.conductor.start())
            self.loop.run_until_complete(self._settle())
            assert not task.done() or all(map(self._is_ended, cut))
            self._die(landed=landed)
        self._start()
        if not troubled:
            for asked in cut:
                self._expect(asked, 10007, 10040 if asked.number in talking else 10007)

    def stop(self, down: float) -> None:
        """Stop as SIGTERM does, and start again after some seconds."""
        for asked in self.asked.values():
            asked.cut = asked.cut or not self._is_ended(asked)
        self.run(self.house.conductor.stop(10))
        self._die(landed=False)
        self._be_down(down)
        self._start()

    # --- time -----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self._time()

    def pass_time(self, seconds: float) -> None:
        self.loop.run_until_complete(self._pass_time(seconds))
        self._check()

    async def _pass_time(self, seconds: float) -> None:
        network = self.house.wire.network
        end = network.now + seconds
        await self._settle()
        while network.now < end:
            timer = self.loop.next_timer()
            times = [*network._next_times(), end] if timer is None else [*network._next_times(), timer, end]
            self.house.wire.pass_time(max(min(times) - network.now, 1e-9))
            await self._settle()

    async def _settle(self) -> None:
        """Let everything arrive and be done that needs no time."""
        quiet = 0
        while quiet < 3:
            before = self.loop.turns, len(self.house.wire.network.sent)
            self.house.wire.pass_time(0)
            self._hear()
            await asyncio.sleep(0)
            after = self.loop.turns - 1, len(self.house.wire.network.sent)
            quiet = quiet + 1 if before == after else 0

    def _happens(self, what: Callable[[], object]) -> None:
        """Let something happen inside the process, and all that follows."""

        async def happens() -> None:
            what()

        self.loop.run_until_complete(happens())
        self.settle()

    def settle(self) -> None:
        self.loop.run_until_complete(self._settle())
        self._check()

    def _hear(self) -> None:
        """Take what the far ends have got."""
        events = self.house.wire.events
        for event in events["carrier"]:
            if isinstance(event, IncomingCallReceived):
                self.carrier.calls.append(event.call)
                asked = self.asked[str(event.call.request.uri.user)]
                assert self.troubled or not asked.rang, f"nothing follows a 180 or 183: {asked}"
                asked.attempts.append(event.call)
                asked.dialled_by.add(self._generation)
            elif isinstance(event, CallEnded) and event.unacknowledged:
                assert self.acks_may_wait, f"{event.call} gets its ACK"
                self.of_carrier(event.call).customer_hung_up = True
        for event in events["phone"]:
            if isinstance(event, IncomingCallReceived):
                self.phones.calls.append(event.call)
                self._check_patience(event.call)
            elif isinstance(event, CallEnded) and event.unacknowledged:
                assert self.acks_may_wait, f"{event.call} gets its ACK"
                self.of_phone(event.call).agent_hung_up = True
        events["carrier"].clear()
        events["phone"].clear()

    def of_carrier(self, call: object) -> Asked:
        return next(asked for asked in self.asked.values() if call in asked.attempts)

    def of_phone(self, call: object) -> Asked:
        assert isinstance(call, IncomingCall)
        return self.asked[str(from_of(call.request).uri.user)]

    def stream_of(self, call: IncomingCall) -> Stream | None:
        """The stream whose port the INVITE offered, if it lives."""
        (port,) = [int(line.split()[1]) for line in call.request.body.split(b"\r\n") if line.startswith(b"m=audio")]
        return next((stream for stream in self.house.media.held_streams if stream.port == port), None)

    def streams(self) -> list[tuple[IncomingCall, Stream]]:
        """Customers who were answered, with their streams."""
        answered = self.carrier.those(CallState.CONFIRMED)
        return [(call, stream) for call in answered if (stream := self.stream_of(call)) is not None]

    # --- requests and the carrier ---------------------------------------------------------------------------------

    def accept(self, company: str, userid: str, waittime: int, conntime: int, *, broken: bool) -> None:
        number = f"1{len(self.asked):05d}"
        request = replace(
            REQUEST,
            company_code=company,
            destnumber=number,
            userid=userid,
            key_groups=parse_userid(userid),
            waittime=waittime,
            conntime=conntime,
            voice=VoiceRef(VoiceKind.LIBRARY, BROKEN if broken else "notice.wav"),
        )
        asked = self.asked[number] = Asked(number, dict(request.key_groups), waittime, conntime, broken)
        at = EPOCH + timedelta(seconds=self.now)
        asked.uuid = self.run(self.house.queue.accept(request, at)).uuid

    def ring(self, call: IncomingCall, status: int) -> None:
        call.ring(self.now, status)
        self.of_carrier(call).rang.add(call.id)
        self.settle()

    def answer(self, call: IncomingCall, *, usable: bool) -> None:
        asked = self.of_carrier(call)
        call.answer(self.now, self.house.wire.description(call) if usable else b"v=0\r\n")
        asked.reached.add(call.id)
        asked.unusable = asked.unusable or not usable
        self.settle()
        if not usable and self.is_calm:
            self._expect(asked, 10004, 10004)

    def reject(self, call: IncomingCall, status: int) -> None:
        asked = self.of_carrier(call)
        is_last = len(asked.attempts) == 2 or call.id in asked.rang or status not in NEXT_TRUNK
        call.reject(self.now, status)
        asked.refused.append(status)
        self.settle()
        if is_last and self.is_calm:
            self._expect(asked, STATUSES[status], STATUSES[status])

    def customer_hangs_up(self, call: IncomingCall) -> None:
        asked = self.of_carrier(call)
        asked.customer_hung_up = True
        call.bye(self.now)
        self.settle()
        if self.is_calm:
            self._expect(asked, 10001, 10041)

    def press(self, call: IncomingCall, stream: Stream, key: str) -> None:
        self.of_carrier(call).press(key, self.now)
        self._happens(lambda: stream.on_event(protocol.KeyPressed(stream.number, key)))

    def voice_ends(self, call: IncomingCall, stream: Stream) -> None:
        self.of_carrier(call).voice_over(self.now)
        self._happens(lambda: stream.on_event(protocol.PlaybackEnded(stream.number)))

    def voice_fails(self, call: IncomingCall, stream: Stream) -> None:
        asked = self.of_carrier(call)
        asked.cut = True
        self._happens(lambda: stream.on_event(protocol.PlaybackFailed(stream.number, "gone")))
        if self.is_calm:
            self._expect(asked, 10007, 10040)

    def falls_silent(self, call: IncomingCall, stream: Stream) -> None:
        self.of_carrier(call).silent = True
        self._happens(lambda: stream.on_event(protocol.Silent(stream.number)))

    # --- agents ---------------------------------------------------------------------------------------------------

    def agent_rings(self, call: IncomingCall) -> None:
        call.ring(self.now)
        self.settle()

    def agents_answer(self, *calls: IncomingCall, usable: bool = True) -> None:
        """Answer, all in one moment."""
        for call in calls:
            call.answer(self.now, self.house.wire.description(call) if usable else b"v=0\r\n")
        self.settle()

    def customer_hangs_up_as_an_agent_answers(self, agent: IncomingCall) -> None:
        """Both in one moment: the answer crosses our CANCEL."""
        wire, asked = self.house.wire, self.of_phone(agent)
        connected = [call for call in asked.attempts if call.state is CallState.CONFIRMED]

        def crossing() -> None:
            for call in connected:
                call.bye(self.now)
            wire.network.run(0)
            wire.flush()  # the CANCEL is on its way
            agent.answer(self.now, wire.description(agent))

        asked.customer_hung_up = asked.customer_hung_up or bool(connected)
        self._happens(crossing)
        if self.is_calm and connected:
            self._expect(asked, 10001, 10041)

    def agent_refuses(self, call: IncomingCall, status: int) -> None:
        self._refused[self.of_phone(call).number, str(call.request.uri.user)] = self.now, self._offer_of(call)
        call.reject(self.now, status)
        self.settle()

    def agent_hangs_up(self, call: IncomingCall) -> None:
        asked = self.of_phone(call)
        asked.agent_hung_up = True
        call.bye(self.now)
        self.settle()
        if self.is_calm:
            self._expect(asked, 10001, 10040, str(call.request.uri.user))

    def register(self, extension: str, *, there: bool) -> None:
        registered = self.house.groups.registered
        registered.add(extension) if there else registered.discard(extension)

    # --- what goes wrong ------------------------------------------------------------------------------------------

    @property
    def is_calm(self) -> bool:
        """What happens is told at once, and by one side alone."""
        return not self.troubled

    def network_fails(self, seconds: float) -> None:
        self.network_is_dead(dead=True)
        self.pass_time(seconds)
        self.network_is_dead(dead=False)
        self.settle()

    def network_is_dead(self, *, dead: bool) -> None:
        """Let nothing arrive any more, or as much as before."""
        self.troubled = self.network_failed = self.acks_may_wait = self.network_failed or dead
        self.house.wire.network.loss = 1.0 if dead else self.ways.loss

    def store_fails(self, how: str) -> None:
        self.troubled = self.acks_may_wait = True
        match how:
            case "held":
                self.store.hold()
            case "away":
                self.store.away = True
            case "in doubt":
                self.store.in_doubt = True
        self.settle()

    def with_slow_commits(self, step: Callable[[], None]) -> None:
        """Take a step whose facts are stored only after all else that follows it, in the same moment."""
        slow = self.store.is_well
        if slow:
            self.store.hold()
        step()
        if slow:
            self.store_heals()

    def with_doubtful_commits(self, step: Callable[[], None]) -> None:
        """Take a step of which nobody knows whether its commits hold, so that its facts run once more."""
        in_doubt = self.store.is_well
        if in_doubt:
            self.store_fails("in doubt")
        step()
        if in_doubt:
            self.store_heals()

    def store_heals(self) -> None:
        self._happens(self.store.heal)

    def media_die(self) -> None:
        for asked in self.asked.values():
            asked.cut = asked.cut or not self._is_ended(asked)
        self._happens(lambda: self.house.conductor.lose(self.house.media.die()))

    def media_are_full(self, *, full: bool) -> None:
        self.house.media.refuses = full
        self.settle()

    def media_are_slow(self, *, slow: bool) -> None:
        """Let reservations of streams wait, or those that wait go on."""
        media = self.house.media
        held, media.held = media.held, asyncio.Event() if slow else None
        if held is not None:
            self._happens(held.set)

    # --- what must hold -------------------------------------------------------------------------------------------

    def _is_ended(self, asked: Asked) -> bool:
        return call_states(self.store)[asked.uuid] == "ended"

    def _expect(self, asked: Asked, cause: int, direction: int, extension: str | None = None) -> None:
        """Its record tells this, now."""
        record = self._records().get(asked.uuid)
        assert record is not None, f"{asked.number} has ended, and has no record"
        found = record["hangupcause"], record["hangupdirection"], record["userkey"]
        assert found == (cause, direction, asked.userkey), f"record of {asked.number}"
        assert extension is None or record["extnumber"] == extension

    def _records(self) -> dict[object, dict[str, Any]]:
        return {message["uuid"]: message for message in owed(self.store) if "hangupcause" in message}

    def _check(self) -> None:
        """Look at what must hold at any time."""
        self._check_stored()
        self._check_heard()
        self._check_alarms()
        if not self.troubled:
            self._check_taken()

    def _check_taken(self) -> None:
        """Nobody is asked for more than there is."""
        live = [call for call in self.carrier.calls if call.state in LIVING]
        assert len(live) <= self.ways.places, "the trunks have no more places"
        assert len(live) <= len({str(call.request.uri.user) for call in live}), "nobody is called twice at once"
        phones = [call for call in self.phones.calls if call.state in LIVING]
        agents = Counter(extension for extension, _ in {(c.request.uri.user, self.of_phone(c).number) for c in phones})
        assert not agents or max(agents.values()) == 1, f"an agent has one call or offer at a time: {agents}"
        talking = {self.of_phone(call).number for call in phones if call.state is CallState.CONFIRMED}
        ringing = {self.of_phone(call).number for call in phones if call.state is CallState.EARLY}
        assert not talking & ringing, "no phone rings on for who talks"

    def _check_patience(self, call: IncomingCall) -> None:
        """Who refused a customer is not rung for him again at once."""
        refused = self._refused.get((self.of_phone(call).number, str(call.request.uri.user)))
        if refused is not None and refused[1] != self._offer_of(call):  # his other phones may ring on
            assert self.now - refused[0] >= OFFER_AGAIN, "an agent who refused is left in peace"

    def _offer_of(self, call: IncomingCall) -> str:
        """The offer that a phone's call is part of."""
        query = select(legs.c.invite, legs.c.offer_uuid)
        offers = self.store.read_now(lambda conn: {_call_id(row.invite): row.offer_uuid for row in conn.execute(query)})
        return str(offers[call.id])

    def _check_stored(self) -> None:
        """What the far ends got from us stands in the store, even if nothing can be stored now."""
        dialogs = self.store.read_now(
            lambda conn: {_call_id(row.invite): row.dialog for row in conn.execute(select(legs))}
        )
        for call in [*self.carrier.calls, *self.phones.calls]:
            assert call.id in dialogs, f"{call} is stored before its INVITE leaves"
            if not self.network_failed and not self.ways.jitter:  # else ACK and BYE of a late answer come one by one
                assert call.state is not CallState.CONFIRMED or dialogs[call.id], f"{call} is stored before its ACK"

    def _check_heard(self) -> None:
        """Each customer hears what the state of his call says."""
        heard: dict[int, str] = {}
        for message in self.house.media.worker.told:
            if isinstance(message, protocol.Play):
                heard[message.stream] = "music" if message.loop else "voice"
            elif isinstance(message, protocol.Bridge):
                heard |= {message.stream: "agent", message.other: "customer"}
        for call in self.house.conductor._running.values():
            wanted = HEARD.get(call._script.state)
            assert wanted in (None, heard.get(call._customer.stream.number)), f"{call} hears {heard}"

    def _check_alarms(self) -> None:
        """Only calls that run wait for a time."""
        running = self.house.conductor._running.values()
        assert self.loop.waiting_for("_on_deadline") <= set(running), "no call that has ended has an alarm"

    def finish(self) -> None:
        """Let all come to its end, and look at what is left and what was told."""
        self.come_to_rest()
        self._check_callbacks()

    def come_to_rest(self) -> None:
        """Let all come to its end, and look at what is left."""
        network = self.house.wire.network
        network.loss = network.delay = network.jitter = network.duplicate = 0.0
        self.house.media.refuses = False
        self.media_are_slow(slow=False)
        self.store_heals()
        for _ in range(PATIENCE):
            if set(call_states(self.store).values()) <= {"ended"}:
                break
            self.pass_time(60)
        self.pass_time(140)
        self.pass_time(LATE)  # until nothing is expected of calls that were given up
        self._check_rest()
        self._check_log()
        if self._generation == 1:  # a later process hangs up what an earlier one has not acknowledged
            self._check_acknowledged()
        self.run(self.house.conductor.stop(10))
        assert self.loop.next_timer() is None, "a timer is left"
        assert not asyncio.all_tasks(self.loop), "a task is left"

    def close(self) -> None:
        self._close_loop()
        self.store.close_now()

    def _check_rest(self) -> None:
        house = self.house
        assert set(call_states(self.store).values()) <= {"ended"}
        assert set(leg_states(self.store)) <= {"ended"}
        left = [house.conductor, house.owners, house.parts.agents, house.wire.agent, house.owners.confirmations]
        assert [repr(part) for part in left] == [
            f"<Conductor 0 running, {house.waiting!r}>",
            "<Owners of 0 SIP calls>",
            "<Agents 0 taken, 0 customers waiting>",
            "<UserAgent 0 dialogs, 0 transactions>",
            "<Confirmations 0 to be stored>",
        ]
        assert repr(house.waiting) == "<Waiting 0 accepted, 0 preparing, 0 ready>"
        assert (house.routes.taken, house.media.held_streams, house.queue.waiting) == (0, [], {})
        assert house.wire.agent.next_deadline() is None
        assert house.wire.unowned == []
        assert house.traces.held == 0, "the memory of a trace was not given back"
        overtaken = self.ways.jitter and self._generation > 1  # after a crash a CANCEL can overtake its INVITE
        if not self.network_failed and not overtaken:
            for name, far in house.wire.far.items():
                assert repr(far) == "<UserAgent 0 dialogs, 0 transactions>", f"the {name} was told of each end"

    def _check_acknowledged(self) -> None:
        """An answer gets its ACK before its BYE (RFC 3261 section 13.2.2.4)."""
        acknowledged = set()
        for _, source, _, data in self.house.wire.network.sent:
            (call_id,) = [line for line in data.split(b"\r\n") if line.lower().startswith(b"call-id:")]
            if source == "server" and data.startswith(b"ACK "):
                acknowledged.add(call_id)
            assert source != "server" or not data.startswith(b"BYE ") or call_id in acknowledged, data

    def _check_callbacks(self) -> None:
        for asked in self.asked.values():
            messages = [message for message in owed(self.store) if message["uuid"] == asked.uuid]
            assert ["hangupcause" in message for message in messages] == [False] * (len(messages) - 1) + [True], (
                "one record, and it is the last"
            )
            states: dict[object, list[object]] = {}
            for message in messages[:-1]:
                states.setdefault(message["buuid"], []).append(message["status"])
            for told in states.values():
                assert told in (["ring", "hangup"], ["ring", "answer", "hangup"])
            spoke = [str(m["extnumber"]) for m in messages[:-1] if m["status"] == "answer"]
            assert spoke == [extension for extension in [messages[-1]["extnumber"]] if extension], "who answered spoke"
            asked.check(messages[-1], network_failed=self.network_failed, troubled=self.troubled)

    def _check_log(self) -> None:
        told = [e for e in self._log if e["log_level"] in ("error", "critical")]
        assert [entry for entry in told if entry["event"] not in TOLD_AS_ERRORS] == []
