"""The server as a whole: builds the parts floor by floor, starts them, and stops them the other way round."""

import asyncio
import contextlib
import json
import os
import random
import resource
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from playvoice import callbacks
from playvoice.callbacks import CallbackKind, Endpoint
from playvoice.calls.agents import Agents
from playvoice.calls.archive import Archive
from playvoice.calls.bills import Bills
from playvoice.calls.conductor import Conductor
from playvoice.calls.confirmations import Confirmations
from playvoice.calls.heartbeat import HeartbeatFile
from playvoice.calls.legs import Parts
from playvoice.calls.links import RecordingLinks, signing_key
from playvoice.calls.owners import Owners
from playvoice.calls.ports import Agent, Group, Phone, Settings
from playvoice.calls.queue import CallQueue
from playvoice.calls.recordings import Recordings
from playvoice.calls.recovery import Recovery
from playvoice.calls.refusals import RefusalFile
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
from playvoice.process import http
from playvoice.process.database import open_store
from playvoice.process.errors import StartError
from playvoice.process.folder import only_server
from playvoice.process.hangups import reload_at_hangup
from playvoice.process.log_output import LogOutput
from playvoice.process.memory import collect_when_idle, without_full_collections
from playvoice.process.stopping import Stopping
from playvoice.retention import Retention, kinds
from playvoice.sip import Event, SipEndpoint, SipError, UserAgent
from playvoice.sip.flow import format_host
from playvoice.sip.tap import Tap
from playvoice.sip.trace_file import TraceFile
from playvoice.store import StoreError
from playvoice.store.looking import directory_of
from playvoice.voices import Voices
from playvoice.web import NetworkPolicy, WebClient
from playvoice.web.server import HttpServer

log = structlog.get_logger(__name__)

STANDARD_OUTPUT = 1
CALLBACK_CONNECTIONS = 200
DOWNLOAD_CONNECTIONS = 200
CUT_WITHIN = 4.0
"""Seconds that calls have to be over, with their records stored, once a stop ends them."""
LAST_DELIVERIES = 2.0
"""Seconds for the callbacks that are owed when all calls are over."""


@dataclass(frozen=True, slots=True)
class SipTrace:
    """The file that SIP messages are written to, and the number whose calls are meant; empty for all."""

    path: Path
    number: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that has started, and all of it that its end needs to know."""

    config: Config
    manager: ServiceManager
    conductor: Conductor
    queue: CallQueue
    endpoint: SipEndpoint
    socket: socket.socket
    http: HttpServer


async def run(configuration: Configuration, trace: SipTrace | None = None) -> None:
    """Run the server until SIGTERM or SIGINT; SIGHUP has it read its file anew. StartError if it can't start."""
    stopping = Stopping()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(stopping.by_signals())
        try:
            running = await stopping.unless_asked(_start(configuration, stack, trace, stopping))
            if running is not None:
                await _serve(running, stopping)
        except (StoreError, SipError, MediaError, MigrationError, ControlError, *REFUSALS) as error:
            raise StartError(str(error)) from error
        except OSError as error:
            named = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise StartError(named) from error


