"""`python -m tests.network.names ADDRESS JSON`: a name server that knows these A records, and fails as it is told.

A line of standard input is `{"fault": "SILENT"}`, `"SERVFAIL"`, `"NXDOMAIN"` or, for answers again, `null`.
"""

import json
import select
import socket
import sys

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from playvoice.simulator.journal import Journal


def main(arguments: list[str]) -> None:
    """Answer until standard input ends."""
    address, records = arguments[0], json.loads(arguments[1])
    fault: str | None = None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 53))
        journal = Journal()
        journal.write("ready")
        while True:
            readable, _, _ = select.select([sock, sys.stdin], [], [])
            if sys.stdin in readable:
                line = sys.stdin.readline()
                if not line:
                    return
                fault = json.loads(line)["fault"]
                journal.write("obeys", fault=fault)
            if sock in readable:
                data, source = sock.recvfrom(4_096)
                query = dns.message.from_wire(data)
                journal.write("asked", name=query.question[0].name.to_text(omit_final_dot=True), fault=fault)
                if fault != "SILENT":
                    sock.sendto(_answer(query, records, fault), source)


def _answer(query: dns.message.Message, records: dict[str, str], fault: str | None) -> bytes:
    (question,) = query.question
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    address = records.get(question.name.to_text(omit_final_dot=True))
    if fault is not None or address is None:
        response.set_rcode(dns.rcode.from_text(fault or "NXDOMAIN"))
    elif question.rdtype == dns.rdatatype.A:
        response.answer.append(dns.rrset.from_text(question.name, 1, "IN", "A", address))
    return response.to_wire()


if __name__ == "__main__":
    main(sys.argv[1:])
