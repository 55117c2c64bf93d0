"""The one client for what we fetch and send over HTTP at the word of a customer: voices and callbacks.

Such an address must not lead into the operator's own network, so every address is checked where it is
connected to (:mod:`playvoice.web.policy`, :mod:`playvoice.web.network`), and everything that a far end may
do is bounded (:mod:`playvoice.web.client`).
"""

from playvoice.web.client import Download, WebClient, WebResponse
from playvoice.web.errors import AddressRefused, BadAnswer, ConnectFailed, NoAnswer, WebError
from playvoice.web.policy import NetworkPolicy, WebAddress

__all__ = [
    "AddressRefused",
    "BadAnswer",
    "ConnectFailed",
    "Download",
    "NetworkPolicy",
    "NoAnswer",
    "WebAddress",
    "WebClient",
    "WebError",
    "WebResponse",
]
