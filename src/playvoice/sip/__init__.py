"""SIP for somebody who places and takes calls: a sans-IO user agent by RFC 3261, and one thin module for its I/O."""

from sipmessage import URI, Address, Request, Response

from playvoice.sip.call import Call, CallState
from playvoice.sip.dialog import DialogState, InviteState
from playvoice.sip.digest import Credentials, DigestClient
from playvoice.sip.endpoint import SipEndpoint
from playvoice.sip.errors import IllegalTransition, MalformedMessage, SipError
from playvoice.sip.events import (
    Acknowledged,
    Answered,
    CallEnded,
    Cancelled,
    Challenged,
    Event,
    Failed,
    IncomingCallReceived,
    InfoRefused,
    Provisional,
    Rejected,
    RequestFailed,
    RequestInCall,
    RequestReceived,
    ResponseReceived,
    SessionAnswered,
    SessionChangeReceived,
    SessionRefused,
    TargetChanged,
    Why,
)
from playvoice.sip.flow import Flow, Transport
from playvoice.sip.incoming import IncomingCall, IncomingRequest
from playvoice.sip.outgoing import COMPLETED_ELSEWHERE, OutgoingCall
from playvoice.sip.outgoing_request import OutgoingRequest
from playvoice.sip.session import SessionChange
from playvoice.sip.user_agent import UserAgent

__all__ = [
    "COMPLETED_ELSEWHERE",
    "URI",
    "Acknowledged",
    "Address",
    "Answered",
    "Call",
    "CallEnded",
    "CallState",
    "Cancelled",
    "Challenged",
    "Credentials",
    "DialogState",
    "DigestClient",
    "Event",
    "Failed",
    "Flow",
    "IllegalTransition",
    "IncomingCall",
    "IncomingCallReceived",
    "IncomingRequest",
    "InfoRefused",
    "InviteState",
    "MalformedMessage",
    "OutgoingCall",
    "OutgoingRequest",
    "Provisional",
    "Rejected",
    "Request",
    "RequestFailed",
    "RequestInCall",
    "RequestReceived",
    "Response",
    "ResponseReceived",
    "SessionAnswered",
    "SessionChange",
    "SessionChangeReceived",
    "SessionRefused",
    "SipEndpoint",
    "SipError",
    "TargetChanged",
    "Transport",
    "UserAgent",
    "Why",
]
