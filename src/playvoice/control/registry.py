"""The commands by name, each with the arguments that it takes."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from playvoice.callbacks import CallbacksError
from playvoice.companies import CompaniesError
from playvoice.config.pieces import PieceError
from playvoice.control.errors import CommandFailed, ControlError
from playvoice.lines.errors import LinesError
from playvoice.store import OutcomeUnknown
from playvoice.voices import VoicesError

REFUSALS = (CallbacksError, CompaniesError, LinesError, PieceError, VoicesError)
"""What the rooms below say of a command that can't be carried out."""


class Arguments(BaseModel):
    """What a command takes; a field more than its own is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


A = TypeVar("A", bound=Arguments)
Tell = Callable[[Any], Awaitable[None]]
"""Shows the operator something while the command runs."""


@dataclass(frozen=True, slots=True)
class Command(Generic[A]):
    """One thing that an operator can have done."""

    name: str
    """As in `trunk.add`."""
    arguments: type[A]
    handler: Callable[[A, Tell], Awaitable[Any]] = field(repr=False)
    """Returns what can be written as JSON; raises CommandFailed."""
    tells: bool = False
    """It runs for as long as the operator looks on, and ends with him."""

    async def run(self, arguments: Mapping[str, Any], tell: Tell) -> Any:
        """Carry it out; CommandFailed says what is wrong with the arguments or went wrong."""
        try:
            read = self.arguments.model_validate(arguments)
        except ValidationError as error:
            raise CommandFailed("; ".join(_in_words(error))) from None
        try:
            return await self.handler(read, tell)
        except REFUSALS as error:
            raise CommandFailed(str(error)) from None
        except OutcomeUnknown as error:
            raise CommandFailed(f"whether it was done is not known: {error}; look before it is done again") from error


class Commands:
    """All that can be asked for."""

    def __init__(self, commands: Iterable[Command[Any]]) -> None:
        self._commands: dict[str, Command[Any]] = {}
        for command in commands:
            if self._commands.setdefault(command.name, command) is not command:
                raise ControlError(f"two commands are called {command.name}")

    def __iter__(self) -> Iterator[Command[Any]]:
        return iter(self._commands.values())

    def find(self, name: str) -> Command[Any]:
        """Return the command of this name; CommandFailed if there is none."""
        try:
            return self._commands[name]
        except KeyError:
            raise CommandFailed(f"there is no command {name[:64]!r}") from None


def _in_words(error: ValidationError) -> Iterator[str]:
    for details in error.errors(include_url=False, include_input=False):
        where = ".".join(str(part) for part in details["loc"])
        yield f"{where} can't be used: {details['msg'][:1].lower()}{details['msg'][1:]}"


async def tell_nobody(_value: Any) -> None:
    """For commands that nobody looks on at."""
