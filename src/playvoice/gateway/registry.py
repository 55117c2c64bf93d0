"""The services by name, each with its parameters and their rules.

From this registry are made the check of a request, the page at `GET /`, and the documentation of the API: what the
server does and what it says that it does can't differ.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from playvoice.codes import BusinessCode, Language, Text
from playvoice.companies import Company
from playvoice.gateway.errors import GatewayError, RequestRefused, bad_request
from playvoice.gateway.reading import Parameters, ReceivedFile
from playvoice.gateway.rules import Rule, Trimmed, shown

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Parameter(Generic[T]):
    """One parameter of a service; `default` is what an optional one is without a value."""

    name: str
    rule: Rule[T]
    about: Text
    required: bool = False
    default: T | None = None
    secret: bool = False
    example: str = ""
    """A value for the documentation's request; without one the parameter is left out of it."""

    def __post_init__(self) -> None:
        if not self.required and self.default is None:
            raise GatewayError(f"the optional parameter {self.name} needs a default")

    def of(self, parameters: Parameters, text: str) -> T:
        """Return its value among a request's parameters, where it stands as `text`; raises `RequestRefused` (400)."""
        return self.read(text)

    def read(self, text: str) -> T:
        """Return what `text` means; raises `RequestRefused` (400) in the words of the rule."""
        if not text.strip(" "):
            if self.default is None:
                raise missing(self.name)
            return self.default
        try:
            return self.rule.read(text)
        except ValueError:
            rule = self.rule.text
            if self.secret:
                raise bad_request(f"参数{self.name}{rule.zh}", f"parameter {self.name} {rule.en}") from None
            value = shown(text)
            raise bad_request(
                f"参数{self.name}{rule.zh}，收到“{value}”", f'parameter {self.name} {rule.en}, got "{value}"'
            ) from None


@dataclass(frozen=True, slots=True, eq=False)
class FileParameter(Parameter[ReceivedFile]):
    """A parameter that is a file of a multipart form; its `example` is `@` and a file's name, as curl writes it."""

    max_octets: int = 0

    def of(self, parameters: Parameters, text: str) -> ReceivedFile:
        file = parameters.file(self.name)
        if file is None or not (file.filename or file.content):  # browsers send an empty one where none was chosen
            # Called by name: a dataclass with slots is not the class that `super()` looks for.
            return Parameter.of(self, parameters, text)
        return file


class Values:
    """The values of a request's parameters, typed by the parameter that is asked for."""

    def __init__(self, values: dict[Parameter[Any], Any], texts: dict[str, str]) -> None:
        self._values = values
        self.texts = texts
        """As they came, by name; empty where there was none."""

    def __getitem__(self, parameter: Parameter[T]) -> T:
        value: T = self._values[parameter]
        return value


@dataclass(frozen=True, slots=True)
class Request:
    """What a service learns of a request beside its parameters."""

    at: datetime
    source: str
    """The client's IP address."""
    idempotency_key: str = ""
    """The header of that name, its octets that are not UTF-8 as surrogates; empty where there is none."""
    authenticated: Company | None = None

    @property
    def company(self) -> Company:
        """The company whose token came with the request."""
        if self.authenticated is None:
            raise GatewayError("a service that takes no token asked for the company")
        return self.authenticated


@dataclass(frozen=True, slots=True)
class Done:
    """What a service answers when it has done what was asked."""

    result: object | None = None
    headers: tuple[tuple[str, str], ...] = ()
    at: datetime | None = None
    """When it was done: what an answer that is repeated later says for both of its times. None: now."""


Handler = Callable[[Request, Values], Awaitable[Done]]


@dataclass(frozen=True, slots=True)
class Service:
    """One operation of the API."""

    name: str
    about: Text
    parameters: tuple[Parameter[Any], ...]
    done: Text
    """`desc` of a success."""
    failed: Text
    """`desc` of a failure."""
    handler: Handler = field(repr=False)
    failures: tuple[BusinessCode, ...] = ()
    """The codes that it can fail with, for its documentation."""
    answers: tuple[tuple[str, Text], ...] = ()
    """The fields of its result, for its documentation."""
    headers: tuple[tuple[str, Text], ...] = ()
    """The headers that mean something to it, for its documentation."""
    takes_token: bool = True

    def read(self, parameters: Parameters) -> Values:
        """Check the parameters in their order; raises `RequestRefused` (400) at the first that breaks its rule."""
        texts = {parameter.name: parameters.get(parameter.name) for parameter in self.parameters}
        values = {parameter: parameter.of(parameters, texts[parameter.name]) for parameter in self.parameters}
        return Values(values, texts)

    def file(self, name: str) -> FileParameter | None:
        """Return the parameter of this name, if it is a file."""
        for parameter in self.parameters:
            if isinstance(parameter, FileParameter) and parameter.name == name:
                return parameter
        return None

    @property
    def takes_file(self) -> bool:
        """Whether one of its parameters is a file."""
        return any(isinstance(parameter, FileParameter) for parameter in self.parameters)


class Registry:
    """The services, found without regard to case."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._services: dict[str, Service] = {}
        for service in services:
            if self._services.setdefault(service.name.lower(), service) is not service:
                raise GatewayError(f"two services are called {service.name}")

        self.file_names = frozenset(
            parameter.name
            for service in self
            for parameter in service.parameters
            if isinstance(parameter, FileParameter)
        )
        """The names of the parameters that are files, of whichever service."""

    def __iter__(self) -> Iterator[Service]:
        return iter(self._services.values())

    def find(self, name: str) -> Service | None:
        """Return the service of this name, None if there is none."""
        return self._services.get(name.strip().lower())


TOKEN = Parameter(
    "token",
    Trimmed(Text("为登录接口返回的令牌", "is the token that Login gave")),
    Text("登录接口返回的token，有效期12小时", "the token from Login, valid for 12 hours"),
    required=True,
    secret=True,
    example="TOKEN",
)


def missing(name: str) -> RequestRefused:
    """Return the refusal of a request without a parameter that it must have."""
    return bad_request(f"缺少必要参数{name}", f"the required parameter {name} is missing")


def language_name(language: Language) -> str:
    """Return what a language calls itself."""
    return {Language.ZH: "中文", Language.EN: "English"}[language]
