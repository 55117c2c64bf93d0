"""Companies: who may use the server, with which credentials, caller numbers and settings.

All companies and caller numbers are kept in memory, and so are the tokens in use: a request that carries a token costs
no read of the database. One server works on a database, so nobody else changes them behind its back.
"""

from playvoice.companies.apply import apply
from playvoice.companies.companies import Companies
from playvoice.companies.company import Company
from playvoice.companies.errors import (
    AddressNotAllowed,
    BadCredentials,
    CompaniesError,
    CompanyDisabled,
    LicenceExpired,
    NumberDisabled,
    NumberForeign,
    NumberUnknown,
    TokenUnknown,
    TooManyAttempts,
)

__all__ = [
    "AddressNotAllowed",
    "BadCredentials",
    "Companies",
    "CompaniesError",
    "Company",
    "CompanyDisabled",
    "LicenceExpired",
    "NumberDisabled",
    "NumberForeign",
    "NumberUnknown",
    "TokenUnknown",
    "TooManyAttempts",
    "apply",
]
