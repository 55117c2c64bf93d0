"""Configurations as a file would give them."""

from typing import Any

from playvoice.config import Config

Section = dict[str, Any]


def company(code: str = "2028", **sections: Any) -> Section:
    """A company with what the lines don't care about filled in."""
    return {"code": code, "name": "Demo", "appid": f"appid-{code}", "accesskey": "key", **sections}


def extension(number: str, password: str = "secret") -> Section:
    return {"number": number, "password": password}


def trunk(name: str = "carrier", address: str = "sip:127.0.0.1:5080", **fields: Any) -> Section:
    return {"name": name, "address": address, **fields}


def config(*, trunks: list[Section] | None = None, companies: list[Section] | None = None, **sip: Any) -> Config:
    """A configuration with these trunks and companies, and these keys in [sip]."""
    return Config.model_validate({"trunk": trunks or [], "company": companies or [], "sip": sip})
