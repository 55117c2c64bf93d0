"""How keys and tokens are made, kept and compared.

An access key is kept as a salted SHA-256 and not by a slow hash: it is a machine's credential, long and random where
the operator takes the advice, and clients exist that log in before every call. A slow hash would make each of those
logins, and each wrong guess, cost tens of milliseconds of processor time. A token is 128 random bits, for which a
plain SHA-256 is as good as any hash.
"""

import base64
import hashlib
import hmac
import re
import secrets

_SCHEME = "sha256"
_TOKEN = re.compile(r"[0-9a-f]{32}")


def new_token() -> str:
    """Return 32 lower-case hexadecimal digits, 128 random bits."""
    return secrets.token_hex(16)


def token_digest(token: str) -> str | None:
    """Return what a token is stored as, None for a text that was never a token."""
    if not _TOKEN.fullmatch(token):
        return None
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def new_signing_secret() -> str:
    """Return a secret for signing callbacks, as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def hash_key(accesskey: str) -> str:
    """Return what an access key is stored as."""
    salt = secrets.token_hex(16)
    return f"{_SCHEME}${salt}${_digest(salt, accesskey)}"


def key_matches(accesskey: str, stored: str) -> bool:
    """Tell whether the key is the one that was stored, in a time that does not depend on how much of it is right."""
    scheme, salt, digest = stored.split("$")
    return scheme == _SCHEME and hmac.compare_digest(_digest(salt, accesskey), digest)


def _digest(salt: str, accesskey: str) -> str:
    return hashlib.sha256(f"{salt}{accesskey}".encode("utf-8", "surrogatepass")).hexdigest()


NOBODYS_KEY = hash_key(secrets.token_hex(16))
"""A key's hash to compare with where the appid is unknown, so that the answer takes as long."""
