"""The server as a whole: builds the parts floor by floor, starts them, and stops them the other way round."""

import asyncio
import contextlib
import gc
import json
import os
import random
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import structlog
import uvicorn

from playvoice import callbacks, migrations
from playvoice.callbacks import CallbackKind, Endpoint
from playvoice.calls.agents import Agents
from playvoice.calls.archive import Archive
from playvoice.calls.bills import Bills
from playvoice.calls.conductor import Conductor
from playvoice.calls.confirmations import Confirmations
from playvoice.calls.legs import Parts
from playvoice.calls.links import RecordingLinks, signing_key
from playvoice.calls.owners import Owners
from playvoice.calls.ports import Agent, Group, Phone, Settings
from playvoice.calls.queue import CallQueue
from playvoice.calls.recordings import Recordings
from playvoice.calls.recovery import Recovery
from playvoice.calls.traces import Traces
from playvoice.calls.waiting import Waiting
from playvoice.companies import Companies
from playvoice.config import Config
from playvoice.control.all_commands import stored_commands
from playvoice.control.errors import ControlError
from playvoice.control.live import Live, live_commands
from playvoice.control.place import make_private
from playvoice.control.registry import REFUSALS, Commands
from playvoice.control.reloading import Configuration, Reload, apply
from playvoice.control.rooms import Rooms
from playvoice.control.server import ControlServer
from playvoice.gateway.application import create_app
from playvoice.gateway.http import BoundedHttp
from playvoice.lines import Lines, ToldAddress
from playvoice.media.client import MediaError
from playvoice.media.supervisor import MediaSupervisor
from playvoice.media.transcoder import Transcoder
from playvoice.migrations.upgrade import MigrationError
from playvoice.monitoring.events import Events
from playvoice.monitoring.gate import Gate
from playvoice.monitoring.loop_lag import watch_loop
from playvoice.monitoring.pages import Pages
from playvoice.monitoring.ports import Watched
from playvoice.monitoring.service_manager import ServiceManager
from playvoice.retention import Retention, kinds
from playvoice.sip import Event, SipEndpoint, SipError, UserAgent
from playvoice.sip.flow import format_host
from playvoice.sip.tap import Tap
from playvoice.sip.trace_file import TraceFile
from playvoice.store import Store, StoreError
from playvoice.store.looking import directory_of
from playvoice.voices import Voices
from playvoice.web import NetworkPolicy, WebClient
from playvoice.web.server import HttpServer

log = structlog.get_logger(__name__)

HTTP_CONNECTIONS = 2_000
HTTP_REST = 30
"""Seconds that a connection may rest between two requests."""
CALLBACK_CONNECTIONS = 200
DOWNLOAD_CONNECTIONS = 200
YOUNG_OBJECTS = 20_000
"""Objects after which the young ones are looked through: about a millisecond, and not with each request."""
OLDER_AFTER = 2
"""Looks through the young ones after which those that were left are looked through, too: what they free at once is a
pause, which grows with its number."""
COLLECT_EVERY = 10.0
"""Seconds between two looks whether all may be looked through: while no call runs."""
PASSES_AT_MOST = 20
"""Looks through those that were left after which all are looked through although calls run."""


STOP_REST = 4.0
"""Seconds beyond `stop_timeout` after which a stop is given up: what is left is as after a crash."""


class StartError(Exception):
    """The server could not start; the text says why, in words for the operator."""


@dataclass(frozen=True, slots=True)
class SipTrace:
    """The file that SIP messages are written to, and the number whose calls are meant; empty for all."""

    path: Path
    number: str = ""


