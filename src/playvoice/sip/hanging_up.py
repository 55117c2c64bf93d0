"""ACK and BYE: what is sent in a dialog whoever it belongs to, a call, a second fork or an earlier process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sipmessage import Request, Response

from playvoice.sip.dialog import DialogState, finish
from playvoice.sip.digest import DigestClient
from playvoice.sip.transaction import Deliver, Effect, Happening, TransportFailed, response_event

if TYPE_CHECKING:
    from playvoice.sip.user_agent import UserAgent

CONNECTIONS = 2
"""Connections over which a request of a call is tried: one that is open may turn out to be dead."""


def make_ack(
    agent: UserAgent,
    dialog: DialogState,
    body: bytes = b"",
    cseq: int | None = None,
    credentials: Sequence[tuple[str, str]] = (),
) -> Request:
    """The ACK to a 2xx, of the INVITE that made the dialog or of a later one: RFC 3261 section 13.2.2.4.

    `credentials` are those of that INVITE: an ACK can't be challenged.
    """
    number = dialog.invite_cseq if cseq is None else cseq
    request = dialog.request("ACK", agent.make_via(dialog.next_flow()), number)
    for name, value in credentials:
        request.headers.add(name, value)
    return finish(request, body)


def send_bye(
    agent: UserAgent,
    dialog: DialogState,
    now: float,
    over: Callable[[], None] = lambda: None,
    digest: DigestClient | None = None,
    connections: int = CONNECTIONS,
    unreached: Callable[[DialogState, float], None] | None = None,
) -> None:
    """Send BYE in a transaction of its own; `over` is called when it is answered, whatever the answer, or given up.

    RFC 3261 section 15.1.1: the dialog has ended then. Only two things are no end: a challenge that `digest` can
    answer, and a connection that turns out to be dead, of which there may be so many; another BYE follows. After the
    last one `unreached` is called in the place of `over`, where it is given, with the dialog and the time.
    """
    flow, cseq = dialog.next_flow(), dialog.local_cseq + 1

    def on_effect(effect: Effect, at: float) -> None:
        left = connections
        if isinstance(effect, Deliver):
            response = effect.message
            assert isinstance(response, Response)
            if response_event(response.code) is Happening.PROVISIONAL:
                return
            is_for_another = digest is not None and digest.hear(response)
        else:
            left -= 1
            is_for_another = isinstance(effect, TransportFailed) and left > 0
        if is_for_another:
            send_bye(agent, replace(dialog, local_cseq=cseq), at, over, digest, left, unreached)
        elif unreached is not None and isinstance(effect, TransportFailed):
            unreached(replace(dialog, local_cseq=cseq), at)
        else:
            over()

    request = dialog.request("BYE", agent.make_via(flow), cseq)
    request.headers.add("User-Agent", agent.core.name)
    if digest is not None:
        digest.authorize(request)
    agent.core.start_client(finish(request), flow, now, on_effect)
