"""Trunks that answer, challenge, refuse, say nothing, and have names that lead nowhere."""

import socket
from collections.abc import Sequence
from typing import Any

import pytest
from sipmessage import URI, Response
from tests.unit.commands.doctor.sip_peer import Peer, listening, ok, peer, silent
from tests.unit.commands.doctor.world import configuration
from tests.unit.lines import configs

from playvoice.commands.doctor import asking, trunks
from playvoice.commands.doctor.asking import Reply
from playvoice.commands.doctor.finding import Finding, Outcome
from playvoice.commands.doctor.setup import setup_of
from playvoice.commands.doctor.trunks import LookedUp, TrunkReport, examine_trunks, names, options, registered
from playvoice.config import Config
from playvoice.lines.resolving import Service, Target
from playvoice.lines.trunk import Trunk
from playvoice.sip import IncomingRequest, Transport
from playvoice.sip.digest import read_answer

ACCOUNT: dict[str, Any] = {"register": True, "username": "8610", "password": "secret"}
CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier", nonce="n1", qop="auth"')
NEAR, FAR = Target(Transport.UDP, "192.0.2.1", 5060), Target(Transport.UDP, "192.0.2.2", 5060)


def trunk(address: str = "sip:192.0.2.1", **fields: Any) -> Trunk:
    (made,) = setup_of(configuration(trunk=[configs.trunk(address=address, **fields)])).trunks
    return made


async def examine(to: Peer | str, config: Config | None = None, **fields: Any) -> TrunkReport:
    address = to if isinstance(to, str) else to.uri
    return (await examine_trunks(config or listening(), [trunk(address, **fields)]))["carrier"]


