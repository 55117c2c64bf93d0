"""A small name server on loopback: it knows SRV records, refuses, lies and says nothing, as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import cast

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

Record = tuple[int, int, int, str]
"""Priority, weight, port and target of an SRV record."""


class Fault(Enum):
    """What a server does instead of an answer."""

    SILENT = auto()
    SERVFAIL = auto()
    REFUSED = auto()
    GARBAGE = auto()
    OTHER_NAME = auto()
    """The records of a name that nobody asked for."""


class DnsServer(asyncio.DatagramProtocol):
    """Answers by `records`; a name that stands there with nothing exists without SRV, any other one does not exist."""

    def __init__(self) -> None:
        self.records: dict[str, list[Record] | Fault] = {}
        self.asked: list[str] = []
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._reply(dns.message.from_wire(data))
        if reply is not None:
            self._transport.sendto(reply, addr)

    def _reply(self, query: dns.message.Message) -> bytes | None:
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        known = self.records.get(name)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        match known:
            case Fault.SILENT:
                return None
            case Fault.GARBAGE:
                return b"\x00" * 7
            case Fault.SERVFAIL | Fault.REFUSED:
                response.set_rcode(dns.rcode.from_text(known.name))
            case Fault.OTHER_NAME:
                texts = ["1 0 5060 elsewhere.example."]
                response.answer.append(dns.rrset.from_text_list("other.example.", 60, "IN", "SRV", texts))
            case None:
                response.set_rcode(dns.rcode.NXDOMAIN)
            case [_, *_]:
                texts = [f"{priority} {weight} {port} {target}." for priority, weight, port, target in known]
                response.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", "SRV", texts))
            case _:
                pass  # the name exists, and has no SRV record
        return response.to_wire(max_size=65_535)


@asynccontextmanager
async def dns_server() -> AsyncIterator[DnsServer]:
    """A name server, which everybody in this process who asks dnspython asks until the block ends."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        DnsServer, local_addr=("127.0.0.1", 0)
    )
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dns.asyncresolver, "default_resolver", resolver)
        try:
            yield server
        finally:
            transport.close()
