"""The configuration: `playvoice.toml` with environment variables over it, read once, checked as a whole.

Everything that is wrong is said at once, each with its line and what was expected, before anything listens.
Any key of a section can be set by the environment as well: `PLAYVOICE_SERVER__HTTP=0.0.0.0:8080`; lists are
JSON.
"""

from playvoice.config.loading import ConfigError, Problem, load
from playvoice.config.models import (
    CallbackFormat,
    CallerId,
    CompanyConfig,
    Config,
    Dtmf,
    ExtensionConfig,
    GroupConfig,
    MonitoringConfig,
    RecordFormat,
    RecordPolicy,
    RetentionConfig,
    RtpConfig,
    SecurityConfig,
    ServerConfig,
    SipConfig,
    Strategy,
    TraceConfig,
    TrunkConfig,
)
from playvoice.config.values import IPNetwork, ListenAddress, PortRange, SipListen, is_within

__all__ = [
    "CallbackFormat",
    "CallerId",
    "CompanyConfig",
    "Config",
    "ConfigError",
    "Dtmf",
    "ExtensionConfig",
    "GroupConfig",
    "IPNetwork",
    "ListenAddress",
    "MonitoringConfig",
    "PortRange",
    "Problem",
    "RecordFormat",
    "RecordPolicy",
    "RetentionConfig",
    "RtpConfig",
    "SecurityConfig",
    "ServerConfig",
    "SipConfig",
    "SipListen",
    "Strategy",
    "TraceConfig",
    "TrunkConfig",
    "is_within",
    "load",
]
