"""What this room refuses; each kind has its own place in the API's code tables."""


class CompaniesError(Exception):
    """Base of all that this room refuses."""


class BadCredentials(CompaniesError):
    """The appid is unknown or the key is wrong: the same for both, so that nobody learns which appids exist."""


class TokenUnknown(CompaniesError):
    """No such token was issued, or it has expired or was ended."""


class CompanyDisabled(CompaniesError):
    """The company is switched off."""


class LicenceExpired(CompaniesError):
    """The company's licence date is over."""


class AddressNotAllowed(CompaniesError):
    """The request comes from an address outside the company's list."""


class NumberUnknown(CompaniesError):
    """There is no such caller number, or none at all to choose from."""


class NumberForeign(CompaniesError):
    """The caller number belongs to another company."""


class NumberDisabled(CompaniesError):
    """The caller number is switched off."""
