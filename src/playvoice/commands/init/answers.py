"""What the user has said, and the secrets that are made for him."""

import base64
import secrets
from dataclasses import dataclass, field


def access_key() -> str:
    """A new access key."""
    return secrets.token_hex(16)


def phone_password() -> str:
    """A new password of a phone: digits and letters that any keypad has."""
    return secrets.token_hex(8)


def signing_secret() -> str:
    """A new secret that signs callbacks, as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


@dataclass(frozen=True, slots=True)
class Account:
    """A registration with the carrier."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that a file is written from; each value is as it stands in the file."""

    trunk: str
    """A SIP URI."""
    account: Account | None
    """None for a carrier that knows us by our address."""
    listen: str
    """The IP address for SIP and RTP."""
    sip_port: int
    external_address: str | None
    """None where there is no NAT."""
    rtp_ports: str
    http: str
    timezone: str
    code: str
    name: str
    numbers: tuple[str, ...]
    extensions: tuple[str, ...]
    group: str
    cdr_callback: str | None
    status_callback: str | None
    voice_dir: str
    accesskey: str = field(default_factory=access_key, repr=False)
    signing_secret: str = field(default_factory=signing_secret, repr=False)

    @property
    def appid(self) -> str:
        return f"company-{self.code}"
