"""The panels of `playvoice --help`, and the commands in the order in which a person comes to them."""

from typing import Any

from typer.core import TyperGroup

SET_UP = "Set up"
LOOK_AND_ACT = "Look and act"
TRY = "Try"

ORDER = (
    *("init", "doctor", "serve", "reload"),
    *("trunk", "company", "number", "extension", "group", "voice", "secret", "token"),
    *("backup", "restore"),
    *("top", "call", "callback", "trace"),
    *("demo", "phone"),
)


class InOrder(TyperGroup):
    """Lists its commands in this order; one that stands nowhere comes last."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names."""
        places = {name: place for place, name in enumerate(ORDER)}
        return sorted(super().list_commands(ctx), key=lambda name: places.get(name, len(places)))