def told(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(each.outcome.value, each.check.removeprefix("trunk carrier: ")) for each in findings]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for who says nothing."""
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.05)


def registrar(password: str = "secret", *, final: int = 200) -> Any:
    """Challenges once, and takes the right password."""

    def answer(request: IncomingRequest, now: float) -> None:
        given = read_answer(request.request.headers.getlist("Authorization"), "carrier")
        if request.method == "OPTIONS":
            request.respond(200, now)
        elif given is None:
            request.respond(401, now, headers=(CHALLENGE,))
        elif given.response == given.expected_response("REGISTER", password):
            request.respond(final, now, headers=(("Contact", "<sip:8610@192.0.2.7>;expires=60"),))
        else:
            request.respond(403, now)

    return answer


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_trunk_that_answers_options_is_fine_and_tells_where_it_sees_us(transport: str) -> None:
    async with peer(ok, transport) as carrier:
        report = await examine(carrier)
    assert told(report.findings) == [("ok", "OPTIONS")]
    assert "answered 200 OK in" in report.findings[0].seen
    assert report.seen_as == {"127.0.0.1"}
    assert [request.method for request in carrier.asked] == ["OPTIONS"]


@pytest.mark.usefixtures("impatient")
async def test_a_trunk_that_says_nothing_is_a_failure() -> None:
    async with peer(silent) as carrier:
        report = await examine(carrier)
    assert told(report.findings) == [("failure", "OPTIONS")]
    assert "no answer within 0.05 s" in report.findings[0].seen


async def test_a_tcp_port_on_which_nobody_listens_is_told_at_once() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        report = await examine(f"sip:127.0.0.1:{sock.getsockname()[1]};transport=tcp")
    assert report.findings[0].outcome is Outcome.FAILURE
    assert "no connection" in report.findings[0].seen


async def test_a_registrar_that_takes_the_credentials_is_fine_and_keeps_what_it_has() -> None:
    async with peer(registrar()) as carrier:
        report = await examine(carrier, **ACCOUNT)
    assert told(report.findings) == [("ok", "OPTIONS"), ("ok", "registration")]
    assert "takes the credentials; 1 registered now" in report.findings[1].seen
    registers = [request.request for request in carrier.asked if request.method == "REGISTER"]
    assert len(registers) == 2
    assert not any(request.headers.getlist(name) for request in registers for name in ("Contact", "Expires"))
    assert len({request.call_id for request in registers}) == 1


async def test_wrong_credentials_are_a_failure_that_shows_no_secret() -> None:
    async with peer(registrar("another")) as carrier:
        report = await examine(carrier, **ACCOUNT)
    assert told(report.findings) == [("ok", "OPTIONS"), ("failure", "registration")]
    assert "secret" not in str(report.findings[1])
    assert "check username, password" in report.findings[1].do


async def test_a_registrar_that_never_has_enough_is_asked_four_times() -> None:
    nonces = iter(range(100))

    def stale(request: IncomingRequest, now: float) -> None:
        fresh = f'Digest realm="carrier", nonce="{next(nonces)}", stale=true'
        request.respond(401, now, headers=(("WWW-Authenticate", fresh),))

    async with peer(stale) as carrier:
        report = await examine(carrier, **ACCOUNT)
    assert told(report.findings)[-1] == ("failure", "registration")
    assert sum(request.method == "REGISTER" for request in carrier.asked) <= 4


@pytest.mark.usefixtures("impatient")
async def test_a_trunk_that_answers_only_register_is_there_all_the_same() -> None:
    def only_register(request: IncomingRequest, now: float) -> None:
        if request.method == "REGISTER":
            request.respond(200, now)

    async with peer(only_register) as carrier:
        report = await examine(carrier, **ACCOUNT)
    assert told(report.findings) == [("warning", "OPTIONS"), ("ok", "registration")]
    assert "keepalive = 0" in report.findings[0].do


async def test_beside_a_running_server_another_port_is_asked_from() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        async with peer(ok) as carrier:
            report = await examine(carrier, listening(f"udp:127.0.0.1:{server.getsockname()[1]}"))
    assert report.findings[0].outcome is Outcome.OK
    assert "those of the configuration are in use" in report.findings[0].seen


async def test_the_ports_of_the_configuration_are_asked_from_while_nobody_has_them() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with peer(ok) as carrier:
        await examine(carrier, listening(f"udp:127.0.0.1:{port}"))
    assert carrier.asked[0].flow.remote == ("127.0.0.1", port)


async def test_addresses_of_another_machine_can_not_be_asked_from() -> None:
    report = await examine("sip:192.0.2.1", listening("udp:192.0.2.77:5060"))
    assert [each.outcome for each in report.findings] == [Outcome.FAILURE]
    assert "192.0.2.77" in report.findings[0].seen


async def test_a_family_that_is_not_listened_on_is_told() -> None:
    report = await examine("sip:[::1]:5060", listening("udp:127.0.0.1:0"))
    assert "no udp address to reach ::1 from" in report.findings[0].seen


async def test_a_name_that_leads_nowhere_is_a_failure_and_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(name: str) -> list[Any]:
        raise OSError(f"no answer to {name}")

    monkeypatch.setattr(trunks, "ask_for_services", nobody)
    report = await examine("sip:sip.example.com")
    assert told(report.findings) == [("failure", "DNS")]
    assert "no answer to _sip._udp.sip.example.com" in report.findings[0].seen


async def test_a_name_is_looked_up_as_the_server_does(monkeypatch: pytest.MonkeyPatch) -> None:
    async def services(_name: str) -> list[Service]:
        return [Service(10, 1, "a.example.com", 5070), Service(20, 1, "b.example.com", 5080)]

    async def addresses(name: str) -> list[str]:
        if name.startswith("b"):
            raise OSError(-2, "Name or service not known")
        return ["127.0.0.1"]

    monkeypatch.setattr(trunks, "ask_for_services", services)
    monkeypatch.setattr(trunks, "ask_the_system", lambda: addresses)
    found = await trunks.look_up(URI.parse("sip:sip.example.com"))
    assert [str(target.port) for target in found.targets] == ["5070"]
    finding = names(trunk("sip:sip.example.com"), found)
    assert finding.outcome is Outcome.WARNING
    assert "by SRV: udp:127.0.0.1:5070; but b.example.com: Name or service not known" in finding.seen


def test_a_name_with_addresses_only_is_fine() -> None:
    finding = names(trunk("sip:sip.example.com:5061"), LookedUp([NEAR]))
    assert (finding.outcome, "by its address records" in finding.seen) == (Outcome.OK, True)


def reply(code: int | None, target: Target = NEAR, phrase: str = "Said") -> Reply:
    if code is None:
        return Reply(target, reason="no answer within 4 s")
    return Reply(target, Response(code, phrase), 0.012)


@pytest.mark.parametrize(
    ("codes", "fields", "outcome"),
    [
        ([200], {}, Outcome.OK),
        ([404], {}, Outcome.OK),
        ([405], {}, Outcome.OK),
        ([501], {}, Outcome.OK),
        ([401], {}, Outcome.OK),
        ([403], {}, Outcome.WARNING),
        ([403], ACCOUNT, Outcome.OK),
        ([503], {}, Outcome.WARNING),
        ([408], {}, Outcome.WARNING),
        ([200, None], {}, Outcome.WARNING),
        ([None], {}, Outcome.FAILURE),
        ([None], {"keepalive": 0}, Outcome.WARNING),
    ],
)
def test_what_a_trunk_says_to_options_decides(codes: list[int | None], fields: Any, outcome: Outcome) -> None:
    replies = [reply(code, target) for code, target in zip(codes, (NEAR, FAR), strict=False)]
    finding = options(trunk(**fields), replies, True)
    assert finding.outcome is outcome, finding
    assert finding.do or outcome is Outcome.OK


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (200, Outcome.OK),
        (401, Outcome.FAILURE),
        (403, Outcome.FAILURE),
        (404, Outcome.FAILURE),
        (400, Outcome.WARNING),
        (501, Outcome.WARNING),
        (503, Outcome.FAILURE),
        (408, Outcome.FAILURE),
        (None, Outcome.FAILURE),
    ],
)
def test_what_a_registrar_says_decides(code: int | None, outcome: Outcome) -> None:
    finding = registered(trunk(**ACCOUNT), reply(code))
    assert finding.outcome is outcome
    assert "8610@" in finding.seen
