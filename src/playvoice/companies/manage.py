"""What operators do to companies and their caller numbers, one at a time.

Each is a function of a connection, one transaction; `Companies.refresh` follows. What is listed has the names of the
configuration file, and no secrets.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, delete, select, update

from playvoice.companies.apply import save_company
from playvoice.companies.company import Company, from_row
from playvoice.companies.errors import CompaniesError
from playvoice.companies.secrets import new_signing_secret
from playvoice.companies.tables import caller_numbers, companies, tokens
from playvoice.config import CompanyConfig

MOST_NUMBERS = 100
"""Caller numbers that are listed with their company; `list_numbers` has all."""

_n = caller_numbers.c


def list_companies(conn: Connection, zone: ZoneInfo, code: str | None = None) -> list[dict[str, Any]]:
    """Return all companies, or the one of this code; CompaniesError if there is none."""
    wanted = select(companies).order_by(companies.c.code)
    if code is not None:
        wanted = wanted.where(companies.c.code == code)
    rows = conn.execute(wanted).all()
    if code is not None and not rows:
        raise _no_company(code)
    numbers = _numbers(conn, code)
    return [_company(row, numbers.get(row.code, []), zone) for row in rows]


def add_company(conn: Connection, company: CompanyConfig, zone: ZoneInfo, at: datetime) -> None:
    """Create a company with its caller numbers; CompaniesError where its code, its appid or a number is taken."""
    if conn.execute(select(companies.c.code).where(companies.c.code == company.code)).first():
        raise CompaniesError(f"there is a company {company.code} already")
    _check_appid(conn, company.code, company.appid)
    save_company(conn, company.code, company, zone, at)
    for number in dict.fromkeys(company.numbers):
        add_number(conn, company.code, number)


def change_company(conn: Connection, code: str, change: CompanyConfig, zone: ZoneInfo, at: datetime) -> None:
    """Overwrite the fields that are set in `change`; `numbers`, where set, are all that it has afterwards."""
    check_company(conn, code)
    if "appid" in change.model_fields_set:
        _check_appid(conn, code, change.appid)
    save_company(conn, code, change, zone, at)
    if "numbers" in change.model_fields_set:
        before = set(_numbers(conn, code).get(code, ()))
        for number in sorted(before - set(change.numbers)):
            remove_number(conn, number)
        for number in dict.fromkeys(change.numbers):
            if number not in before:
                add_number(conn, code, number)


def remove_company(conn: Connection, code: str) -> None:
    """Delete a company with its numbers and tokens; what other rooms have of it goes first."""
    conn.execute(delete(tokens).where(tokens.c.company_code == code))
    conn.execute(delete(caller_numbers).where(_n.company_code == code))
    if not conn.execute(delete(companies).where(companies.c.code == code)).rowcount:
        raise _no_company(code)


def signing_secret(conn: Connection, code: str, *, new: bool = False) -> str:
    """Return what a company's callbacks are signed with; a new one, from now on, if asked for."""
    mine = companies.c.code == code
    if new:
        conn.execute(update(companies).where(mine).values(signing_secret=new_signing_secret()))
    secret = conn.execute(select(companies.c.signing_secret).where(mine)).scalar()
    if secret is None:
        raise _no_company(code)
    return str(secret)


def check_company(conn: Connection, code: str) -> None:
    """Raise CompaniesError if there is no company of this code."""
    if conn.execute(select(companies.c.code).where(companies.c.code == code)).first() is None:
        raise _no_company(code)


def users_of_trunk(conn: Connection, name: str) -> list[str]:
    """Return the codes of the companies that may use no trunks but some, this one among them."""
    wanted = select(companies).where(companies.c.trunks.is_not(None)).order_by(companies.c.code)
    return [row.code for row in conn.execute(wanted) if name in (from_row(row).trunks or ())]


# --- caller numbers ---------------------------------------------------------------------------------------------------


def list_numbers(conn: Connection, code: str | None = None) -> list[dict[str, Any]]:
    """Return all caller numbers, or a company's."""
    wanted = select(caller_numbers).order_by(_n.company_code, _n.number)
    if code is not None:
        wanted = wanted.where(_n.company_code == code)
    return [{"number": row.number, "company": row.company_code, "enabled": row.enabled} for row in conn.execute(wanted)]


def add_number(conn: Connection, code: str, number: str, *, enabled: bool = True) -> None:
    """Give a company a caller number; CompaniesError if somebody has it."""
    check_company(conn, code)
    owner = conn.execute(select(_n.company_code).where(_n.number == number)).scalar()
    if owner is not None:
        raise CompaniesError(f"caller number {number} belongs to company {owner} already")
    conn.execute(caller_numbers.insert().values(number=number, company_code=code, enabled=enabled))


def switch_number(conn: Connection, number: str, *, enabled: bool) -> None:
    """Let a caller number be shown, or not."""
    if not conn.execute(update(caller_numbers).where(_n.number == number).values(enabled=enabled)).rowcount:
        raise _no_number(number)


def remove_number(conn: Connection, number: str) -> None:
    """Take a caller number away; calls that were accepted with it are still made."""
    if not conn.execute(delete(caller_numbers).where(_n.number == number)).rowcount:
        raise _no_number(number)


def _company(row: Row[Any], numbers: list[str], zone: ZoneInfo) -> dict[str, Any]:
    company: Company = from_row(row)
    last_day = None
    if company.licensed_until is not None:
        last_day = (company.licensed_until.astimezone(zone) - timedelta(microseconds=1)).date().isoformat()
    return {
        "code": company.code,
        "name": company.name,
        "appid": company.appid,
        "enabled": company.enabled,
        "licensed_until": last_day,
        "numbers": numbers[:MOST_NUMBERS],
        "numbers_in_all": len(numbers),
        "trunks": None if company.trunks is None else list(company.trunks),
        "cdr_callback": company.cdr_callback,
        "status_callback": company.status_callback,
        "callback_format": company.callback_format.value,
        "callback_fields": list(company.callback_fields),
        "record": company.record.value,
        "record_format": company.record_format.value,
        "expire_after": company.expire_after,
        "key_time": company.key_time,
        "ipwhite": [text for text in company.ipwhite_text().split(",") if text],
    }


def callback_addresses(conn: Connection) -> dict[tuple[str, str], str | None]:
    """Return where each company wants which kind of callback, `cdr` and `status`."""
    c = companies.c
    rows = conn.execute(select(c.code, c.cdr_callback, c.status_callback)).all()
    return {(row.code, kind): url for row in rows for kind, url in (("cdr", row[1]), ("status", row[2]))}


def _numbers(conn: Connection, code: str | None) -> dict[str, list[str]]:
    """The caller numbers of all companies, or one, by the companies' codes."""
    numbers: dict[str, list[str]] = {}
    for row in list_numbers(conn, code):
        numbers.setdefault(row["company"], []).append(row["number"])
    return numbers


def _check_appid(conn: Connection, code: str, appid: str) -> None:
    owner = conn.execute(select(companies.c.code).where(companies.c.appid == appid)).scalar()
    if owner not in (None, code):
        raise CompaniesError(f"appid {appid!r} belongs to company {owner}; give company {code} another")


def _no_company(code: str) -> CompaniesError:
    return CompaniesError(f"there is no company {code}")


def _no_number(number: str) -> CompaniesError:
    return CompaniesError(f"there is no caller number {number}")
