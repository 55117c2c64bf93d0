"""Phones that lose their connection in a call, and are reached over another one (RFC 5626).

A phone behind a NAT is reached over the flow that it registered over, and no other way. Where that ends, its calls go
on over the next one that it comes with: the flow of its next REGISTER, or of its response (RFC 3261 section 18.2.2). A
UAS knows a CANCEL by its branch, and a request inside a dialog by its tags, over whichever connection they come. What
found no connection is sent then: CANCEL for as long as a given-up INVITE is remembered, BYE for 32 s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from sipmessage import URI

from playvoice.sip.call import Call, CallState
from playvoice.sip.dialog import InviteState, flow_of
from playvoice.sip.events import TargetChanged
from playvoice.sip.flow import Flow
from playvoice.sip.message import parse_uri, read_address
from playvoice.sip.registrar import is_same
from playvoice.sip.transaction import T1

if TYPE_CHECKING:
    from playvoice.sip.user_agent import UserAgent


class FollowingCall(Call, ABC):
    """A call of ours that goes over other flows where its far end, a phone, does (`pinned`)."""

    def __init__(self, agent: UserAgent, invite: InviteState) -> None:
        super().__init__(agent, invite.call_id, CallState.PREPARED)
        self.invite = invite
        """What has to be stored before `send`: the INVITE as it will go out. `dialog` is before `ack`."""
        self._registered_over = invite.flow
        self._is_lost = False
        """The connection that the call went over has ended."""
        self._is_unreached = False
        """Our BYE waits for another connection."""
        self._give_up_at: float | None = None

    def is_to(self, contact: URI, flow: Flow) -> bool:
        """Whether the call is to the phone that was registered so."""
        return (
            self.invite.pinned
            and self._registered_over.far_end == flow.far_end
            and is_same(parse_uri(self.invite.uri), contact)
        )

    def follow(self, flow: Flow, now: float) -> None:
        """The phone has registered over this flow: what did not reach it is sent again there."""
        self._registered_over = flow
        self._go_over(flow, now, again=True)
        self._cancel_again(now)

    def heard_over(self, flow: Flow, now: float, *, responding: bool) -> None:
        """A phone that responds over another connection has lost the one of the request (RFC 3261 section 18.2.2)."""
        if self.invite.pinned and self.invite.flow.far_end != flow.far_end and (responding or self._is_lost):
            self._go_over(flow, now, again=not responding)

    def lose(self, flow: Flow) -> None:
        """The connection is lost. A phone that rings, or the proxy before it, may listen where it registered from."""
        super().lose(flow)
        self._is_lost = True
        route = self.invite.route
        listening = flow_of(read_address(route[0]).uri if route else parse_uri(self.invite.uri), flow)
        is_its_own = listening.remote[0] == flow.remote[0] and listening.far_end != flow.far_end
        if self.state is CallState.EARLY and is_its_own:
            self._keep_to(listening)
            self._core.follow(self.id, flow, listening, again=True)

    def _keep_to(self, flow: Flow) -> None:
        self.invite = replace(self.invite, flow=flow)
        self._agent.dialogs.keep(self, flow)

    def _go_over(self, flow: Flow, now: float, *, again: bool) -> None:
        """Send what follows over this flow; `again`: also what has no response yet."""
        before = {self.invite.flow} if self.dialog is None else {self.invite.flow, self.dialog.next_flow()}
        self._keep_to(flow)
        self._is_lost = False
        for each in before - {flow}:
            self._core.follow(self.id, each, flow, again=again)
        if self.dialog is None:
            return
        self.dialog = replace(self.dialog, flow=flow, pinned=True)
        if self._is_unreached:
            self._is_unreached = False
            self._send_bye(now)
        elif self.state is CallState.CONFIRMED:
            self._core.events.append(TargetChanged(self))

    @abstractmethod
    def _cancel_again(self, now: float) -> None:
        """Send the CANCEL that is owed to the far end, if one is."""

    # --- what is waited for ---------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When a cancelled INVITE, or a BYE that found no connection, is given up."""
        return self._give_up_at

    def on_deadline(self, now: float) -> None:
        self._give_up_at = None
        if self.state is CallState.ENDING:
            self._over()
        else:
            self._give_up_invite(now)

    @abstractmethod
    def _give_up_invite(self, now: float) -> None:
        """No final response has followed a CANCEL in time."""

    def _wait_for_end(self, now: float) -> None:
        """Give up 32 s after the first try."""
        if self._give_up_at is None:
            self._give_up_at = now + 64 * T1
            self._core.schedule(self)

    def _give_bye_up(self, now: float) -> None:
        """A phone may come back with another connection; anybody else has none but this one."""
        if self.invite.pinned:
            self._is_unreached = True
            self._wait_for_end(now)
        else:
            self._over()

    def _end(self) -> None:
        self._give_up_at = None
        super()._end()
