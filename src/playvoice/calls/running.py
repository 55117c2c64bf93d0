"""One call while it runs: feeds the script with what happens and does what the script says.

Nothing here waits. SIP, media and time come in as events, each is taken at once and whole; what takes time (a port for
an agent's leg, a commit) comes back as an event of its own. A fact is stored before its effect: INVITE and ACK follow
their commit (`playvoice.calls.journal`); only the voice does not wait for it. The customer's side is in
`playvoice.calls.customer`, the agents' in `playvoice.calls.transfer`.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from datetime import datetime
from typing import Any

import structlog

from playvoice.calls import ledger
from playvoice.calls import script as s
from playvoice.calls.customer import Customer
from playvoice.calls.journal import Journal
from playvoice.calls.ledger import End, Reports, StoredCall
from playvoice.calls.legs import Call, Parts
from playvoice.calls.traces import CallLog
from playvoice.calls.transfer import Transfer
from playvoice.calls.userid import parse_userid
from playvoice.calls.views import CallView
from playvoice.clock import Clock
from playvoice.codes import HangupCause as Cause
from playvoice.companies import Company
from playvoice.lines.trunk import Trunk
from playvoice.media.client import MediaGone, Stream
from playvoice.sip import Event, Flow, IncomingRequest, RequestInCall, info
from playvoice.sip.capabilities import ALLOW
from playvoice.voices import Voice

log = structlog.get_logger(__name__)

CAPABILITIES = (("Allow", ALLOW), ("Accept", "application/sdp"), ("Supported", "timer"))
"""What the 200 to OPTIONS has to tell (RFC 3261 section 11.2)."""


class RunningCall:
    """A call from its first INVITE to its record; `over` is called when that is stored and nothing is left."""

    def __init__(
        self,
        parts: Parts,
        stored: StoredCall,
        company: Company,
        voice: Voice,
        stream: Stream,
        over: Callable[["RunningCall"], None],
    ) -> None:
        """Use `stream` for the customer's leg."""
        self.stored = stored
        self._voice = voice
        self._is_over = over
        self._script = s.Script(s.Plan(parse_userid(stored.userid), stored.waittime, stored.conntime, company.key_time))
        clock = Clock()
        self._trace = parts.owners.traces.begin(stored.uuid, clock)
        self._log = CallLog(log.bind(uuid=stored.uuid), self._trace)
        self._call = Call(
            parts=parts,
            stored=stored,
            company=company,
            script=self._script,
            clock=clock,
            journal=Journal(parts.store, self._on_fault, stored.uuid),
            reports=Reports(stored, company, parts.settings),
            owner=self,
            do=self._do,
            guard=self._guard,
            spawn=self._spawn,
            log=self._log,
        )
        stream.tell_of(uuid=stored.uuid)
        self._customer = Customer(self._call, stream, self._to_agent)
        self._transfer = Transfer(self._call, self._to_customer)
        self._finished = False
        self._left = self._parted = self._unrecorded = False
        self._record: End | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<RunningCall {self.stored.uuid} {self._script.state.name}>"

    @property
    def state(self) -> str:
        """What it does now, as `CallView` says it."""
        match self._script.state:
            case s.State.INITIAL | s.State.DIALLING:
                return "ringing" if self._customer.is_ringing else "dialling"
            case state:
                return state.name.lower()

    @property
    def view(self) -> CallView:
        """What can be seen of it now."""
        customer, agents = self._customer, self._transfer.extensions
        return CallView(
            uuid=self.stored.uuid,
            company_code=self.stored.company_code,
            destnumber=self.stored.destnumber,
            disnumber=self.stored.disnumber,
            state=self.state,
            accepted_at=self.stored.accepted_at,
            started_at=customer.started_at,
            answered_at=customer.answered_at,
            trunk=customer.trunk,
            key=self._script.userkey,
            agents=agents,
        )

    # --- what happens ---------------------------------------------------------------------------------------------

    def start(
        self, trunk: Trunk, flow: Flow, within: float, ready_at: float | None = None, waited_for: str = ""
    ) -> None:
        """Dial over this trunk, whose place the caller has taken, within so many seconds or not at all.

        The voice has been ready since `ready_at`; `waited_for` is what held the call up last.
        """
        self._log.note("voice_ready", {"seconds": round(self._voice.seconds, 3)}, ready_at)
        if waited_for:
            self._log.note("call_waited", {"reason": waited_for})
        self._script.wait(self._call.clock.now() + within)
        self._arm()
        self._guard(self._customer.dial)(trunk, flow, self._on_claimed)

    def on_sip(self, event: Event) -> None:
        """Take an event of one of the legs."""
        self._guard(self._on_sip)(event)

    def cut(self) -> None:
        """End the call: the server stops, or its media are gone."""
        self._guard(self._do)(self._script.cut())

    async def written(self) -> None:
        """The store can be written again: wait until it has all that the call has for it, which may be its record."""
        await self._call.journal.hurry()

    def uses(self, streams: Collection[Stream]) -> bool:
        """Whether one of these is a stream of a leg that lives."""
        return self._customer.stream in streams or any(stream in streams for stream in self._transfer.streams)

    def _on_claimed(self, claimed: bool) -> None:
        if self._finished:
            return  # it was cut meanwhile, or could not be stored in time
        if not claimed:
            self._call.log.error("call_claimed_by_another")
            self._finished = True
            self._customer.end()
            self._spawn(self._leave())
        else:
            self._do(self._script.start(self._call.clock.now()))

    def _on_sip(self, event: Event) -> None:
        sip = getattr(event, "call", None)
        if isinstance(event, RequestInCall):
            self._on_request(event.request, from_customer=self._customer.owns(sip))
        elif self._customer.owns(sip):
            self._customer.on_sip(event)
        else:
            self._transfer.on_sip(sip, event)

    def _on_request(self, request: IncomingRequest, *, from_customer: bool) -> None:
        """OPTIONS and INFO inside a call; an INFO about anything but keys is declined."""
        is_info = request.method == "INFO"
        status, headers = info.answer_to(request.request) if is_info else (200, CAPABILITIES)
        request.respond(status, self._call.clock.now(), headers=headers)
        self._call.parts.sip.flush()
        key = info.key_of(request.request) if is_info else None
        if key is not None and from_customer:
            self._customer.on_info_key(key, info.duration_of(request.request))
        elif key is not None:
            self._transfer.on_info_key(key)

    def _to_agent(self, key: str, relayed: bool) -> None:
        if self._script.state is s.State.TALKING:
            self._transfer.press(key, relayed=relayed)

    def _to_customer(self, key: str, relayed: bool) -> None:
        if self._script.state is s.State.TALKING:
            self._customer.press(key, relayed=relayed)

    def _on_deadline(self) -> None:
        self._timer = self._timer_at = None
        self._do(self._script.on_deadline(self._call.clock.now()))

    # --- what the script says -------------------------------------------------------------------------------------

    def _do(self, commands: list[s.Command]) -> None:
        for command in commands:
            match command:
                case s.Dial():
                    self._customer.stream.load(self._voice.files)
                    self._customer.send()
                case s.CancelCustomer() | s.HangUpCustomer():
                    self._customer.end()
                case s.Play():
                    self._customer.play(self._voice)
                case s.PlayHoldMusic():
                    self._note_key()
                    self._customer.play(self._call.parts.settings.hold_music, loop=True)
                case s.Offer(group, again):
                    self._transfer.offer(group, again=again)
                case s.WithdrawOffers(winner):
                    self._transfer.withdraw(winner)
                case s.Connect(agent):
                    self._transfer.connect(agent, self._customer.stream)
                case s.HangUpAgent(agent):
                    self._transfer.end(agent)
                case s.Finish():
                    self._finish(command)
        self._arm()

    def _note_key(self) -> None:
        """Store the key that decided, which the record tells even if the server dies."""
        uuid, key = self.stored.uuid, self._script.userkey
        if key:
            self._call.journal.add(lambda conn: ledger.key_decided(conn, uuid, key))

    def _arm(self) -> None:
        """Have `_on_deadline` called when the script wants it."""
        deadline = self._script.next_deadline()
        if deadline == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = deadline
        if deadline is not None:
            delay = max(0.0, deadline - self._call.clock.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._guard(self._on_deadline))

    # --- the end --------------------------------------------------------------------------------------------------

    def _finish(self, finish: s.Finish) -> None:
        """End what is left of the legs; the record follows when the recording is closed."""
        if self._finished:
            return
        self._finished = True
        ended_at = self._call.clock.at()
        self._guard(self._transfer.end_all)()
        self._guard(self._customer.end)()
        if not self._customer.recorded:  # one commit for the record and the ends of the legs
            self._guard(self._add_record)(finish, ended_at)
        self._spawn(self._wind_up(finish, ended_at))

    def _add_record(self, finish: s.Finish, ended_at: datetime) -> End:
        """Store the record with its callback."""
        if self._record is None:
            end = self._record = self._end(finish, ended_at)
            self._call.journal.add(lambda conn: self._call.reports.ended(conn, end))
        return self._record

    async def _wind_up(self, finish: s.Finish, ended_at: datetime) -> None:
        """Close the recording, see the record stored, and give everything back."""
        call, customer = self._call, self._customer
        try:
            await self._close_recording()
            await customer.release()
        except Exception as error:
            call.log.fault("stream_not_given_back", error)
        try:
            end = self._add_record(finish, ended_at)
            await call.journal.written()
            call.log.info("call_ended", cause=int(end.cause), direction=int(end.direction), key=end.userkey)
            try:
                if customer.recorded and customer.answered_at is not None:
                    call.parts.recordings.finish(self.stored.uuid, end.recordfilename, customer.answered_at)
            finally:  # nothing else wakes the sender before the next callback
                call.parts.wake_sender()
                call.parts.tell_end(call.stored.company_code, end)
        finally:
            self._leave_all()

    def _leave_all(self) -> None:
        """Be over; what still runs for the call, ports that are being reserved say, is waited for by nobody."""
        self._left = True
        try:
            self._trace.end()
        finally:
            self._is_over(self)

    def _part(self) -> None:
        """Let go of what holds us: else only a garbage collection would find it, which is a pause for all calls."""
        self._parted = True
        self._transfer.let_go()
        del self._call, self._customer, self._transfer

    def _end(self, finish: s.Finish, ended_at: datetime) -> End:
        customer, extension = self._customer, self._transfer.spoke
        return End(
            started_at=customer.started_at or ended_at,
            answered_at=customer.answered_at,
            ended_at=ended_at,
            cause=finish.cause,
            direction=finish.direction,
            userkey=finish.userkey,
            extension=extension,
            recordfilename=self._recording(transferred=bool(extension)) if customer.recorded else "",
        )

    def _recording(self, *, transferred: bool) -> str:
        """The name of the recording; there is a record, whatever is wrong with that."""
        call = self._call
        try:
            return call.parts.recordings.name(
                self.stored.uuid, call.company, transferred=transferred, failed=self._unrecorded
            )
        except Exception as error:
            call.log.fault("recording_not_named", error)
            return ""

    async def _close_recording(self) -> None:
        if self._customer.recorded:
            try:
                self._unrecorded = await self._customer.stream.stop_recording() < 0
            except MediaGone:
                pass  # what the worker has written is there
            except Exception as error:
                self._call.log.fault("recording_not_closed", error)

    async def _leave(self) -> None:
        """Give everything back without a record: the call is somebody else's."""
        await self._customer.release()
        self._leave_all()

    # --- faults ---------------------------------------------------------------------------------------------------

    def _guard(self, take: Callable[..., object]) -> Callable[..., None]:
        """A fault of ours ends the call, with its record, and no other one."""

        def guarded(*arguments: Any) -> None:
            try:
                take(*arguments)
            except Exception as error:
                self._on_fault(error)

        return guarded

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                self._on_fault(error)

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if self._left and not self._tasks and not self._parted:
            self._part()

    def _on_fault(self, error: Exception) -> None:
        if isinstance(error, MediaGone):
            self._log.warning("call_lost_its_media", reason=str(error))
        else:
            self._log.fault("call_failed", error)
        if self._parted:
            return
        try:
            self._do(self._script.cut())
        except Exception as fault:
            self._log.fault("call_not_ended", fault)
        if not self._finished:
            answered = self._customer.answered_at is not None
            direction = Cause.CALLER_HUNG_UP if answered else Cause.HUNG_UP_BY_SERVER
            self._finish(s.Finish(Cause.HUNG_UP_BY_SERVER, direction, self._script.userkey))
