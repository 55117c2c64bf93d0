"""REGISTER to a trunk with several addresses, while the time is a number: which failure leads to the next one."""

from ipaddress import IPv4Network
from random import Random

import pytest
from tests.unit.lines.test_keepalive import Endpoint

from playvoice.lines import ToldAddress, Trunk, Trunks
from playvoice.lines.registering import Registering
from playvoice.lines.resolving import Resolver
from playvoice.lines.trunk_registration import FIRST_BACK_OFF, State, TrunkRegistration
from playvoice.sip import URI, Credentials, Flow, Request, UserAgent
from playvoice.sip.digest_server import DigestServer
from playvoice.sip.message import make_response, parse

ITSP = Trunk(
    "itsp", URI.parse("sip:itsp.example.org:5060"), "itsp.example.org", Credentials("us", "secret"), registers=True
)
FIRST, SECOND, THIRD = "192.0.2.1", "192.0.2.2", "192.0.2.3"


class Carrier:
    """A registrar of three addresses; `statuses` is what each answers with, None for nothing, 401 before 200."""

    def __init__(self, statuses: dict[str, int | None]) -> None:
        self.statuses = statuses
        self.endpoint = Endpoint()
        self.asked: list[str] = []
        self.requests: list[Request] = []
        self._digest = DigestServer("itsp.example.org", key=bytes(32))

    async def start(self) -> None:
        async def look_up_address(_name: str) -> list[str]:
            return list(self.statuses)

        self.trunks = Trunks([ITSP], Resolver(Random(1), look_up_address=look_up_address), Random(1))
        await self.trunks.refresh_addresses()
        self.registering = Registering(self.trunks)

    @property
    def registration(self) -> TrunkRegistration:
        ((_, registration),) = self.trunks.registrations()
        return registration

    def run(self, until: float) -> None:
        """Let the time pass until then, and answer what is sent."""
        agent = self.endpoint.agent
        while True:
            self.registering.send_due(self.endpoint)
            self._answer(agent)
            times = (agent.next_deadline(), self.registering.next_deadline())
            at = min((time for time in times if time is not None), default=until)
            if at >= until:
                break
            self.endpoint.at = max(self.endpoint.at, at)
            agent.handle_deadline(self.endpoint.at)
        self.endpoint.at = until

    def _answer(self, agent: UserAgent) -> None:
        self._take_events()
        while sends := agent.take_sends():
            for data, flow in sends:
                request = parse(data)
                assert isinstance(request, Request)
                if request.headers["Via"] not in (before.headers["Via"] for before in self.requests):
                    self.asked.append(flow.remote[0])
                    self.requests.append(request)
                self._answer_one(agent, request, flow)
            self._take_events()

    def _answer_one(self, agent: UserAgent, request: Request, flow: Flow) -> None:
        status = self.statuses[flow.remote[0]]
        if status is None:
            return
        response = make_response(request, status, to_tag="x")
        if status == 200 and request.headers.get("Authorization") is None:
            response = make_response(request, 401, to_tag="x")
            for value in self._digest.challenge(self.endpoint.at):
                response.headers.add("WWW-Authenticate", value)
        agent.receive(bytes(response), flow, self.endpoint.at)

    def _take_events(self) -> None:
        for event in self.endpoint.agent.take_events():
            assert self.registering.handle(event, self.endpoint)


async def carrier(*statuses: int | None) -> Carrier:
    made = Carrier(dict(zip((FIRST, SECOND, THIRD), statuses, strict=True)))
    await made.start()
    return made


async def test_a_503_leads_to_the_next_address_at_once_and_a_challenge_is_answered_where_it_came_from() -> None:
    going = await carrier(503, 503, 200)
    going.run(0.1)
    assert going.asked == [FIRST, SECOND, THIRD, THIRD]
    assert going.registration.is_registered(1.0)
    first, *_, last = going.requests
    assert (last.call_id, str(last.from_address)) == (first.call_id, str(first.from_address)), "it is one registration"
    assert [request.cseq.sequence for request in going.requests] == [1, 2, 3, 4]
    assert [bool(request.headers.getlist("Authorization")) for request in going.requests] == [False, False, False, True]


async def test_silence_leads_there_after_timer_f() -> None:
    going = await carrier(None, 200, 200)
    going.run(31.9)
    assert going.asked == [FIRST]
    going.run(32.1)
    assert going.asked == [FIRST, SECOND, SECOND]
    assert going.registration.is_registered(33.0)
    assert going.trunks.targets(ITSP, 33.0)[0].host == SECOND, "calls go there first too"


async def test_what_every_address_refuses_is_tried_again_after_the_back_off() -> None:
    going = await carrier(503, 503, 503)
    going.run(0.1)
    assert going.asked == [FIRST, SECOND, THIRD]
    assert going.registration.state is State.WAITING
    assert going.registration.outcome is not None
    assert going.registration.outcome.status == 503
    assert going.registration.next_deadline() == FIRST_BACK_OFF
    going.run(FIRST_BACK_OFF + 0.1)
    assert len(going.asked) == 6


@pytest.mark.parametrize("status", [403, 404, 500, 302])
async def test_what_the_registrar_says_of_us_is_true_at_its_other_addresses_too(status: int) -> None:
    going = await carrier(status, 200, 200)
    going.run(0.1)
    assert going.asked == [FIRST]


async def test_at_a_stop_the_registration_is_taken_back_elsewhere_where_its_address_is_gone() -> None:
    going = await carrier(200, 200, 200)
    going.run(0.1)
    going.statuses[FIRST] = 503
    ask = going.registration.close(going.endpoint.at)
    assert ask is not None
    going.registering._send(ITSP, going.registration, ask, going.endpoint)
    going.run(0.2)
    assert going.asked[-3:] == [FIRST, SECOND, SECOND]
    assert going.requests[-1].headers["Expires"] == "0"
    assert going.registration.state is State.CLOSED


async def test_a_trunk_that_was_removed_meanwhile_is_left_alone() -> None:
    going = await carrier(None, 200, 200)
    going.run(1.0)
    going.trunks.replace([], 1.0)
    going.run(40.0)
    assert going.asked == [FIRST]


@pytest.mark.parametrize(
    ("local_networks", "host"), [((), "203.0.113.7"), ((IPv4Network("192.0.2.0/24"),), "127.0.0.1")]
)
async def test_contact_is_the_address_that_the_registrar_is_to_see(
    local_networks: tuple[IPv4Network, ...], host: str
) -> None:
    going = await carrier(200, 200, 200)
    told = ToldAddress("127.0.0.1", "203.0.113.7", local_networks)
    going.endpoint.agent = UserAgent(advertise=told.for_sip)
    going.run(0.1)
    assert going.registration.is_registered(1.0)
    for request in going.requests:
        assert request.headers["Contact"] == f"<sip:us@{host}:5060>"
        assert request.headers["Via"].startswith(f"SIP/2.0/UDP {host}:5060;rport;")
