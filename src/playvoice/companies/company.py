"""A company as the other rooms see it."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from sqlalchemy import Row

from playvoice.companies.errors import AddressNotAllowed, CompanyDisabled, LicenceExpired
from playvoice.config import CallbackFormat, RecordFormat, RecordPolicy, is_within


@dataclass(frozen=True, slots=True)
class Company:
    """A customer with its settings, as stored."""

    code: str
    name: str
    appid: str
    enabled: bool
    licensed_until: datetime | None
    """The first instant at which the licence is over."""
    ipwhite: tuple[IPv4Network | IPv6Network, ...]
    """Where its requests may come from; empty: from anywhere."""
    cdr_callback: str | None
    status_callback: str | None
    callback_format: CallbackFormat
    callback_fields: tuple[str, ...]
    signing_secret: str = field(repr=False)
    record: RecordPolicy
    record_format: RecordFormat
    expire_after: int
    """Seconds that a call waits at most for a free trunk."""
    key_time: int
    """Seconds that remain for a key when the voice has ended."""
    trunks: tuple[str, ...] | None
    """Names of the trunks that it may use; None: all."""
    updated_at: datetime
    """Since when all this is so."""

    def admit(self, source: str, at: datetime) -> None:
        """Let a request with right credentials pass, or say why not.

        Raises CompanyDisabled, LicenceExpired or AddressNotAllowed, in this order.
        """
        if not self.enabled:
            raise CompanyDisabled(f"company {self.code} is switched off")
        if self.licensed_until is not None and at >= self.licensed_until:
            raise LicenceExpired(f"the licence of company {self.code} ended at {self.licensed_until.isoformat()}")
        if self.ipwhite and not is_within(source, self.ipwhite):
            raise AddressNotAllowed(f"{source or 'an unknown address'} is not in the list of company {self.code}")

    def ipwhite_text(self) -> str:
        """Return the allowed addresses and networks with commas between, empty where all are allowed."""
        return ",".join(
            str(network.network_address if network.prefixlen == network.max_prefixlen else network)
            for network in self.ipwhite
        )


def from_row(row: Row[Any]) -> Company:
    """Make a company of its row in the table."""
    return Company(
        code=row.code,
        name=row.name,
        appid=row.appid,
        enabled=row.enabled,
        licensed_until=row.licensed_until,
        ipwhite=tuple(ip_network(text) for text in row.ipwhite.split(",") if text),
        cdr_callback=row.cdr_callback,
        status_callback=row.status_callback,
        callback_format=CallbackFormat(row.callback_format),
        callback_fields=tuple(name for name in row.callback_fields.split(",") if name),
        signing_secret=row.signing_secret,
        record=RecordPolicy(row.record),
        record_format=RecordFormat(row.record_format),
        expire_after=row.expire_after,
        key_time=row.key_time,
        trunks=None if row.trunks is None else tuple(json.loads(row.trunks)),
        updated_at=row.updated_at,
    )
