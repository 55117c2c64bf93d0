"""Which checks there are, in the order of a call's path, and how they are run: all at once, each within its time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial

from playvoice.commands.doctor import agents, files, firewall, ports, receivers, resources, serving, storage, trunks
from playvoice.commands.doctor import nat as nat_check
from playvoice.commands.doctor import voices as voices_check
from playvoice.commands.doctor.finding import Check, Finding, warning
from playvoice.commands.doctor.situation import Situation
from playvoice.commands.doctor.threads import in_thread
from playvoice.media.transcoder import Transcoder
from playvoice.web import NetworkPolicy, WebClient

TRUNK_SECONDS = 30.0
"""Names, OPTIONS and a few REGISTER."""
DELIVERY_SECONDS = 20.0
VOICES_SECONDS = 120.0
CONNECTIONS = 20

Tell = Callable[[int, int, Sequence[str]], None]
"""Called with how many checks are done, how many there are, and the names of those under way."""


async def examine(situation: Situation, *, deliver: bool, tell: Tell) -> AsyncIterator[Finding]:
    """Make all checks at once and give what they find in their order."""
    async with AsyncExitStack() as stack:
        checks = _checks(situation, deliver, stack)
        tasks = {check.name: asyncio.create_task(_run(check)) for check in checks}

        def progress(_done: object = None) -> None:
            waiting = [name for name, task in tasks.items() if not task.done()]
            tell(len(tasks) - len(waiting), len(tasks), waiting)

        progress()
        for task in tasks.values():
            task.add_done_callback(progress)
        for task in tasks.values():
            for finding in await task:
                yield finding


async def _run(check: Check) -> Sequence[Finding]:
    """Make one check; one that hangs or has a fault says so, and the others go on."""
    try:
        async with asyncio.timeout(check.seconds):
            return await check.run()
    except TimeoutError:
        return [warning(check.name, f"not known after {check.seconds:g} s", "try again; what it looks at may hang")]
    except Exception as error:
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        return [warning(check.name, f"the check itself failed: {said}", "please report this")]


def _checks(situation: Situation, deliver: bool, stack: AsyncExitStack) -> list[Check]:
    config, machine, setup = situation.config, situation.machine, situation.setup
    policy = NetworkPolicy(config.security.allow_networks)
    web = WebClient(policy, max_connections=CONNECTIONS)
    stack.push_async_callback(web.aclose)
    transcoder = Transcoder()
    stack.push_async_callback(transcoder.close)
    bound = asyncio.create_task(in_thread(lambda: _look_at_ports(situation)))

    async def ask() -> dict[str, trunks.TrunkReport]:
        await asyncio.wait([bound])  # for asking binds ports itself
        return await trunks.examine_trunks(config, setup.trunks)

    asked = asyncio.create_task(ask())
    stack.callback(asked.cancel)

    async def port_findings() -> Sequence[Finding]:
        return await asyncio.shield(bound)

    async def nat() -> Sequence[Finding]:
        reports = (await asyncio.shield(asked)).values()
        targets = [target for report in reports for target in report.targets]
        seen_as = {address for report in reports for address in report.seen_as}
        return [nat_check.nat(config, machine.addresses(), targets, seen_as)]

    async def trunk(name: str) -> Sequence[Finding]:
        return (await asyncio.shield(asked))[name].findings

    async def server() -> Sequence[Finding]:
        return [await serving.server(situation)]

    async def receiver(each: receivers.Receiver) -> Sequence[Finding]:
        return [await receivers.receiver(each, web, policy, deliver=deliver)]

    return [
        _blocking("set-up", lambda: [files.parts(setup)]),
        _blocking("secrets", lambda: files.secrets(situation.path, config)),
        Check("server", server),
        Check("ports", port_findings),
        _blocking("firewall", lambda: firewall.firewall(config), seconds=20.0),
        Check("NAT address", nat, TRUNK_SECONDS),
        *(Check(f"trunk {each.name}", partial(trunk, each.name), TRUNK_SECONDS) for each in setup.trunks),
        _blocking("agents", lambda: agents.agents(situation)),
        _blocking("callbacks", lambda: receivers.missing(setup.companies)),
        *(
            Check(each.check, partial(receiver, each), DELIVERY_SECONDS)
            for each in receivers.receivers(setup.companies)
        ),
        _blocking("clock", lambda: [resources.clock(resources.read_clock)]),
        _blocking("descriptors", lambda: [resources.descriptors(situation)]),
        _blocking("disk", lambda: storage.disk(situation)),
        _blocking("database", lambda: storage.database(situation)),
        *(
            Check(f"voices of company {each.code}", partial(voices_check.voices, each, transcoder), VOICES_SECONDS)
            for each in config.companies
        ),
        _blocking("processors and memory", lambda: resources.power(situation)),
        _blocking("socket buffers", lambda: [resources.buffers(machine, situation.demand.calls_per_second)]),
    ]


def _look_at_ports(situation: Situation) -> list[Finding]:
    return [*ports.listening(situation), *ports.rtp(situation)]


def _blocking(name: str, work: Callable[[], Iterable[Finding]], seconds: float = 15.0) -> Check:
    async def run() -> Sequence[Finding]:
        return await in_thread(lambda: list(work()))

    return Check(name, run, seconds)
