"""The sections of the configuration file as frozen models.

The description of each field says what is expected there; it is what a user reads who wrote something else.
Secrets stand in no `repr`.
"""

from datetime import date
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from playvoice.config import values
from playvoice.config.values import IPNetwork, ListenAddress, PortRange, SipListen


def _text_to(read: Any) -> BeforeValidator:
    """Read a value from its text; what is no text is no value."""

    def convert(value: object) -> object:
        if not isinstance(value, str):
            raise ValueError("not a text in quotes")
        return read(value)

    return BeforeValidator(convert)


Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Network = Annotated[IPNetwork, _text_to(values.network)]
IpText = Annotated[str, _text_to(values.ip_text)]
WebUrl = Annotated[str, StringConstraints(max_length=1024), _text_to(values.web_url)]
SipUri = Annotated[str, StringConstraints(max_length=255), _text_to(values.sip_uri)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class RecordPolicy(StrEnum):
    """Which answered calls of a company are recorded."""

    ALWAYS = "always"
    NEVER = "never"
    TRANSFERRED = "transferred"
    """Only calls that reached an agent."""


class RecordFormat(StrEnum):
    """What a recording is kept as."""

    MP3 = "mp3"
    WAV = "wav"


class CallbackFormat(StrEnum):
    """How a callback's body is written."""

    JSON = "json"
    FORM = "form"
    """One form field `detail` that holds the JSON."""


class CallerId(StrEnum):
    """The header that carries the caller number towards a trunk."""

    FROM = "from"
    PAI = "pai"
    PPI = "ppi"
    RPID = "rpid"


class Dtmf(StrEnum):
    """The ways on which a trunk's keys are taken."""

    AUTO = "auto"
    """Telephone-events (RFC 4733) where they were agreed on; elsewhere INFO, and tones in the audio."""
    RFC4733 = "rfc4733"
    INFO = "info"
    INBAND = "inband"


class Strategy(StrEnum):
    """How a group chooses among its idle members."""

    LONGEST_IDLE = "longest-idle"
    RING_ALL = "ring-all"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class ServerConfig(_Section):
    """The server as a whole."""

    http: Annotated[ListenAddress, _text_to(values.listen_address)] = Field(
        default=ListenAddress("127.0.0.1", 8080), description='HOST:PORT, as in "127.0.0.1:8080"'
    )
    database: str = Field(
        default="sqlite:///data/playvoice.db",
        repr=False,
        pattern=r"^(sqlite:///.|postgresql(\+psycopg)?://.)",
        description='"sqlite:///path/to/file.db" or "postgresql://user@host/db"',
    )
    data_dir: Path = Field(default=Path("data"), description="the path of the directory for recordings and voices")
    timezone: Annotated[ZoneInfo, _text_to(values.time_zone)] = Field(
        default=ZoneInfo("Asia/Shanghai"), description='the name of a time zone, as in "Asia/Shanghai"'
    )
    public_ip: Annotated[str, _text_to(values.specific_address)] = Field(
        default="127.0.0.1", description="the IP address that callbacks tell"
    )
    public_url: Annotated[str, StringConstraints(max_length=255), _text_to(values.public_url)] | None = Field(
        default=None,
        description='an http or https URL without query, as in "https://playvoice.example.com"',
    )
    stop_timeout: int = Field(default=5, ge=0, le=300, description="whole seconds from 0 to 300")


class SecurityConfig(_Section):
    """What the server may be led to connect to."""

    allow_networks: tuple[Network, ...] = Field(default=(), description='a list of networks, as in ["10.0.0.0/8"]')


class SipConfig(_Section):
    """Where SIP is spoken, and as whom."""

    listen: tuple[Annotated[SipListen, _text_to(values.sip_listen)], ...] = Field(
        default=(SipListen("udp", "127.0.0.1", 5060), SipListen("tcp", "127.0.0.1", 5060)),
        min_length=1,
        description='a list of addresses, as in ["udp:192.0.2.1:5060", "tcp:192.0.2.1:5060"]',
    )
    domain: Annotated[str, _text_to(values.sip_host)] = Field(
        default="127.0.0.1", description="a host name or an IP address"
    )
    external_address: Annotated[str, _text_to(values.specific_address)] | None = Field(
        default=None, description="the IP address at which the outside reaches this server"
    )
    local_networks: tuple[Network, ...] = Field(default=(), description='a list of networks, as in ["10.0.0.0/8"]')
    edges: tuple[IpText, ...] = Field(default=(), description='a list of IP addresses, as in ["192.0.2.10"]')


class RtpConfig(_Section):
    """Where RTP is spoken."""

    address: Annotated[str, _text_to(values.specific_address)] = Field(
        default="127.0.0.1", description="the IP address that RTP sockets are bound to"
    )
    ports: Annotated[PortRange, _text_to(values.port_range)] = Field(
        default=PortRange(10_000, 29_999), description='FIRST-LAST from 1024 to 65535, as in "10000-29999"'
    )


class TraceConfig(_Section):
    """What is kept of a call's SIP messages."""

    max_megabytes: int = Field(
        default=512, ge=0, le=1_000_000, description="whole megabytes from 0, for nothing kept, to 1000000"
    )
    mask_numbers: bool = Field(default=False, description="true or false")


class MonitoringConfig(_Section):
    """Who may ask how the server is."""

    allow: tuple[Network, ...] = Field(
        default=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        description='a list of networks, as in ["127.0.0.0/8", "192.0.2.10/32"]',
    )


Days = Annotated[int, Field(ge=0, le=36_500)]


class RetentionConfig(_Section):
    """How many days what is stored is kept. Those that the contract promises are the least."""

    calls: Days = Field(default=0, description="whole days from 0, for ever, to 36500")
    recordings: Days = Field(default=0, description="whole days from 0, for as long as calls, to 36500")
    callbacks: Annotated[Days, AfterValidator(values.none_or_from(7))] = Field(
        default=7, description="whole days: 0, for ever, or 7 to 36500"
    )
    tokens: int = Field(default=1, ge=1, le=36_500, description="whole days from 1 to 36500")
    idempotency_keys: int = Field(default=1, ge=1, le=36_500, description="whole days from 1 to 36500")
    downloaded_voices: Days = Field(default=30, description="whole days from 0, for as long as there is room, to 36500")
    traces: Days = Field(default=7, description="whole days from 0, for as long as there is room, to 36500")


class TrunkConfig(_Section):
    """A SIP connection to a carrier or PBX."""

    name: Name = Field(description="a name of up to 64 characters")
    address: SipUri = Field(
        description='a SIP URI over UDP or TCP, as in "sip:192.0.2.1:5060;transport=udp"; there is no TLS, and no sips:'
    )
    username: Annotated[Secret, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")] | None = Field(
        default=None, description="the user name for digest authentication, up to 255 characters"
    )
    password: Secret | None = Field(default=None, repr=False, description="the password for digest authentication")
    register_: bool = Field(default=False, alias="register", description="true or false")
    codecs: Annotated[tuple[Literal["PCMA", "PCMU"], ...], AfterValidator(values.each_once)] = Field(
        default=("PCMA", "PCMU"), min_length=1, description='"PCMA", "PCMU" or both, in the order of preference'
    )
    max_calls: int = Field(default=30, ge=1, le=10_000, description="how many calls at once, 1 to 10000")
    calls_per_second: float = Field(default=5.0, gt=0, le=1_000, description="a number above 0, at most 1000")
    hosts: tuple[Network, ...] = Field(default=(), description='a list of networks, as in ["192.0.2.0/28"]')
    proxy: SipUri | None = Field(default=None, description='a SIP URI over UDP or TCP, as in "sip:192.0.2.1;lr"')
    strip: str = Field(default="", pattern=r"^\+?[0-9]{0,32}$", description='leading digits, as in "+86"')
    prefix: str = Field(default="", pattern=r"^\+?[0-9*#]{0,32}$", description='digits, as in "9"')
    from_user: str | None = Field(
        default=None, pattern=r"^[0-9A-Za-z_.!~*'()+-]{1,64}$", description="the user part of From"
    )
    from_domain: Annotated[str, _text_to(values.sip_host)] | None = Field(
        default=None, description="a host name or an IP address"
    )
    caller_id: CallerId = Field(default=CallerId.FROM, description='"from", "pai", "ppi" or "rpid"')
    dtmf: Dtmf = Field(default=Dtmf.AUTO, description='"auto", "rfc4733", "info" or "inband"')
    keepalive: int = Field(default=30, ge=0, le=3_600, description="whole seconds between OPTIONS, 0 for none")
    trunk_timeout: int = Field(default=4, ge=1, le=32, description="whole seconds from 1 to 32")


class ExtensionConfig(_Section):
    """An agent's SIP account."""

    number: str = Field(pattern=r"^[0-9]{2,32}$", description='2 to 32 digits in quotes, as in "20280003"')
    password: Secret = Field(repr=False, description="a password of 1 to 255 characters")


class GroupConfig(_Section):
    """Extensions that share incoming transfers."""

    name: str = Field(
        pattern=r"^[^,@\s\x00-\x1f\x7f]{1,64}$",
        description="a name of up to 64 characters without comma, @ and white space",
    )
    strategy: Strategy = Field(default=Strategy.LONGEST_IDLE, description='"longest-idle" or "ring-all"')
    members: tuple[str, ...] = Field(default=(), description='a list of extension numbers, as in ["20280003"]')
    ring_time: int = Field(default=20, ge=1, le=300, description="whole seconds from 1 to 300")
    max_wait: int = Field(default=60, ge=1, le=3_600, description="whole seconds from 1 to 3600")


def _record_policy(value: object) -> object:
    return {"true": RecordPolicy.ALWAYS, "false": RecordPolicy.NEVER}.get(str(value).lower(), value)


class CompanyConfig(_Section):
    """A customer: credentials, numbers, agents, callback addresses."""

    code: str = Field(
        pattern=r"^[1-9][0-9]{0,8}$", description='1 to 9 digits in quotes that begin with no 0, as in "2028"'
    )
    name: Name = Field(description="a name of up to 64 characters")
    appid: str = Field(pattern=r"^[\x21-\x7e]{1,64}$", description="1 to 64 printable ASCII characters")
    accesskey: Annotated[Secret, AfterValidator(values.without_space_around)] = Field(
        repr=False, description="a key of 1 to 255 characters without white space around it, better 32 random ones"
    )
    cdr_callback: WebUrl | None = Field(default=None, description="an http or https URL")
    status_callback: WebUrl | None = Field(default=None, description="an http or https URL")
    numbers: tuple[Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{3,32}$")], ...] = Field(
        default=(), description='a list of caller numbers in quotes, as in ["2120280001"]'
    )
    trunks: tuple[Name, ...] | None = Field(default=None, max_length=50, description="a list of up to 50 trunk names")
    record: Annotated[RecordPolicy, BeforeValidator(_record_policy)] = Field(
        default=RecordPolicy.ALWAYS, description='true, false or "transferred"'
    )
    record_format: RecordFormat = Field(default=RecordFormat.MP3, description='"mp3" or "wav"')
    signing_secret: Annotated[str, _text_to(values.signing_secret)] | None = Field(
        default=None, repr=False, description='"whsec_" and 24 to 64 octets in base64'
    )
    expire_after: int = Field(default=3_600, ge=1, le=604_800, description="whole seconds from 1 to 604800")
    key_time: int = Field(default=5, ge=0, le=60, description="whole seconds from 0 to 60")
    callback_format: CallbackFormat = Field(default=CallbackFormat.JSON, description='"json" or "form"')
    ipwhite: tuple[Network, ...] = Field(
        default=(), max_length=100, description="a list of up to 100 IP addresses or networks"
    )
    callback_fields: tuple[Literal["direction", "userid", "ext", "recordurl"], ...] = Field(
        default=(), description='any of "direction", "userid", "ext", "recordurl"'
    )
    voice_dir: Annotated[Path, AfterValidator(values.directory)] | None = Field(
        default=None, description="the path of a directory that exists and that this user can look at"
    )
    enabled: bool = Field(default=True, description="true or false")
    licensed_until: date | None = Field(default=None, description="a date, as in 2030-12-31, the last day included")
    extensions: tuple[ExtensionConfig, ...] = Field(default=(), alias="extension", description="[[company.extension]]")
    groups: tuple[GroupConfig, ...] = Field(default=(), alias="group", description="[[company.group]]")


class Config(_Section):
    """The whole configuration; paths are absolute once it was read by :func:`playvoice.config.load`."""

    server: ServerConfig = Field(default=ServerConfig(), description="[server]")
    security: SecurityConfig = Field(default=SecurityConfig(), description="[security]")
    sip: SipConfig = Field(default=SipConfig(), description="[sip]")
    rtp: RtpConfig = Field(default=RtpConfig(), description="[rtp]")
    trace: TraceConfig = Field(default=TraceConfig(), description="[trace]")
    retention: RetentionConfig = Field(default=RetentionConfig(), description="[retention]")
    monitoring: MonitoringConfig = Field(default=MonitoringConfig(), description="[monitoring]")
    trunks: tuple[TrunkConfig, ...] = Field(default=(), alias="trunk", description="[[trunk]]")
    """In the order in which they are tried."""
    companies: tuple[CompanyConfig, ...] = Field(default=(), alias="company", description="[[company]]")
