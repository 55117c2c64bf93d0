import pytest
from tests.unit.gateway.world import AT

from playvoice.codes import Text
from playvoice.gateway.errors import GatewayError
from playvoice.gateway.registry import TOKEN, Done, Parameter, Registry, Request, Service, Values
from playvoice.gateway.rules import Free


async def nothing(request: Request, values: Values) -> Done:
    return Done()


def service(name: str) -> Service:
    text = Text("", "")
    return Service(name, text, (), text, text, nothing)


def test_two_services_can_not_have_one_name() -> None:
    with pytest.raises(GatewayError, match="two services"):
        Registry([service("App.A"), service("app.a")])


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
