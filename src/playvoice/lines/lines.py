"""Lines: the trunks and phones of this server, and what is answered to whoever speaks SIP to it.

    a request outside a call ──admits?── no: the user agent drops it
        │ REGISTER (anybody) ── digest ── 401, or bind and 200 once it is stored
        │ OPTIONS (trunk, phone, edge) ── 200
        └ INVITE ── from a trunk 404, from a phone 403, until calls of that kind exist

This is the thin part with tasks and clocks. What it decides by is in the modules beside it.
"""

import asyncio
import contextlib
import random as randomness
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from playvoice.clock import Clock
from playvoice.config import Config
from playvoice.lines.directory import Directory, Extension, Group
from playvoice.lines.errors import LinesError
from playvoice.lines.keepalive import Endpoint, Keepalive, flows_of
from playvoice.lines.registering import Registering
from playvoice.lines.registrations import ContactBinding, Registrations, reconnecting
from playvoice.lines.resolving import Resolver
from playvoice.lines.sources import source_of
from playvoice.lines.targets import Tried
from playvoice.lines.trunk import Trunk
from playvoice.lines.trunks import Trunks, read_trunks
from playvoice.sip import (
    Credentials,
    Event,
    Flow,
    IncomingCallReceived,
    IncomingRequest,
    Request,
    RequestReceived,
    SipError,
)
from playvoice.sip.capabilities import ALLOW
from playvoice.sip.digest import Algorithm
from playvoice.sip.digest_server import DigestServer, Outcome, Verdict
from playvoice.sip.drops import Kind
from playvoice.sip.message import to_of
from playvoice.sip.registrar import Change, Registrar
from playvoice.store import Store

MAX_PENDING = 1_000
"""REGISTER requests that wait for the store at once; a further one gets 503."""
TICK = 1.0
"""Seconds after which the upkeep looks again at the latest."""
RESOLVE_EVERY = 60.0
"""Seconds between look-ups of the trunks' names."""
RESOLVE_AGAIN = 5.0
"""Seconds until the next look-up while a trunk has no address yet; doubled each time, up to `RESOLVE_EVERY`."""
PATH = ("Supported", "path")
"""What the registrar can do beyond RFC 3261: keep the proxies on the way to a phone (RFC 3327)."""

log = structlog.get_logger(__name__)