async def run(configuration: Configuration, trace: SipTrace | None = None) -> None:
    """Run the server until SIGTERM or SIGINT; SIGHUP has it read its file anew. StartError if it can't start."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            await _serve(configuration, stack, trace)
        except (StoreError, SipError, MediaError, MigrationError, ControlError, *REFUSALS) as error:
            raise StartError(str(error)) from error
        except OSError as error:
            named = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise StartError(named) from error


async def _serve(configuration: Configuration, stack: contextlib.AsyncExitStack, trace: SipTrace | None) -> None:
    config, events = configuration.current, Events()
    manager = ServiceManager.from_environment(os.environ, os.getpid())
    for work in (manager.watch(), watch_loop(events.loop_lag.observe)):
        stack.callback(asyncio.create_task(work).cancel)
    _raise_descriptors()
    make_private(config.server.data_dir)
    store = Store.open(config.server.database)
    stack.push_async_callback(store.close)
    await asyncio.to_thread(migrations.upgrade, config.server.database)
    await store.write(lambda conn: apply(conn, config, datetime.now(UTC)))
    policy = NetworkPolicy(config.security.allow_networks)
    callback_web = WebClient(policy, max_connections=CALLBACK_CONNECTIONS)
    stack.push_async_callback(callback_web.aclose)
    download_web = WebClient(policy, max_connections=DOWNLOAD_CONNECTIONS)
    stack.push_async_callback(download_web.aclose)
    transcoder = Transcoder()
    stack.push_async_callback(transcoder.close)
    clients = Companies(store, random=random.SystemRandom())
    library = Voices(store, transcoder, download_web, config.server.data_dir)
    stack.push_async_callback(library.close)
    routes, told = Lines(store, config), ToldAddress.from_config(config)
    sender = callbacks.Sender(
        store,
        callback_web,
        _Addresses(clients),
        random=random.SystemRandom(),
        max_in_flight=CALLBACK_CONNECTIONS,
        on_attempt=events.callback_attempted,
    )
    confirmations = Confirmations(store)
    traces = Traces(
        confirmations.add_trace, keep=config.trace.max_megabytes > 0, mask_numbers=config.trace.mask_numbers
    )
    owners, recovery = Owners(confirmations, traces), Recovery(store, clients)
    waiting = Waiting(store, clients, library)
    queue = CallQueue(store, tell=waiting.add)

    def on_event(event: Event) -> None:
        if not routes.handle(event) and not owners.handle(event):
            log.debug("sip_event_unowned", kind=type(event).__name__)

    agent = UserAgent(
        advertise=told.for_sip,
        admits=routes.admits,
        orphans=recovery.is_orphan,
    )
    endpoint = SipEndpoint(
        agent,
        [(listen.transport, listen.host, listen.port) for listen in config.sip.listen],
        on_event,
        taps=[*([traces] if traces.keep else []), *_open_trace_file(config, told, trace, stack)],
        may_rest=lambda flow: routes.knows(flow) or agent.is_used(flow),
    )
    media = await MediaSupervisor.start(
        address=config.rtp.address,
        ports=(config.rtp.ports.first, config.rtp.ports.last),
        on_gone=lambda streams: conductor.lose(streams),
        on_pace=events.clock_kept,
    )
    stack.push_async_callback(media.close)
    http = _bind_http(config)
    stack.callback(http.close)
    links = RecordingLinks(_public_url(config, http), await store.write(signing_key))
    parts = Parts(
        store=store,
        sip=endpoint,
        media=media,
        routes=routes,
        agents=Agents(_Groups(routes)),
        recordings=Recordings(config.server.data_dir / "recordings", transcoder),
        owners=owners,
        settings=Settings(
            media_address=told.for_media,
            domain=config.sip.domain,
            public_ip=config.server.public_ip,
            zone=config.server.timezone,
            hold_music=library.hold_music(),
            links=links,
        ),
        wake_sender=sender.wake,
        tell_end=events.call_ended,
    )
    conductor = Conductor(parts, waiting, recovery, queue.dequeued)
    await endpoint.start()
    stack.push_async_callback(endpoint.close)
    await routes.start(endpoint)
    stack.push_async_callback(routes.stop)
    sending = asyncio.create_task(sender.run())
    sending.add_done_callback(_tell_fault)
    stack.push_async_callback(_finish, sending, sender)
    await conductor.start()
    stack.push_async_callback(conductor.stop, float(config.server.stop_timeout))
    for keeping in (Retention(kinds(config, store, library)).run(), _collect_when_idle(conductor)):
        stack.callback(asyncio.create_task(keeping).cancel)
    rooms = Rooms(store, lambda: configuration.current, clients, routes, library, sender.expect)
    reload = Reload(configuration, rooms, lambda config: policy.allow(config.security.allow_networks))
    live = Live(conductor, waiting, parts.agents, sender, media, traces, owners, agent, address_of(http))
    commands = Commands([*stored_commands(rooms), *live_commands(rooms, live), reload.command()])
    control = ControlServer(config.server.data_dir, commands)
    await control.start()
    stack.push_async_callback(control.close)
    _reload_at_hangup(reload, manager)
    watched = Watched(
        store=store,
        calls=conductor,
        waiting=waiting,
        trunks=routes.trunks,
        phones=routes,
        agents=parts.agents,
        media=media,
        sender=sender,
        sends=lambda: not sending.done(),
        folders=_folders(config),
    )
    pages = Pages(watched, events, Gate(lambda: configuration.current.monitoring.allow))
    stack.push_async_callback(pages.close)
    app = create_app(
        companies=clients,
        calls=queue,
        groups=routes,
        library=library,
        recordings=parts.recordings,
        bills=Bills(store, public_ip=config.server.public_ip, zone=config.server.timezone),
        archive=Archive(store, parts.recordings, links),
        zone=config.server.timezone,
        more=pages.routes(),
    )
    await _serve_http(http, config, app, endpoint, manager)


def _open_trace_file(
    config: Config, told: ToldAddress, trace: SipTrace | None, stack: contextlib.AsyncExitStack
) -> list[Tap]:
    """The file that SIP messages are written to, if one is wanted."""
    if trace is None:
        return []
    file = TraceFile(trace.path, number=trace.number, mask=config.trace.mask_numbers, advertise=told.for_sip)
    file.open()
    stack.callback(file.close)
    return [file]


def _folders(config: Config) -> dict[str, Path]:
    """Whose disks are looked at, by what they hold."""
    database = directory_of(config.server.database)
    return {"data": config.server.data_dir} | ({} if database is None else {"database": database})


async def _serve_http(
    sock: socket.socket, config: Config, app: object, endpoint: SipEndpoint, manager: ServiceManager
) -> None:
    """Answer HTTP until a signal comes."""
    with _words_of_http(config):
        sock.listen(1024)
    server = HttpServer(
        uvicorn.Config(
            app,  # type: ignore[arg-type]
            http=BoundedHttp,
            log_config=None,
            access_log=False,
            proxy_headers=False,  # who asks is who connected: `ipwhite` believes no header
            ws="none",
            lifespan="off",
            server_header=False,
            limit_concurrency=HTTP_CONNECTIONS,
            timeout_keep_alive=HTTP_REST,
            timeout_graceful_shutdown=2,
        )
    )

    def stop() -> None:
        log.info("server_stopping")
        manager.stopping()
        server.should_exit = True
        _end_within(config.server.stop_timeout + STOP_REST)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    _tell_ready(sock, endpoint)
    manager.ready(f"Answers at {address_of(sock)}")
    with _without_full_collections():
        await server.serve([sock])


def _reload_at_hangup(reload: Reload, manager: ServiceManager) -> None:
    """Take the configuration file at each SIGHUP, one after the other."""
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    async def run() -> None:
        manager.reloading()
        try:
            await reload.run()
        except (ControlError, StoreError, *REFUSALS) as error:
            log.error("configuration_not_reloaded", reason=str(error))
        finally:
            manager.ready()

    def begin() -> None:
        task = loop.create_task(run())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    loop.add_signal_handler(signal.SIGHUP, begin)


def _end_within(seconds: float) -> None:
    """End the process after so many seconds, whatever a stop still waits for: a database that does not answer, say."""
    timer = threading.Timer(seconds, _give_up)
    timer.daemon = True
    timer.start()


def _give_up() -> None:
    log.error("stop_given_up")
    os._exit(1)


def _bind_http(config: Config) -> socket.socket:
    """Take the address of HTTP, which links name, before anything runs; nobody is answered yet."""
    host, port = config.server.http.host, config.server.http.port
    # The protocol is named, or asyncio takes the socket for none of TCP and lets Nagle's algorithm hold answers back.
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    try:
        with _words_of_http(config):
            sock.bind((host, port))
    except StartError:
        sock.close()
        raise
    return sock


@contextlib.contextmanager
def _words_of_http(config: Config) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        host, port = config.server.http.host, config.server.http.port
        raise StartError(f"[server] http {host}:{port} can't be listened on: {error.strerror}") from None


def _public_url(config: Config, http: socket.socket) -> str:
    """What links begin with: as configured, else where HTTP is listened on."""
    if config.server.public_url is not None:
        return config.server.public_url
    host, port = http.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = config.server.public_ip
    return f"http://{format_host(host)}:{port}"


def _tell_ready(http: socket.socket, endpoint: SipEndpoint) -> None:
    """One JSON line on standard output, for scripts: what listens where."""
    address = address_of(http)
    sip = [f"{bound.transport}:{format_host(bound.local[0])}:{bound.local[1]}" for bound in endpoint.addresses]
    log.info("server_ready", http=address, sip=sip)
    print(json.dumps({"event": "ready", "http": address, "sip": sip}), flush=True)


def address_of(http: socket.socket) -> str:
    """HOST:PORT that a socket is bound to."""
    host, port = http.getsockname()[:2]
    return f"{format_host(host)}:{port}"


async def _finish(sending: "asyncio.Task[None]", sender: callbacks.Sender) -> None:
    await sender.stop()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


def _tell_fault(sending: "asyncio.Task[None]") -> None:
    """A fault of ours has ended the sender: what is owed waits in the store for the next start."""
    if not sending.cancelled() and (error := sending.exception()) is not None:
        log.error("callbacks_stopped", exc_info=error)


def _raise_descriptors() -> None:
    """Take all the descriptors that this process may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextlib.contextmanager
