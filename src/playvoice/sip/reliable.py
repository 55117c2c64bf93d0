"""Provisional responses to our INVITE that want an acknowledgement, PRACK: RFC 3262 section 4. Without I/O."""

from dataclasses import dataclass, replace

from sipmessage import Request, Response

from playvoice.sip.body import description_of
from playvoice.sip.dialog import DialogState, InviteState, dialog_of_client
from playvoice.sip.message import cseq_of, from_of, tag_of, to_of

OPTION = "100rel"
MAX_FORKS = 16
"""Early dialogs of one INVITE; reliable responses of a further one are not acknowledged."""
MAX_RSEQ = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Prack:
    """What a PRACK is made of: the early dialog, whose `local_cseq` is its number, and its RAck."""

    dialog: DialogState
    rack: str


@dataclass(frozen=True, slots=True)
class _Early:
    dialog: DialogState
    rseq: int | None = None
    """Of the last response that was acknowledged, None before the first."""
    answer: bytes = b""
    """What a reliable response described, or an UPDATE since."""
    ours: bytes = b""
    """What we answered to that UPDATE; empty as long as our offer stands."""


def rseq_of(response: Response) -> int | None:
    """The RSeq of a reliable provisional response, None for any other."""
    if not 100 < response.code < 200 or OPTION not in (tag.lower() for tag in response.require):
        return None
    text = (response.headers.get("RSeq") or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return int(text) if 0 < int(text) <= MAX_RSEQ else None


class EarlyDialogs:
    """The early dialogs of one INVITE, one for each fork that responded (RFC 3261 section 12.1)."""

    def __init__(self) -> None:
        self._early: dict[str, _Early] = {}
        self._heard: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"<EarlyDialogs {', '.join(f'{tag}: {early.rseq}' for tag, early in self._early.items())}>"

    def hear(self, response: Response, invite: InviteState) -> None:
        """Take any provisional response: it makes a dialog, and may be all that a fork says of its audio."""
        tag, description = tag_of(to_of(response)) or "", description_of(response)
        if description and (tag in self._heard or len(self._heard) < MAX_FORKS):
            self._heard[tag] = description
        if response.code > 100 and tag not in self._early and len(self._early) < MAX_FORKS:
            dialog = dialog_of_client(response, invite.flow, target=invite.uri, pinned=invite.pinned)
            self._early[tag] = _Early(dialog)

    def take(self, response: Response, rseq: int) -> Prack | None:
        """Take a reliable response that was heard. None for one that came before, or before one which is missing."""
        tag = tag_of(to_of(response)) or ""
        early = self._early.get(tag)
        if early is None or (early.rseq is not None and rseq != early.rseq + 1):
            return None
        dialog = replace(early.dialog, local_cseq=early.dialog.local_cseq + 1)
        self._early[tag] = replace(early, dialog=dialog, rseq=rseq, answer=early.answer or description_of(response))
        return Prack(dialog, f"{rseq} {cseq_of(response).sequence} INVITE")

    def again(self, prack: Prack) -> Prack | None:
        """The same PRACK with the next number of its dialog, None where that is no more."""
        early = self._early.get(prack.dialog.remote_tag)
        if early is None:
            return None
        dialog = replace(early.dialog, local_cseq=early.dialog.local_cseq + 1)
        self._early[prack.dialog.remote_tag] = replace(early, dialog=dialog)
        return replace(prack, dialog=dialog)

    def take_update(self, request: Request) -> bool | None:
        """Take an UPDATE of an early dialog (RFC 3311 section 5.2); None for a dialog that is not known here.

        False for one out of order.
        """
        tag = tag_of(from_of(request)) or ""
        early = self._early.get(tag)
        if early is None:
            return None
        number = cseq_of(request).sequence
        if number < early.dialog.remote_cseq:
            return False
        self._early[tag] = replace(early, dialog=replace(early.dialog, remote_cseq=number))
        return True

    def is_answered(self, request: Request) -> bool:
        """Whether our offer has its answer in the dialog of this request of the far end."""
        early = self._early.get(tag_of(from_of(request)) or "")
        return early is not None and bool(early.answer)

    def change(self, request: Request, ours: bytes) -> None:
        """The offer of an UPDATE was taken, and answered by `ours`: both sides' last words in this dialog."""
        tag = tag_of(from_of(request)) or ""
        if tag in self._early and (offer := description_of(request)):
            self._early[tag] = replace(self._early[tag], answer=offer, ours=ours)

    def ours(self, dialog: DialogState) -> bytes:
        """What we have described in this dialog since our offer, empty for nothing."""
        early = self._early.get(dialog.remote_tag)
        return b"" if early is None else early.ours

    def confirm(self, dialog: DialogState) -> DialogState:
        """The dialog of a 2xx, after the numbers that its PRACKs took."""
        early = self._early.get(dialog.remote_tag)
        if early is None:
            return dialog
        local_cseq = max(dialog.local_cseq, early.dialog.local_cseq)
        return replace(dialog, local_cseq=local_cseq, remote_cseq=early.dialog.remote_cseq)

    def answer(self, dialog: DialogState, response: Response) -> bytes:
        """What the far end has described in the dialog of this 2xx.

        That is what the 2xx describes, unless an UPDATE came before it: then it repeats what is no more (RFC 3261
        section 13.2.1). Without one it is the answer to our offer in a reliable response, or later; else the last
        description that was not reliable, of this dialog or of a response without a tag.
        """
        early = self._early.get(dialog.remote_tag)
        if early is not None and early.ours:
            return early.answer
        if description := description_of(response):
            return description
        if early is not None and early.answer:
            return early.answer
        return self._heard.get(dialog.remote_tag) or self._heard.get("", b"")
