"""SIPp as a phone at the registrar of a whole server: scenarios that SIPp itself checks, message by message."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.hostile.strangers import Udp
from tests.acceptance.sipp_peer import Message, Sipp

from playvoice.simulator.configuration import LOOPBACK, free_ports
from playvoice.simulator.sound import ASSETS
from playvoice.simulator.world import EXTENSION, Cast, World
from playvoice.sip import URI, Credentials, DigestClient, Request, Response
from playvoice.sip.message import parse

pytestmark = pytest.mark.peer("sipp")

PASSWORD = "secret"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    cast = Cast(registered=False, extensions={EXTENSION: PASSWORD}, setting={"trunk": {"keepalive": 0}})
    with World(tmp_path_factory.mktemp("registrar"), ASSETS, cast) as world:
        yield world


def run(world: World, scenario: str, directory: Path, transport: str, **more: object) -> list[Message]:
    """Let SIPp go through a scenario; gives all that went over the wire."""
    (port,) = free_ports(1)
    keys = {"user": EXTENSION, "password": PASSWORD, **more}
    with Sipp(scenario, directory, port, transport=transport, keys=keys, server=world.sip(transport)) as sipp:
        sipp.finish()
        return sipp.messages()


def statuses(messages: list[Message]) -> list[str]:
    """What the server answered, each once: a busy machine makes SIPp repeat itself."""
    answers = {each.header("CSeq"): each.first_line.split()[1] for each in messages if not each.sent}
    return list(answers.values())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_phone_with_two_contacts(world: World, tmp_path: Path, transport: str) -> None:
    messages = run(world, "register", tmp_path, transport)
    assert statuses(messages) == ["401", "200", "400", "423", "200", "200", "200"]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_credentials_that_were_overheard_are_worth_nothing(world: World, tmp_path: Path, transport: str) -> None:
    authorization = answer(world)
    messages = run(world, "replay", tmp_path, transport, authorization=authorization)
    assert statuses(messages) == ["200", "401", "200"]


def answer(world: World) -> str:
    """What a phone would answer to a challenge of the server's."""
    with Udp(LOOPBACK, world.sip()) as phone:
        phone.send(phone.message("REGISTER", uri=f"sip:{LOOPBACK}"))
        challenge = parse(phone.response())
    assert isinstance(challenge, Response)
    client = DigestClient(Credentials(EXTENSION, PASSWORD), random.Random(1))
    assert client.learn(challenge)
    request = Request("REGISTER", URI.parse(f"sip:{LOOPBACK}"))
    client.authorize(request)
    return request.headers["Authorization"]
