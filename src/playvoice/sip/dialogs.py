"""The calls by their dialogs: which call a message belongs to that no transaction takes (RFC 3261 section 12.2.2)."""

from sipmessage import URI, Request, Response

from playvoice.sip.call import Call
from playvoice.sip.core import Core, FarEnd
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
        self._keeping: dict[FarEnd, dict[Call, None]] = {}
        """The calls that keep to a flow, by its far end: connections are lost as often as strangers like."""
        self._kept: dict[Call, FarEnd] = {}
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
        if call.invite.pinned:
            self.keep(call, call.invite.flow)

    def confirm(self, call: Call, dialog: DialogState) -> None:
        """Route requests inside the dialog to the call."""
        self._dialogs[dialog.call_id, dialog.local_tag, dialog.remote_tag] = call
        if dialog.pinned:
            self.keep(call, dialog.flow)

    def keep(self, call: Call, flow: Flow | None) -> None:
        """Tell the call from now on if the connection of this flow is lost, instead of any other one."""
        before = self._kept.pop(call, None)
        if before is not None:
            del self._keeping[before][call]
            if not self._keeping[before]:
                del self._keeping[before]
        if flow is not None:
            self._kept[call] = flow.far_end
            self._keeping.setdefault(flow.far_end, {})[call] = None

    def release(self, call: Call) -> None:
        """Forget an ended call; what its transactions still do, they do alone."""
        if (dialog := call.dialog) is not None:
            self._dialogs.pop((dialog.call_id, dialog.local_tag, dialog.remote_tag), None)
        if isinstance(call, OutgoingCall):
            self._invites.pop(_key_of(call.invite), None)
        self.keep(call, None)

    def remember(self, call: OutgoingCall, now: float) -> None:
        """Route what comes late to a call that was given up and released."""
        self.watch(call)
        self._late.add(call, now)

    def are_over(self, flow: Flow) -> bool:
        """Whether there is a call with a dialog over this flow."""
        return any(call.dialog is not None and call.dialog.flow == flow for call in self._dialogs.values())

    def lose(self, flow: Flow) -> None:
        """The connection is lost."""
        for call in list(self._keeping.get(flow.far_end, ())):
            call.lose(flow)

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
