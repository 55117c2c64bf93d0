"""Signatures of Standard Webhooks (standardwebhooks.com, version 1): HMAC-SHA256 over `id.timestamp.body`."""

import base64
import hmac
from functools import lru_cache

from playvoice.callbacks.errors import SigningSecretError

PREFIX = "whsec_"


def signed_headers(secret: str | None, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that tell a receiver which message this is, when it was sent and that it is ours.

    `timestamp` is unix seconds of this attempt. Without a secret there is no `webhook-signature`. Raises
    `SigningSecretError` for a secret that is not `whsec_` and base64.
    """
    headers = {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp)}
    if secret:
        signed = f"{webhook_id}.{timestamp}.".encode() + body
        digest = hmac.digest(_key(secret), signed, "sha256")
        headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode("ascii")
    return headers


@lru_cache(maxsize=1024)
def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        raise SigningSecretError(f"a signing secret begins with {PREFIX}")
    text = secret[len(PREFIX) :]
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise SigningSecretError(f"what follows {PREFIX} in a signing secret is base64") from None
    if not key:
        raise SigningSecretError(f"a signing secret has a key after {PREFIX}")
    return key
