"""What this room refuses; each kind has its own place in the API's code tables."""


class CompaniesError(Exception):
    """Base of all that this room refuses."""


class BadCredentials(CompaniesError):
    """The appid is unknown or the key is wrong: the same for both, so that nobody learns which appids exist."""


class TooManyAttempts(CompaniesError):
    """The source has sent too many wrong keys for this appid of late; the key was not looked at."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        """`retry_after` is seconds."""
        super().__init__(message)
        self.retry_after = retry_after


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
