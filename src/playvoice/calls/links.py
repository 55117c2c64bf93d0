"""Links to recordings: who has one may hear the recording until it expires, and needs no token.

    BASE/recordings/NAME?expires=SECONDS&signature=HEX

`expires` is unix time; the signature is HMAC-SHA256 (RFC 2104) of name and expiry under a key of the server's
own, which is made once and kept in the store, so that a restart ends no link.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from sqlalchemy import Connection, bindparam, select

from playvoice.calls.errors import LinkExpired, LinkInvalid
from playvoice.calls.tables import keys
from playvoice.store import upsert

LIFETIME = timedelta(days=7)
"""Of a link: longer than a call record is tried to be delivered."""

_KEY = "recordings"
_VALUE = select(keys.c.value).where(keys.c.name == bindparam("key"))
_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Link:
    """A link, and until when it leads somewhere."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RecordingLinks:
    """Makes links below `base`, which ends without a slash, and knows them again."""

    base: str
    key: bytes = field(repr=False)

    def link(self, name: str, at: datetime) -> Link:
        """Return the link to the recording of this name, made then."""
        expires = int((at + LIFETIME).timestamp())
        signature = self._signature(name, str(expires))
        url = f"{self.base}/recordings/{quote(name, safe='')}?expires={expires}&signature={signature}"
        return Link(url, datetime.fromtimestamp(expires, UTC))

    def check(self, name: str, expires: str, signature: str, at: datetime) -> None:
        """Return where the link is one of ours and has not expired; raises `LinkInvalid` or `LinkExpired`."""
        wanted = self._signature(name, expires).encode()
        if not hmac.compare_digest(wanted, signature.encode("utf-8", "replace")) or not _SECONDS.fullmatch(expires):
            raise LinkInvalid(f"the signature is not that of {name!r}")
        if at.timestamp() >= int(expires):
            raise LinkExpired(f"the link expired at {expires}")

    def _signature(self, name: str, expires: str) -> str:
        text = f"{name}\n{expires}".encode("utf-8", "replace")
        return hmac.new(self.key, text, hashlib.sha256).hexdigest()


def signing_key(conn: Connection) -> bytes:
    """The key of the server whose store this is; the first time it is made."""
    upsert(conn, keys, ["name"], {"name": _KEY, "value": secrets.token_hex(32)}, keep=["value"])
    return bytes.fromhex(conn.execute(_VALUE, {"key": _KEY}).scalar_one())
