"""One accepted request of the service PlayVoice, as the rooms hand it to each other."""

from dataclasses import dataclass

from playvoice.calls.userid import KeyGroups
from playvoice.voices import VoiceRef


@dataclass(frozen=True, slots=True)
class PlayVoice:
    """A number to call, what to play to it, and where its keys lead. Everything is checked before it is made."""

    company_code: str
    destnumber: str
    voice: VoiceRef
    key_groups: KeyGroups
    """(key, group) pairs; `""` as key for no key."""
    userid: str
    """The text that `key_groups` was read from."""
    disnumber: str
    """The caller number, already chosen where the request named none."""
    chengshudu: str
    customuuid: str
    memberid: str
    ext: str
    waittime: int
    """Seconds from the first INVITE to the answer."""
    conntime: int
    """Seconds connected, from the customer's answer."""
    idempotency_key: str | None = None
    fingerprint: str | None = None
    """What tells requests of one `idempotency_key` apart: a digest of the parameters."""