async def _start(
    configuration: Configuration, stack: contextlib.AsyncExitStack, trace: SipTrace | None, stopping: Stopping
) -> Running:
    """Build the parts floor by floor; `stack` has how each is ended."""
    config, events = configuration.current, Events()
    manager = ServiceManager.from_environment(os.environ, os.getpid())
    stack.callback(manager.close)
    for work in (manager.watch(), watch_loop(events.loop_lag.observe)):
        stack.callback(asyncio.create_task(work).cancel)
    _raise_descriptors()
    make_private(config.server.data_dir)
    manager.tell("Opens the database, and brings it up to date")
    store = await open_store(config.server.database, stack)
    stack.enter_context(only_server(config.server.data_dir))
    manager.tell("Starts")
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
    queue = CallQueue(store, tell=waiting.add, refusals=RefusalFile(config.server.data_dir / "refused"))

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
    listener = http.bind(config)
    stack.callback(listener.close)
    links = RecordingLinks(http.public_url(config, listener), await store.write(signing_key))
    parts = Parts(
        store=store,
        sip=endpoint,
        media=media,
        routes=routes,
        agents=Agents(_Groups(routes)),
        recordings=Recordings(config.server.data_dir / "recordings", transcoder),
        heartbeat=HeartbeatFile(config.server.data_dir / "heartbeat"),
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
    rooms = Rooms(store, lambda: configuration.current, clients, routes, library, sender.expect, sender.moved)
    reload = Reload(configuration, rooms, lambda config: policy.allow(config.security.allow_networks))
    live = Live(conductor, waiting, parts.agents, sender, media, traces, owners, agent, http.address_of(listener))
    commands = Commands([*stored_commands(rooms), *live_commands(rooms, live), reload.command()])
    control = ControlServer(config.server.data_dir, commands)
    stack.push_async_callback(control.close)  # after the calls' end, which waits for no command
    await conductor.start()
    stack.push_async_callback(conductor.stop, CUT_WITHIN)
    retention = Retention(kinds(config, store, library))
    for keeping in (media.watch(), retention.run(), collect_when_idle(lambda: conductor.running)):
        stack.callback(asyncio.create_task(keeping).cancel)
    await control.start()
    stack.callback(control.refuse)
    stack.enter_context(reload_at_hangup(reload, manager))
    watched = Watched(
        store=store,
        calls=conductor,
        waiting=waiting,
        trunks=routes.trunks,
        phones=routes,
        agents=parts.agents,
        media=media,
        transcoder=transcoder,
        companies=lambda: [company.code for company in clients],
        sender=sender,
        sends=lambda: not sending.done(),
        stops=stopping.asked.is_set,
        folders=_folders(config),
        rtp_address=config.rtp.address,
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
    stopping.patience = float(config.server.stop_timeout)
    return Running(config, manager, conductor, queue, endpoint, listener, http.listen(listener, config, app))


async def _serve(running: Running, stopping: Stopping) -> None:
    """Answer HTTP until the server is to stop and its calls are over, or are to be ended."""
    _tell_ready(running)
    with without_full_collections():
        serving = asyncio.create_task(running.http.serve([running.socket]))
        asked = asyncio.create_task(stopping.asked.wait())
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        running.manager.stopping()
        running.queue.close()
        await running.conductor.drain(stopping.patience, stopping.hurried)
        running.http.should_exit = True
        await serving


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
    data_dir = config.server.data_dir
    found = {"data": data_dir, "recordings": data_dir / "recordings"}
    return found if database is None else {**found, "database": database}


def _tell_ready(running: Running) -> None:
    """One JSON line on standard output, for scripts: what listens where."""
    address, bound = http.address_of(running.socket), running.endpoint.addresses
    sip = [f"{each.transport}:{format_host(each.local[0])}:{each.local[1]}" for each in bound]
    log.info("server_ready", http=address, sip=sip)
    LogOutput(STANDARD_OUTPUT).msg(json.dumps({"event": "ready", "http": address, "sip": sip}))
    running.manager.ready(f"Answers at {address}")


async def _finish(sending: "asyncio.Task[None]", sender: callbacks.Sender) -> None:
    await sender.stop(LAST_DELIVERIES)
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


class _Addresses:
    """Where companies want their callbacks, for the sender."""

    def __init__(self, clients: Companies) -> None:
        self._clients = clients

    def endpoint(self, company_code: str, kind: CallbackKind) -> Endpoint | None:
        company = self._clients.get(company_code)
        if company is None:
            return None
        url = company.cdr_callback if kind is CallbackKind.CDR else company.status_callback
        if url is None:
            return None
        return Endpoint(url, company.signing_secret, company.callback_format.value, company.updated_at)


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
