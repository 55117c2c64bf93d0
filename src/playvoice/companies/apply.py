"""The companies of the configuration file become rows.

The file overwrites the fields that it names and deletes nothing: a field that it leaves out keeps what the console or
an earlier file gave it, and a company that it leaves out stays as it is.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from playvoice.companies.errors import CompaniesError
from playvoice.companies.secrets import hash_key, key_matches, new_signing_secret
from playvoice.companies.tables import caller_numbers, companies
from playvoice.config import CompanyConfig, Config
from playvoice.store import upsert

_BY_CODE = select(companies).where(companies.c.code == bindparam("code"))
_BY_APPID = select(companies.c.code).where(companies.c.appid == bindparam("appid"))
_PLAIN = (
    "name",
    "appid",
    "enabled",
    "cdr_callback",
    "status_callback",
    "callback_format",
    "record",
    "record_format",
    "expire_after",
    "key_time",
)
_WRITTEN: Mapping[str, Callable[[Any], object]] = {
    "ipwhite": lambda networks: ",".join(str(network) for network in networks),
    "callback_fields": ",".join,
    "trunks": lambda names: None if names is None else json.dumps(names, ensure_ascii=False),
}


def apply(conn: Connection, config: Config, at: datetime) -> None:
    """Create or update the companies that the file describes, and their caller numbers.

    Raises CompaniesError where an appid belongs to a company that only the database knows.
    """
    _free_appids(conn, config)
    for company in config.companies:
        save_company(conn, company.code, company, config.server.timezone, at)
    for company in config.companies:
        for number in company.numbers:
            row = {"number": number, "company_code": company.code, "enabled": True}
            upsert(conn, caller_numbers, ["number"], row, keep=["enabled"])


def _free_appids(conn: Connection, config: Config) -> None:
    """Make sure that each appid of the file can be taken, also where two companies change theirs with each other."""
    codes = [company.code for company in config.companies]
    for company in config.companies:
        owner = conn.execute(_BY_APPID, {"appid": company.appid}).scalar()
        if owner is not None and owner not in codes:
            raise CompaniesError(
                f"appid {company.appid!r} of company {company.code} belongs to company {owner}, which the database has"
                f" and the file has not; give company {company.code} another appid, or put company {owner} in the file"
            )
        if owner is not None and owner != company.code:
            # No appid of the file has white space in it, so this one is free.
            conn.execute(companies.update().where(companies.c.code == owner).values(appid=f" {owner}"))


def save_company(conn: Connection, code: str, company: CompanyConfig, zone: ZoneInfo, at: datetime) -> None:
    """Create the company of this code, or overwrite those of its fields that are set in `company`."""
    stored = conn.execute(_BY_CODE, {"code": code}).mappings().first()
    named = set(CompanyConfig.model_fields) if stored is None else company.model_fields_set
    row = {name: getattr(company, name) for name in _PLAIN if name in named}
    row |= {name: write(getattr(company, name)) for name, write in _WRITTEN.items() if name in named}
    if "licensed_until" in named:
        row["licensed_until"] = _end_of_day(company.licensed_until, zone)
    if company.signing_secret is not None:
        row["signing_secret"] = company.signing_secret
    if stored is None:
        row.setdefault("signing_secret", new_signing_secret())
        row |= {"code": code, "accesskey_hash": hash_key(company.accesskey), "created_at": at, "updated_at": at}
        conn.execute(companies.insert().values(row))
        return
    if "accesskey" in named and not key_matches(company.accesskey, stored["accesskey_hash"]):
        row["accesskey_hash"] = hash_key(company.accesskey)
    if changed := {name: value for name, value in row.items() if value != stored[name]}:
        conn.execute(companies.update().where(companies.c.code == code).values({**changed, "updated_at": at}))


def _end_of_day(day: date | None, zone: ZoneInfo) -> datetime | None:
    """Return the first instant after the day; no day, or one past the calendar's last, is no end at all."""
    if day is None or day == date.max:
        return None
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=zone)
