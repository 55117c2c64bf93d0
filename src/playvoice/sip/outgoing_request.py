"""A request that we make outside a dialog: OPTIONS, REGISTER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sipmessage import Request, Response

from playvoice.sip.events import RequestFailed, ResponseReceived, Why
from playvoice.sip.transaction import Deliver, Effect, TimedOut

if TYPE_CHECKING:
    from playvoice.sip.user_agent import UserAgent


class OutgoingRequest:
    """A request outside a dialog: OPTIONS, REGISTER."""

    def __init__(self, agent: UserAgent, request: Request) -> None:
        self._agent = agent
        self.request = request

    def __repr__(self) -> str:
        return f"<OutgoingRequest {self.request.method} {self.request.uri}>"

    def on_effect(self, effect: Effect, _now: float) -> None:
        """Take what the transaction gives."""
        if isinstance(effect, Deliver):
            assert isinstance(effect.message, Response)
            if effect.message.code >= 200:
                self._agent.core.events.append(ResponseReceived(self, effect.message))
        else:
            why = Why.TIMEOUT if isinstance(effect, TimedOut) else Why.TRANSPORT
            self._agent.core.events.append(RequestFailed(self, why))
