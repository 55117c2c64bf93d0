"""Callbacks: messages owed to a company's server, stored with the fact that they report, delivered in order.

`owe` puts one into the store in the transaction of its fact; `Sender` delivers what is owed. What may go next and
when is decided without I/O in `playvoice.callbacks.deliveries`; one attempt is one POST of `playvoice.web`.
"""

from playvoice.callbacks.endpoints import Endpoint, Endpoints
from playvoice.callbacks.errors import CallbacksError, SigningSecretError
from playvoice.callbacks.outbox import end_of_call, owe
from playvoice.callbacks.payloads import FURTHER_FIELDS, RECORDURL, ExtensionState, call_record, extension_state
from playvoice.callbacks.sender import Sender
from playvoice.callbacks.tables import CallbackKind, callbacks

__all__ = [
    "FURTHER_FIELDS",
    "RECORDURL",
    "CallbackKind",
    "CallbacksError",
    "Endpoint",
    "Endpoints",
    "ExtensionState",
    "Sender",
    "SigningSecretError",
    "call_record",
    "callbacks",
    "end_of_call",
    "extension_state",
    "owe",
]
