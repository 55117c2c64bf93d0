"""A simulated phone on a user agent that is given bytes: what it makes of an INVITE."""

import io
import json
from typing import cast

from playvoice.simulator.behaviour import Behaviour
from playvoice.simulator.journal import Journal
from playvoice.simulator.phone import PhoneOptions, Phones
from playvoice.sip import Flow, SipEndpoint, Transport, UserAgent

FLOW = Flow(Transport.UDP, ("192.0.2.1", 5060), ("192.0.2.2", 5060))
OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


class Endpoint:
    """Sends nothing by itself."""

    def flush(self) -> None:
        pass


def test_a_caller_is_told_whose_display_name_no_strict_grammar_takes() -> None:
    agent, output = UserAgent(), io.StringIO()
    phones = Phones(Journal(output), PhoneOptions(), lambda _number: Behaviour(answer_after=None))
    phones.attach(cast(SipEndpoint, Endpoint()))
    lines = (
        "INVITE sip:13333333333@192.0.2.2 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa",
        "From: 陈先生 <sip:2120280001@192.0.2.1>;tag=a",
        "To: <sip:13333333333@192.0.2.2>",
        "Call-ID: a",
        "CSeq: 1 INVITE",
        "Contact: <sip:192.0.2.1>",
        "Content-Type: application/sdp",
        f"Content-Length: {len(OFFER)}",
    )
    agent.receive("\r\n".join((*lines, "", "")).encode() + OFFER, FLOW, 0.0)
    (event,) = agent.take_events()
    assert phones.on_event(event)
    told = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [(line["event"], line.get("caller")) for line in told] == [("invite", "2120280001"), ("ringing", None)]
