"""`python -m playvoice.simulator carrier|agents|receiver`: one far end as a process.

It prints one JSON object a line, `ready` first, and takes commands, one JSON object a line, from standard input. At the
end of standard input it ends, so that nothing outlives the program that started it.
"""

import argparse
import asyncio
import gc
import json
import signal
import sys
from pathlib import Path
from typing import Any, Protocol

from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.journal import Journal


class FarEnd(Protocol):
    """What each of the three is to this module."""

    async def start(self) -> None: ...

    def command(self, command: dict[str, object]) -> None: ...

    async def close(self) -> None: ...


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def _listen(text: str) -> tuple[str, str, int]:
    transport, _, address = text.partition(":")
    return transport, *_address(address)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m playvoice.simulator", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    phones = argparse.ArgumentParser(add_help=False)
    phones.add_argument("--behaviour", type=json.loads, default={}, help="JSON: number's ending to behaviour")
    phones.add_argument("--speech", type=Path, help="audio file that a phone says")
    phones.add_argument("--output", type=Path, help="directory for what was heard and said")
    phones.add_argument("--address", default="127.0.0.1", help="IP address of the phones' SIP and RTP")
    phones.add_argument("--codecs", default="PCMA,PCMU")
    phones.add_argument("--tones", action="store_true", help="press keys as tones, and agree on no telephone-events")
    carrier = kinds.add_parser("carrier", parents=[phones])
    carrier.add_argument("--listen", type=_listen, action="append", help="udp:HOST:PORT or tcp:HOST:PORT")
    agents = kinds.add_parser("agents", parents=[phones])
    agents.add_argument("--server", type=_listen, required=True, help="udp:HOST:PORT or tcp:HOST:PORT")
    agents.add_argument("--domain", default="127.0.0.1")
    agents.add_argument("--extensions", type=json.loads, required=True, help='JSON: {"number": "password"}')
    agents.add_argument("--expires", type=int, default=300)
    receiver = kinds.add_parser("receiver")
    receiver.add_argument("--listen", type=_address, default=("127.0.0.1", 0), help="HOST:PORT")
    receiver.add_argument("--secret", default="", help="whsec_…, to verify signatures")
    receiver.add_argument("--status", type=int, default=200)
    receiver.add_argument("--delay", type=float, default=0.0)
    receiver.add_argument("--refuse-first", type=int, default=0)
    return parser


def _build(options: argparse.Namespace, journal: Journal) -> FarEnd:
    """Each kind imports what it needs: a receiver starts in half the time of a phone."""
    return _receiver(options, journal) if options.kind == "receiver" else _phones(options, journal)


def _receiver(options: argparse.Namespace, journal: Journal) -> FarEnd:
    from playvoice.simulator.receiver import Receiver, ReceiverOptions

    treatment = ReceiverOptions(options.secret, options.status, options.delay, options.refuse_first)
    return Receiver(journal, options.listen, treatment)


def _phones(options: argparse.Namespace, journal: Journal) -> FarEnd:
    from playvoice.media.g711 import Codec
    from playvoice.simulator.agent import Agents, Extension
    from playvoice.simulator.behaviour import Behaviours
    from playvoice.simulator.carrier import Carrier
    from playvoice.simulator.phone import PhoneOptions
    from playvoice.simulator.sound import load

    shared = PhoneOptions(
        address=options.address,
        codecs=tuple(Codec[name] for name in options.codecs.split(",")),
        telephone_event=not options.tones,
        speech=load(options.speech) if options.speech else None,
        output=options.output,
    )
    behaviours = Behaviours(options.behaviour)
    if options.kind == "carrier":
        listen = options.listen or [("udp", "127.0.0.1", 0), ("tcp", "127.0.0.1", 0)]
        return Carrier(journal, listen, behaviours, shared)
    return Agents(
        journal,
        server=options.server,
        domain=options.domain,
        extensions=[Extension(number, password) for number, password in options.extensions.items()],
        behaviours=behaviours,
        options=shared,
        expires=options.expires,
    )


def _take_command(line: bytes, far_end: FarEnd, journal: Journal) -> None:
    try:
        command: Any = json.loads(line)
        far_end.command(command)
    except (ValueError, TypeError, AttributeError, SimulatorError) as error:
        journal.write("command_failed", why=str(error), command=line.decode(errors="replace").strip())


async def _run(options: argparse.Namespace) -> None:
    journal = Journal()
    far_end = _build(options, journal)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    reader = asyncio.StreamReader()
    commands, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def obey() -> None:
        while line := await reader.readline():
            _take_command(line, far_end, journal)
        ended.set()

    await far_end.start()
    obeying = asyncio.create_task(obey())
    gc.collect()
    gc.freeze()
    await ended.wait()
    obeying.cancel()
    commands.close()
    await far_end.close()


def main() -> int:
    options = _parser().parse_args()
    try:
        asyncio.run(_run(options))
    except (SimulatorError, OSError) as error:
        print(f"{options.kind}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0  # nobody listens any more
    return 0


if __name__ == "__main__":
    sys.exit(main())
