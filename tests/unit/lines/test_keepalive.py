"""OPTIONS to a trunk with two addresses, while the time is a number."""

from dataclasses import replace
from random import Random

from playvoice.lines import Trunk, Trunks
from playvoice.lines.health import State
from playvoice.lines.keepalive import Keepalive
from playvoice.lines.resolving import Resolver
from playvoice.lines.trunk_registration import Outcome
from playvoice.sip import URI, Credentials, Flow, Request, Response, Transport, UserAgent
from playvoice.sip.message import make_response, parse

NAMED = Trunk("named", URI.parse("sip:carrier.example.org:5060"), "pbx.example.org")
FIRST, SECOND = "127.0.0.2", "127.0.0.3"


class Endpoint:
    """A user agent without sockets."""

    def __init__(self) -> None:
        self.agent = UserAgent()
        self.at = 0.0

    def now(self) -> float:
        return self.at

    def flow_to(self, transport: str, host: str, port: int) -> Flow:
        return Flow(Transport(transport), (host, port), ("127.0.0.1", 5060))

    def is_open(self, _flow: Flow) -> bool:
        return True

    def flush(self) -> None:
        raise AssertionError("the caller flushes")


async def look_up_address(_name: str) -> list[str]:
    return [FIRST, SECOND]


class Options:
    """What is sent, and who answers it."""

    def __init__(self, trunks: Trunks) -> None:
        self.trunks = trunks
        self.keepalive = Keepalive(trunks)
        self.endpoint = Endpoint()
        self.answering = {FIRST, SECOND}

    def sent_at(self, now: float) -> list[str]:
        """Where OPTIONS go at this time; who answers does so at once."""
        self.endpoint.at = now
        self.keepalive.send_due(self.endpoint)
        agent, hosts = self.endpoint.agent, []
        for data, flow in agent.take_sends():
            hosts.append(flow.remote[0])
            request = parse(data)
            assert isinstance(request, Request)
            if flow.remote[0] in self.answering:
                agent.receive(bytes(make_response(request, 200, to_tag="x")), flow, now)
        self.take_events()
        return hosts

    def take_events(self) -> None:
        for event in self.endpoint.agent.take_events():
            assert self.keepalive.handle(event, self.endpoint.at)


async def options() -> Options:
    trunks = Trunks([NAMED], Resolver(Random(1), look_up_address=look_up_address), Random(1))
    await trunks.refresh_addresses()
    return Options(trunks)


async def test_options_go_where_calls_go_and_an_answer_says_that_the_address_is_not_silent() -> None:
    going = await options()
    assert going.sent_at(0.0) == [FIRST]
    first, second = (going.endpoint.flow_to("udp", host, 5060) for host in (FIRST, SECOND))
    assert not going.trunks.is_silent(NAMED, first, 1.0)
    assert going.trunks.is_silent(NAMED, second, 1.0)


async def test_an_address_that_has_answered_and_answers_no_more_is_left_for_the_next_one() -> None:
    going = await options()
    going.sent_at(0.0)
    going.answering = {SECOND}
    assert [going.sent_at(at) for at in (30.0, 60.0, 90.0)] == [[FIRST], [SECOND], [SECOND]]
    assert going.trunks.health(NAMED).state is State.UP
    assert [target.host for target in going.trunks.targets(NAMED, 100.0)] == [SECOND, FIRST]
    assert going.sent_at(120.0) == [FIRST], "a minute later it is the first again"


async def test_a_trunk_is_down_when_none_of_its_addresses_answers() -> None:
    going = await options()
    going.sent_at(0.0)
    going.answering = set()
    asked = [going.sent_at(at) for at in (30.0, 60.0, 90.0, 120.0)]
    assert {host for hosts in asked for host in hosts} == {FIRST, SECOND}
    assert going.trunks.health(NAMED).state is State.DOWN


async def test_silence_says_nothing_about_the_addresses_of_a_trunk_that_never_answered_options() -> None:
    going = await options()
    going.answering = set()
    assert [going.sent_at(at) for at in (0.0, 30.0, 60.0)] == [[FIRST]] * 3


async def test_a_lost_connection_says_that_an_address_is_of_no_use() -> None:
    going = await options()
    tcp = replace(NAMED, address=URI.parse("sip:carrier.example.org:5060;transport=tcp"))
    going.trunks.replace([tcp], 0.0)
    await going.trunks.refresh_addresses()
    going.answering = set()
    assert going.sent_at(0.0) == [FIRST]
    going.endpoint.agent.connection_failed(going.endpoint.flow_to("tcp", FIRST, 5060), 1.0)
    going.take_events()
    assert going.sent_at(30.0) == [SECOND]


async def test_a_trunk_that_is_down_or_back_is_registered_with_anew() -> None:
    going = await options()
    ours = replace(NAMED, registers=True, credentials=Credentials("us", "secret"))
    going.trunks.replace([ours], 0.0)
    ((_, registration),) = going.trunks.registrations()
    going.sent_at(0.0)
    assert registration.handle_deadline(0.0) is not None
    registration.on_response(Response(200, "OK"), ours.address, 0.0)
    refresh = registration.next_deadline()
    assert refresh is not None
    assert refresh > 1_000
    going.answering = set()
    for at in (30.0, 60.0, 90.0, 120.0):
        going.sent_at(at)
    assert going.trunks.health(ours).state is State.DOWN
    assert registration.next_deadline() == 120.0, "it may be silent because it has forgotten us"
    assert registration.handle_deadline(120.0) is not None
    registration.on_failure(Outcome(408), 152.0)
    assert registration.next_deadline() == 182.0
    going.answering = {FIRST, SECOND}
    going.sent_at(160.0)
    assert going.trunks.health(ours).state is State.UP
    assert registration.next_deadline() == 160.0, "and waits for no back-off"
