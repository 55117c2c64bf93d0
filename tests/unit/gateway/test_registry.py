from typing import Any

import pytest
from tests.unit.gateway.world import AT

from playvoice.codes import Text
from playvoice.gateway.errors import GatewayError
from playvoice.gateway.reading import Pairs, Parameters, ReceivedFile
from playvoice.gateway.registry import TOKEN, Done, FileParameter, Parameter, Registry, Request, Service, Values
from playvoice.gateway.rules import FileOf, Free


async def nothing(request: Request, values: Values) -> Done:
    return Done()


NOTHING = Text("", "")
VOICE = FileParameter("voice", FileOf(5), NOTHING, required=True, max_octets=5)


def service(name: str, *parameters: Parameter[Any]) -> Service:
    return Service(name, NOTHING, parameters, NOTHING, NOTHING, nothing)


def test_two_services_can_not_have_one_name() -> None:
    with pytest.raises(GatewayError, match="two services"):
        Registry([service("App.A"), service("app.a")])


def test_a_registry_knows_which_services_take_a_file_and_by_which_name() -> None:
    ordinary, taking = service("App.A", TOKEN), service("App.B", TOKEN, VOICE)
    assert Registry([ordinary, taking]).file_names == {"voice"}
    assert (ordinary.takes_file, taking.takes_file) == (False, True)
    assert (taking.file("voice"), taking.file("token"), ordinary.file("voice")) == (VOICE, None, None)


def test_a_file_is_read_where_it_came_and_a_text_in_its_place_is_none() -> None:
    came = ReceivedFile("voice", "a.mp3", b"x")
    text: Pairs = [("voice", "text")]
    assert service("App.B", VOICE).read(Parameters([], text, [came]))[VOICE] is came
    with pytest.raises(GatewayError, match=r'parameter voice must be a file .* got "text"'):
        service("App.B", VOICE).read(Parameters([], text))
    with pytest.raises(GatewayError, match="required parameter voice is missing"):
        service("App.B", VOICE).read(Parameters([], []))


def test_an_optional_parameter_needs_a_default() -> None:
    with pytest.raises(GatewayError, match="needs a default"):
        Parameter("x", Free(255), Text("", ""))


def test_a_secret_is_not_repeated_where_it_breaks_its_rule() -> None:
    secret = Parameter("key", Free(3), Text("", ""), required=True, secret=True)
    with pytest.raises(GatewayError) as refused:
        secret.read("geheim")
    assert "geheim" not in str(refused.value)


def test_a_request_without_a_token_has_no_company() -> None:
    with pytest.raises(GatewayError, match="takes no token"):
        _ = Request(AT, "192.0.2.7").company


def test_the_token_is_a_secret() -> None:
    assert TOKEN.secret
