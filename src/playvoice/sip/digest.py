"""Digest authentication, the client's half and what both halves share: RFC 2617, 7616, 8760 and 3261 section 22.

A server answers 401 (a proxy 407) with one or several challenges. :class:`DigestClient` picks of each realm the first
that it can answer, as RFC 8760 section 2.4 says, and writes the header that the request is sent again with. MD5 and
SHA-256 with `qop=auth`, and the form without qop of RFC 2069; auth-int and the -sess algorithms are passed over.
`playvoice.sip.digest_server` is the other half.

The header is read here and not by `sipmessage`, which splits `qop="auth,auth-int"` at its comma.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Self

from sipmessage import Request, Response

from playvoice.sip.errors import SipError

MAX_HEADER = 4_096
"""Characters of a challenge or an answer that is read."""
MAX_CHALLENGES = 8
"""Challenges of one response, and answers of one request, that are looked at; and challenges that a client keeps."""
MAX_ATTEMPTS = 3
"""Times that a request is sent with credentials before a server that goes on asking is believed."""

CHALLENGES = (401, 407)
"""What asks for credentials: the far end itself, and a proxy on the way to it."""

_SCHEME = re.compile(r"\s*Digest\s+", re.IGNORECASE)
_PARAMETER = re.compile(
    r"""([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,[\s,]*|$)""", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_HEX = re.compile(r"[0-9a-f]+")
_NONCE_COUNT = re.compile(r"[0-9A-Fa-f]{1,8}")
_FIELDS = (("WWW-Authenticate", "Authorization"), ("Proxy-Authenticate", "Proxy-Authorization"))


class MalformedDigest(SipError):
    """A header that is no digest challenge or answer, or none that we can use."""


class Algorithm(StrEnum):
    """The hash functions of RFC 7616 that we speak."""

    MD5 = "MD5"
    SHA256 = "SHA-256"

    def hash(self, text: str) -> str:
        """Hash UTF-8 text to lower-case hexadecimal digits: H() of RFC 7616 section 3.3."""
        function = hashlib.sha256 if self is Algorithm.SHA256 else hashlib.md5
        return function(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's name and password; the password stays out of every `repr`."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """The value of a WWW-Authenticate or Proxy-Authenticate header."""

    realm: str
    nonce: str
    algorithm: Algorithm | None = None
    """None: the challenge names none, which means MD5."""
    qop: bool = True
    """`auth` is offered; without it the answer is that of RFC 2069."""
    opaque: str | None = None
    stale: bool = False
    """Only the nonce was too old; the credentials were right."""

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read a header value; `MalformedDigest` also for a scheme, algorithm or qop that we don't speak."""
        parameters = parse_parameters(value)
        qops = [word.strip().lower() for word in parameters.get("qop", "").split(",") if word.strip()]
        if qops and "auth" not in qops:
            raise MalformedDigest(f"no qop that we speak: {parameters['qop']!r}")
        return cls(
            realm=_required(parameters, "realm"),
            nonce=_required(parameters, "nonce"),
            algorithm=_algorithm(parameters.get("algorithm")),
            qop=bool(qops),
            opaque=parameters.get("opaque"),
            stale=parameters.get("stale", "").lower() == "true",
        )

    def __str__(self) -> str:
        text = f"Digest realm={_quote(self.realm)}, nonce={_quote(self.nonce)}"
        if self.opaque is not None:
            text += f", opaque={_quote(self.opaque)}"
        if self.stale:
            text += ", stale=true"
        if self.algorithm is not None:
            text += f", algorithm={self.algorithm}"
        return text + (', qop="auth"' if self.qop else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """The value of an Authorization or Proxy-Authorization header."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm | None = None
    nc: str | None = None
    """How often this nonce was used, in hexadecimal digits as they are hashed; None without qop."""
    cnonce: str = ""
    opaque: str | None = None

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read a header value; `MalformedDigest` also for a scheme, algorithm or qop that we don't speak."""
        parameters = parse_parameters(value)
        qop = parameters.get("qop")
        if qop is not None and qop.lower() != "auth":
            raise MalformedDigest(f"no qop that we speak: {qop!r}")
        nc = None if qop is None else _required(parameters, "nc")
        if nc is not None and not _NONCE_COUNT.fullmatch(nc):
            raise MalformedDigest(f"nc is not hexadecimal: {nc!r}")
        return cls(
            username=_required(parameters, "username"),
            realm=_required(parameters, "realm"),
            nonce=_required(parameters, "nonce"),
            uri=_required(parameters, "uri"),
            response=_hexadecimal(_required(parameters, "response")),
            algorithm=_algorithm(parameters.get("algorithm")),
            nc=nc,
            cnonce="" if qop is None else _required(parameters, "cnonce"),
            opaque=parameters.get("opaque"),
        )

    @property
    def count(self) -> int | None:
        """`nc` as a number."""
        return None if self.nc is None else int(self.nc, 16)

    def __str__(self) -> str:
        text = (
            f"Digest username={_quote(self.username)}, realm={_quote(self.realm)}, nonce={_quote(self.nonce)},"
            f" uri={_quote(self.uri)}, response={_quote(self.response)}"
        )
        if self.algorithm is not None:
            text += f", algorithm={self.algorithm}"
        if self.opaque is not None:
            text += f", opaque={_quote(self.opaque)}"
        if self.nc is not None:
            text += f", cnonce={_quote(self.cnonce)}, qop=auth, nc={self.nc}"
        return text

    def expected_response(self, method: str, password: str) -> str:
        """The `response` that this password gives with everything else in this header (RFC 7616 section 3.4.1)."""
        algorithm = self.algorithm or Algorithm.MD5
        secret = algorithm.hash(f"{self.username}:{self.realm}:{password}")
        request = algorithm.hash(f"{method}:{self.uri}")
        if self.nc is None:
            return algorithm.hash(f"{secret}:{self.nonce}:{request}")
        return algorithm.hash(f"{secret}:{self.nonce}:{self.nc}:{self.cnonce}:auth:{request}")


def answer(
    challenge: Challenge, credentials: Credentials, method: str, uri: str, *, cnonce: str, count: int = 1
) -> Answer:
    """Answer a challenge for a request with this method and request URI.

    `cnonce` is random text without quotes; `count` is 1 for the first request with this nonce and rises with each.
    """
    blank = Answer(
        username=credentials.username,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        nc=f"{count:08x}" if challenge.qop else None,
        cnonce=cnonce if challenge.qop else "",
        opaque=challenge.opaque,
    )
    return replace(blank, response=blank.expected_response(method, credentials.password))


class DigestClient:
    """The credentials of one peer, and the challenges that it last set.

    `learn` takes a 401 or 407 and says whether the request is worth sending again; `authorize` puts the answers into a
    request, a later one too, so that a registration is challenged only when its nonce has become stale; `accepted`
    says that the server took them.
    """

    def __init__(self, credentials: Credentials, random: Random) -> None:
        self._credentials = credentials
        self._random = random
        self._challenges: dict[tuple[str, str], tuple[Challenge, int]] = {}
        self._attempts = 0
        self._tried: set[tuple[str, str]] = set()

    def __repr__(self) -> str:
        realms = ", ".join(realm for _, realm in self._challenges)
        return f"<DigestClient {self._credentials.username!r} for {realms or 'no realm yet'}>"

    def hear(self, response: Response) -> bool:
        """Take a response to a request with credentials; True for challenges that the next one answers.

        Any other response says that these were taken.
        """
        if response.code in CHALLENGES:
            return self.learn(response)
        self.accepted()
        return False

    def learn(self, response: Response) -> bool:
        """Take the challenges of a 401 or 407; False if none can be answered, or they refuse what was answered."""
        found = read_challenges(response)
        refused = any(key in self._tried and not challenge.stale for key, challenge in found.items())
        if not found or refused or self._attempts >= MAX_ATTEMPTS:
            return False
        self._attempts += 1
        for key, challenge in found.items():
            self._challenges.pop(key, None)
            self._challenges[key] = (challenge, 0)
            self._tried.add(key)
        for key in list(self._challenges)[:-MAX_CHALLENGES]:
            del self._challenges[key]  # a peer may think of a new realm each time
        return True

    def authorize(self, request: Request) -> None:
        """Put an answer to each challenge known into the request, in place of those that it has."""
        for _, field_name in _FIELDS:
            request.headers.remove(field_name)
        for (field_name, realm), (challenge, count) in self._challenges.items():
            count += 1
            self._challenges[field_name, realm] = (challenge, count)
            cnonce = f"{self._random.getrandbits(128):032x}"
            value = answer(challenge, self._credentials, request.method, str(request.uri), cnonce=cnonce, count=count)
            request.headers.add(field_name, str(value))

    def accepted(self) -> None:
        """The server took the answers: the next challenge is not a refusal of them."""
        self._attempts = 0
        self._tried.clear()


def answers_of(request: Request) -> tuple[tuple[str, str], ...]:
    """The credentials of an INVITE as they went out: the ACK to its 2xx has the same (RFC 3261 section 22.3)."""
    return tuple((name, value) for _, name in _FIELDS for value in request.headers.getlist(name))


def read_challenges(response: Response) -> dict[tuple[str, str], Challenge]:
    """Of each realm the first challenge that we can answer, by the name of the header that answers it and the realm."""
    found: dict[tuple[str, str], Challenge] = {}
    for challenge_field, answer_field in _FIELDS:
        for value in response.headers.getlist(challenge_field)[:MAX_CHALLENGES]:
            try:
                challenge = Challenge.parse(value)
            except MalformedDigest:
                continue  # another one of the response may be in words that we know
            found.setdefault((answer_field, challenge.realm), challenge)
    return found


def read_answer(values: Sequence[str], realm: str) -> Answer | None:
    """The answer for this realm among the values of a request's header, None if there is none that can be read."""
    for value in values[:MAX_CHALLENGES]:
        try:
            found = Answer.parse(value)
        except MalformedDigest:
            continue
        if found.realm == realm:
            return found
    return None


def parse_parameters(value: str) -> dict[str, str]:
    """Read `Digest name=value, name="value", …` into a dictionary with names in lower case."""
    if len(value) > MAX_HEADER:
        raise MalformedDigest(f"{len(value)} characters, more than {MAX_HEADER}")
    scheme = _SCHEME.match(value)
    if scheme is None:
        raise MalformedDigest("not the Digest scheme")
    parameters: dict[str, str] = {}
    position = scheme.end()
    while position < len(value):
        found = _PARAMETER.match(value, position)
        if found is None:
            raise MalformedDigest(f"not a parameter at character {position}")
        name, quoted, token = found.groups()
        if name.lower() in parameters:
            raise MalformedDigest(f"{name} stands there twice")
        parameters[name.lower()] = token if quoted is None else _ESCAPED.sub(r"\1", quoted)
        position = found.end()
    return parameters


def _required(parameters: dict[str, str], name: str) -> str:
    try:
        return parameters[name]
    except KeyError:
        raise MalformedDigest(f"no {name}") from None


def _algorithm(name: str | None) -> Algorithm | None:
    if name is None:
        return None
    try:
        return Algorithm(name.upper())
    except ValueError:
        raise MalformedDigest(f"no algorithm that we speak: {name!r}") from None


def _hexadecimal(response: str) -> str:
    lowered = response.lower()
    if not _HEX.fullmatch(lowered):
        raise MalformedDigest("the response is not hexadecimal")
    return lowered


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