def _without_full_collections() -> Iterator[None]:
    """Have no automatic full garbage collection: one stops the loop for tens of milliseconds (`collect_if_idle`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, OLDER_AFTER, 1_000_000)
    yield
    gc.unfreeze()


async def _collect_when_idle(conductor: Conductor) -> None:
    while True:
        await asyncio.sleep(COLLECT_EVERY)
        collect_if_idle(conductor.running)


def collect_if_idle(running: int) -> None:
    """Look through all objects if there may be old garbage and no call runs; while some do, once in a long while."""
    passes = gc.get_count()[2]
    if passes >= PASSES_AT_MOST or (passes and not running):
        gc.collect()


class _Addresses:
    """Where companies want their callbacks, for the sender."""

    def __init__(self, clients: Companies) -> None:
        self._clients = clients

    def endpoint(self, company_code: str, kind: CallbackKind) -> Endpoint | None:
        company = self._clients.get(company_code)
        if company is None:
            return None
        url = company.cdr_callback if kind is CallbackKind.CDR else company.status_callback
        return None if url is None else Endpoint(url, company.signing_secret, company.callback_format.value)


@dataclass(frozen=True, slots=True)
class _Groups:
    """Groups and their members' phones, for calls."""

    lines: Lines

    def group(self, company_code: str, name: str) -> Group | None:
        found = self.lines.group(company_code, name)
        return None if found is None else Group(found.members, found.ring_time, found.max_wait, found.strategy)

    def member(self, extension: str) -> Agent | None:
        contacts = self.lines.contacts(extension)
        phones = tuple(Phone(contact.uri, contact.flow, contact.route) for contact in contacts)
        return Agent(extension, phones) if phones else None
