"""The calls by their dialogs: which call a message belongs to that no transaction takes (RFC 3261 section 12.2.2)."""

from dataclasses import replace

from sipmessage import URI, Request, Response

from playvoice.sip.call import Call
from playvoice.sip.core import Core
from playvoice.sip.dialog import DialogState, InviteState
from playvoice.sip.flow import Flow
from playvoice.sip.late import LateCalls
from playvoice.sip.message import from_of, read_address, tag_of, to_of
from playvoice.sip.outgoing import OutgoingCall


class Dialogs:
    """The calls of a user agent: those that have a dialog, and those whose INVITE is ours."""

    def __init__(self, core: Core) -> None:
        self._dialogs: dict[tuple[str, str, str], Call] = {}
        """By Call-ID, our tag and theirs."""
        self._invites: dict[tuple[str, str], OutgoingCall] = {}
        """By Call-ID and our tag."""
        self._late = LateCalls(core, self.release)

    def __repr__(self) -> str:
        return f"<Dialogs of {len(self)} calls>"

    def __len__(self) -> int:
        return len(self._dialogs)

    @property
    def invites(self) -> int:
        """Calls of ours to whose INVITE something may still come back."""
        return len(self._invites)

    def watch(self, call: OutgoingCall) -> None:
        """Route to the call what comes back to its INVITE."""
        self._invites[_key_of(call.invite)] = call

    def confirm(self, call: Call, dialog: DialogState) -> None:
        """Route requests inside the dialog to the call."""
        self._dialogs[dialog.call_id, dialog.local_tag, dialog.remote_tag] = call

    def release(self, call: Call) -> None:
        """Forget an ended call; what its transactions still do, they do alone."""
        if (dialog := call.dialog) is not None:
            self._dialogs.pop((dialog.call_id, dialog.local_tag, dialog.remote_tag), None)
        if isinstance(call, OutgoingCall):
            self._invites.pop(_key_of(call.invite), None)

    def remember(self, call: OutgoingCall, now: float) -> None:
        """Route what comes late to a call that was given up and released."""
        self.watch(call)
        self._late.add(call, now)

    def are_over(self, flow: Flow) -> bool:
        """Whether there is a call with a dialog over this flow."""
        return any(call.dialog is not None and call.dialog.flow == flow for call in self._dialogs.values())

    def unpin(self, flow: Flow) -> None:
        """The connection is lost: what the calls over it still send goes to the far end's Contact, if that is its own.

        Anywhere else a Contact would let a far end choose to whom our requests go.
        """
        for call in self._dialogs.values():
            dialog = call.dialog
            if dialog is not None and dialog.pinned and dialog.flow.far_end == flow.far_end:
                loose = replace(dialog, pinned=False)
                if not dialog.route and loose.next_flow().remote[0] == flow.remote[0]:
                    call.dialog = loose
        for outgoing in self._invites.values():
            outgoing.lose(flow)

    def follow(self, contact: URI, before: Flow, after: Flow, now: float) -> None:
        """A phone has another connection: the calls to this contact of it go on over that one."""
        for call in list(self._invites.values()):
            if call.is_to(contact, before):
                call.follow(after, now)

    def of_request(self, request: Request) -> Call | None:
        """The call in whose dialog a request of the far end is."""
        ours, theirs = tag_of(to_of(request)) or "", tag_of(from_of(request)) or ""
        return self._dialogs.get((request.call_id, ours, theirs))

    def ringing(self, request: Request) -> OutgoingCall | None:
        """The call of ours that a request of the far end is about, whichever early dialog it is in."""
        return self._invites.get((request.call_id, tag_of(to_of(request)) or ""))

    def of_response(self, response: Response) -> OutgoingCall | None:
        """The call whose INVITE was answered."""
        return self._invites.get((response.call_id, tag_of(from_of(response)) or ""))


def _key_of(invite: InviteState) -> tuple[str, str]:
    return invite.call_id, tag_of(read_address(invite.local)) or ""
