"""INFO requests of ours inside a call, one after the other (RFC 2976, RFC 6086).

Were two on their way at once, one that is lost and sent again would come behind the next one, and be refused for its
lower CSeq (RFC 3261 section 12.2.2): a key would be missing, or come too late. So each waits for the answer to the one
before it; what was waiting when the call ends is not sent.
"""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sipmessage import Response

from playvoice.sip.dialog import finish
from playvoice.sip.events import InfoRefused
from playvoice.sip.hanging_up import CONNECTIONS
from playvoice.sip.state import CallState
from playvoice.sip.transaction import Deliver, Effect, TimedOut, TransportFailed

if TYPE_CHECKING:
    from playvoice.sip.call import Call
    from playvoice.sip.user_agent import UserAgent

MAX_WAITING = 32
"""INFO requests of a call that wait for an answer; what comes beyond them is not taken."""


class Informing:
    """The INFO requests of one call that have no answer yet."""

    def __init__(self, agent: UserAgent, call: Call) -> None:
        self._agent = agent
        self._weak_call = weakref.ref(call)
        self._waiting: deque[tuple[bytes, str]] = deque()
        """Bodies and their types; the first one is on its way."""

    def __repr__(self) -> str:
        return f"<Informing of {self._weak_call()}: {len(self._waiting)} unanswered>"

    @property
    def _call(self) -> Call:
        """The call, which holds this; it is held in turn only while a request is on its way."""
        call = self._weak_call()
        assert call is not None
        return call

    def add(self, now: float, body: bytes, content_type: str) -> bool:
        """Send this when those before it are answered; False where the call is not confirmed, or too many wait."""
        if self._call.state is not CallState.CONFIRMED or len(self._waiting) >= MAX_WAITING:
            return False
        self._waiting.append((body, content_type))
        if len(self._waiting) == 1:
            self._send(now)
        return True

    def _send(self, now: float, connections: int = CONNECTIONS) -> None:
        call, (body, content_type) = self._call, self._waiting[0]
        assert call.dialog is not None
        dialog = call.dialog = replace(call.dialog, local_cseq=call.dialog.local_cseq + 1)
        flow = dialog.next_flow()
        request = dialog.request("INFO", self._agent.make_via(flow), dialog.local_cseq)
        request.headers.add("User-Agent", self._agent.core.name)
        call.authorize_inside(request)
        on_effect = partial(self._on_effect, call, connections - 1)
        self._agent.core.start_client(finish(request, body, content_type), flow, now, on_effect)

    def _on_effect(self, call: Call, connections: int, effect: Effect, now: float) -> None:
        """Take what became of the first one; so many other connections may be tried."""
        response = effect.message if isinstance(effect, Deliver) else None
        assert response is None or isinstance(response, Response)
        status = 408 if isinstance(effect, TimedOut) else 503  # RFC 3261 section 8.1.3.1
        if response is not None:
            status = response.code
        if status < 200:
            return
        if call.state is not CallState.CONFIRMED:
            self._waiting.clear()
            return
        if isinstance(effect, TransportFailed) and connections > 0:
            self._send(now, connections)
            return
        if response is None or not call.learn_inside(response):
            self._waiting.popleft()
            if status >= 300:
                self._agent.core.events.append(InfoRefused(call, status))
        if self._waiting:
            self._send(now)