class Lines:
    """Trunks, extensions, groups and registrations.

    Made before the user agent, which asks `admits`; `start` follows when the endpoint listens.
    """

    def __init__(
        self,
        store: Store,
        config: Config,
        *,
        random: randomness.Random | None = None,
        wall: Callable[[], datetime] | None = None,
        algorithms: Sequence[Algorithm] = (Algorithm.MD5,),
        resolver: Resolver | None = None,
    ) -> None:
        """Read trunks, extensions and groups, which blocks for a moment. `algorithms`: see `DigestServer`.

        By default `wall` is a clock that nobody sets: a registration lasts for as long as was granted.
        """
        random = random or randomness.SystemRandom()
        self._store = store
        self._domain = config.sip.domain
        self._edges = frozenset(config.sip.edges)
        clock = Clock()
        self._wall = wall or clock.at
        self._digest = DigestServer(self._domain, key=random.randbytes(32), algorithms=algorithms)
        self._directory = store.read_now(Directory.read)
        trunks = store.read_now(lambda conn: read_trunks(conn, self._domain))
        self.trunks = Trunks(trunks, resolver or Resolver(random), random)
        self._registrations = Registrations(store, Registrar(), set_by=clock.set_by)
        self._keepalive = Keepalive(self.trunks)
        self._registering = Registering(self.trunks)
        self._passed_over: dict[str, str] = {}
        """By the trunk's name why it can't be reached at all, as it was told last."""
        self._names_changed = asyncio.Event()
        self._endpoint: Endpoint | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Lines {self.trunks!r} {self._registrations!r}>"

    # --- start and stop -------------------------------------------------------------------------------------------

    async def start(self, endpoint: Endpoint) -> None:
        """Take up the stored registrations and begin the upkeep; `endpoint` listens already."""
        self._endpoint = endpoint
        await self._registrations.restore(endpoint.flow_to, self._wall())
        self._registrations.keep_only(self._enabled_numbers())
        for upkeep in (self._keep_up(endpoint), self._keep_names()):
            self._tasks.add(asyncio.get_running_loop().create_task(upkeep))

    async def stop(self) -> None:
        """End the upkeep and our registrations, and let those that wait for the store be written."""
        await _end(self._tasks)
        if self._endpoint is not None:
            await self._registering.close(self._endpoint)
        await asyncio.gather(*self._pending, return_exceptions=True)
        self._tasks.clear()
        self._endpoint = None

    async def refresh(self) -> None:
        """Read trunks, extensions and groups anew, after they were changed."""
        self._directory = await self._store.read(Directory.read)
        trunks = await self._store.read(lambda conn: read_trunks(conn, self._domain))
        dropped = self.trunks.replace(trunks, self._endpoint.now() if self._endpoint else 0.0)
        if self._endpoint is not None:
            self._registering.leave(dropped, self._endpoint)
            self._endpoint.flush()
        self._passed_over.clear()
        self._names_changed.set()
        self._registrations.keep_only(self._enabled_numbers())

    # --- what calls ask -------------------------------------------------------------------------------------------

    def group(self, company_code: str, name: str) -> Group | None:
        """A company's group by its name."""
        return self._directory.groups.get((company_code, name))

    @property
    def extensions(self) -> list[Extension]:
        """All extensions, by number."""
        return sorted(self._directory.extensions.values(), key=lambda extension: extension.number)

    def at(self) -> datetime:
        """The instant that is now by the clock of the registrations."""
        return self._wall()

    def contacts(self, number: str) -> list[ContactBinding]:
        """Where the phones of an extension are reached now, the one to be rung first at the beginning."""
        return [self._reached(contact) for contact in self._registrations.contacts(number, self._wall())]

    def take(self, names: Sequence[str] | None, tried: Tried, now: float) -> tuple[Trunk, Flow] | None:
        """Take a place on the first of these trunks that has one, and an address that was not tried; None if none has.

        `names` are a company's trunks, None all; one whose address can't be had is passed over. `give_back` follows
        when the call has ended.
        """
        return next((found for found in self._untried(names, tried, now) if self.trunks.take(found[0], now)), None)

    def remain(self, names: Sequence[str] | None, tried: Tried, now: float) -> bool:
        """Whether `take` may find something later: an address that was not tried, of a trunk that has no place now."""
        return any(True for _ in self._untried(names, tried, now))

    def obstacle(self, names: Sequence[str] | None, now: float) -> str:
        """Why `take` finds nothing for a call that was tried nowhere: each trunk's reason, in words."""
        reasons = (
            self._passed_over.get(trunk.name) or self.trunks.obstacle(trunk, now)
            for trunk in self.trunks.candidates(names, now)
        )
        return "; ".join(filter(None, reasons))

    def _untried(self, names: Sequence[str] | None, tried: Tried, now: float) -> Iterator[tuple[Trunk, Flow]]:
        """The trunks to try, in their order, each with its first address that was not tried."""
        assert self._endpoint is not None
        for trunk in self.trunks.candidates(names, now):
            if trunk.name in tried.trunks:
                continue
            try:
                flows = flows_of(trunk, self.trunks.targets(trunk, now), self._endpoint)
            except LinesError as error:
                self._tell_passed_over(trunk, str(error))
                continue
            self._passed_over.pop(trunk.name, None)
            untried = next((flow for flow in flows if (trunk.name, flow) not in tried.addresses), None)
            if untried is not None:
                yield trunk, untried

    def _tell_passed_over(self, trunk: Trunk, reason: str) -> None:
        """Tell it once: a call that waits looks for a trunk many times a second."""
        if self._passed_over.get(trunk.name) != reason:
            self._passed_over[trunk.name] = reason
            log.warning("trunk_passed_over", trunk=trunk.name, reason=reason)

    def exist(self, names: Sequence[str] | None) -> bool:
        """Whether there is any trunk of these names, None for any name, free or not."""
        return self.trunks.exist(names)

    def credentials(self, name: str) -> Credentials | None:
        """What answers the challenges of this trunk; None where it has none, or there is no such trunk."""
        trunk = self.trunks.get(name)
        return None if trunk is None else trunk.credentials

    def begin_again(self, trunk: Trunk, now: float) -> None:
        """A call that has a place there goes to another target: the carrier counts it once more."""
        self.trunks.begin_again(trunk, now)

    def give_back(self, trunk: Trunk) -> None:
        """Give the place of a call that has ended back."""
        self.trunks.give_back(trunk)

    def heard(self, trunk: Trunk, flow: Flow, now: float) -> None:
        """A response to a call came from this address of the trunk."""
        self.trunks.heard(trunk, flow, now)

    def failed(self, trunk: Trunk, flow: Flow, now: float, retry_after: float = 0.0) -> None:
        """This address of the trunk is of no use now, or for so many seconds: its others come first for a minute."""
        self.trunks.failed(trunk, flow, now, retry_after)

    def may_have_forgotten(self, trunk: Trunk, now: float) -> None:
        """It forbids a call, as one does with whom we are not registered any more."""
        self.trunks.may_have_forgotten(trunk, now)

    def is_silent(self, trunk: Trunk, flow: Flow, now: float) -> bool:
        """Whether it has answered nothing for 30 s, or never: then a call leaves it after its `trunk_timeout`."""
        return self.trunks.get(trunk.name) is not None and self.trunks.is_silent(trunk, flow, now)

    # --- what the user agent asks and tells -----------------------------------------------------------------------

    def admits(self, request: Request, flow: Flow) -> bool:
        """Whether a request outside calls comes from somebody whom we answer."""
        if request.method == "REGISTER":
            return True
        return self._is_ours(source_of(request, flow, self._edges))

    def knows(self, flow: Flow) -> bool:
        """Whether a trunk, a registered phone or a proxy of ours is at the other end."""
        return self._is_ours(flow.remote)

    def _is_ours(self, source: tuple[str, int]) -> bool:
        return (
            source[0] in self._edges
            or self.trunks.at(source[0]) is not None
            or bool(self._registrations.numbers_at(source, self._wall()))
        )

    def refusal(self, request: Request, flow: Flow) -> int:
        """The status that answers an INVITE: there are no incoming calls yet."""
        return 403 if self.trunks.at(source_of(request, flow, self._edges)[0]) is None else 404

    def handle(self, event: Event) -> bool:
        """Take an event of the user agent; False if it is not about lines."""
        endpoint = self._endpoint
        if endpoint is None:
            return False
        match event:
            case RequestReceived(request):
                self._on_request(request, endpoint)
            case IncomingCallReceived(call):
                status = self.refusal(call.request, call.flow)
                reason = "there are no incoming calls" if status == 404 else "it comes from no trunk"
                log.info("invite_refused", source=str(call.flow), status=status, reason=reason)
                call.reject(endpoint.now(), status)
            case _:
                if not self._keepalive.handle(event, endpoint.now()) and not self._registering.handle(event, endpoint):
                    return False
        endpoint.flush()
        return True

    def _on_request(self, request: IncomingRequest, endpoint: Endpoint) -> None:
        now = endpoint.now()
        if request.method == "REGISTER":
            self._on_register(request, endpoint)
        elif request.method == "OPTIONS":
            request.respond(200, now, headers=(("Allow", ALLOW), ("Accept", "application/sdp"), PATH))
        else:
            request.respond(405, now, headers=(("Allow", ALLOW),))

    def _on_register(self, incoming: IncomingRequest, endpoint: Endpoint) -> None:
        now, request = endpoint.now(), incoming.request
        source = source_of(request, incoming.flow, self._edges)
        verdict = self._digest.verify(
            "REGISTER", request.headers.getlist("Authorization"), self._directory.password, now, source[0]
        )
        if not verdict.accepted:
            self._tell_refused(verdict, incoming.flow, source, endpoint)
            challenges = self._digest.challenge(now, stale=verdict.stale)
            incoming.refuse(401, headers=tuple(("WWW-Authenticate", value) for value in challenges))
            return
        number = verdict.username or ""
        if to_of(request).uri.user != number:
            log.info("register_for_another", source=f"{source[0]}:{source[1]}", user=number, status=403)
            incoming.respond(403, now)
        elif len(self._pending) >= MAX_PENDING:
            reason = f"{MAX_PENDING} registrations are being stored"
            endpoint.agent.drop(Kind.REFUSED, incoming.flow, now, f"REGISTER of {number} with 503: {reason}")
            incoming.respond(503, now, headers=(("Retry-After", "10"),))
        else:
            self._bind(number, incoming, source, endpoint)

    def _tell_refused(self, verdict: Verdict, flow: Flow, source: tuple[str, int], endpoint: Endpoint) -> None:
        """Each wrong password of an extension is told, as far as they are counted; whoever else comes by number."""
        user = (verdict.username or "")[:64]
        if verdict.outcome is Outcome.UNCHECKED:
            log.debug("register_unchecked", source=f"{source[0]}:{source[1]}", user=user)
        elif verdict.outcome is Outcome.REFUSED and self._directory.password(user) is None:
            endpoint.agent.drop(Kind.UNKNOWN_USER, flow, endpoint.now(), f"REGISTER of {user}")
        elif verdict.outcome is Outcome.REFUSED:
            log.info(
                "register_refused",
                source=f"{source[0]}:{source[1]}",
                user=user,
                status=401,
                reason="the password is wrong",
            )

    def _bind(self, number: str, incoming: IncomingRequest, source: tuple[str, int], endpoint: Endpoint) -> None:
        outcome = self._registrations.handle(
            number,
            incoming.request,
            incoming.flow,
            self._wall(),
            source=source,
            believe_path=incoming.flow.remote[0] in self._edges,
        )

        for change in outcome.changes:
            self._take_along(change, endpoint)
        if outcome.status >= 400:
            reason = f"REGISTER of {number} with {outcome.status} {outcome.reason or ''}".rstrip()
            endpoint.agent.drop(Kind.REFUSED, incoming.flow, endpoint.now(), reason)

        def respond() -> None:
            headers = (*outcome.headers, PATH)
            incoming.respond(outcome.status, endpoint.now(), reason=outcome.reason, headers=headers)

        async def save_and_respond() -> None:
            await self._registrations.save(number)
            respond()
            endpoint.flush()

        if outcome.changes:
            self._track(save_and_respond())
        else:
            respond()

    def _take_along(self, change: Change, endpoint: Endpoint) -> None:
        """The calls to a phone go on over the flow that it has now."""
        for before in self._registrations.left(change):
            if before.contact == change.binding.contact or not endpoint.is_open(before.flow):
                endpoint.agent.phone_moved(before.contact, before.flow, change.binding.flow, endpoint.now())

    def _track(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    def _reached(self, contact: ContactBinding) -> ContactBinding:
        """Where a phone is reached whose connection may have ended since it registered."""
        endpoint = self._endpoint
        if endpoint is None or endpoint.is_open(contact.flow):
            return contact
        try:
            flow = reconnecting(contact.uri, contact.path, contact.flow, endpoint.flow_to)
        except SipError:
            return contact
        return contact if flow is None else replace(contact, flow=flow)

    # --- upkeep ---------------------------------------------------------------------------------------------------

    async def _keep_up(self, endpoint: Endpoint) -> None:
        while True:
            try:
                self._keepalive.send_due(endpoint)
                self._registering.send_due(endpoint)
                endpoint.flush()
                self._registrations.expire(self._wall())
                await self._registrations.save_unsaved()
            except Exception:
                log.exception("upkeep_failed")  # the next round may succeed, and no round would lose every trunk
                await asyncio.sleep(TICK)  # what failed is still due
                continue
            times = (self._keepalive.next_deadline(), self._registering.next_deadline())
            deadline = min((at for at in times if at is not None), default=endpoint.now() + TICK)
            wait = min(TICK, max(0.01, deadline - endpoint.now()))
            await asyncio.sleep(wait)

    async def _keep_names(self) -> None:
        wait = RESOLVE_AGAIN
        while True:
            self._names_changed.clear()
            try:
                await self.trunks.refresh_addresses()
            except Exception:
                log.exception("names_failed")
            found = self.trunks.are_found()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESOLVE_EVERY if found else wait):
                    await self._names_changed.wait()
            wait = RESOLVE_AGAIN if found or self._names_changed.is_set() else min(RESOLVE_EVERY, 2 * wait)

    def _enabled_numbers(self) -> list[str]:
        return [number for number, extension in self._directory.extensions.items() if extension.enabled]


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel until they have ended: `asyncio.wait_for` of Python 3.11, by which names are looked up, may lose one."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=0.1)
