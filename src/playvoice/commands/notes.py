"""What happened on a call, as a sentence for a person: each event of its log that the story keeps."""

from playvoice.calls.trace_parts import Note, Value
from playvoice.codes import CAUSE_TEXTS, HangupCause
from playvoice.sip.tap import printable

SENTENCES = {
    "voice_ready": "the voice is ready; it lasts {seconds} s",
    "call_waits": "it waits: {reason}",
    "call_waited": "it has waited: {reason}",
    "invite_sent": "dialled over trunk {trunk}, {address}",
    "trunk_silent": "trunk {trunk} is left: {address} answers nothing",
    "trunk_said_nothing": "trunk {trunk} has said nothing at {address}: it may never have got the call",
    "customer_refused": "trunk {trunk} refused with {status} {reason}",
    "customer_unreached": "trunk {trunk} was not reached at {address}: {why}",
    "redirected": "trunk {trunk} redirected with {status} to {target}",
    "answer_unusable": "the answer can't be used: {reason}",
    "customer_answered": "the customer answered; codec {codec}, keys come by {keys}",
    "key_pressed": "key {key} ({way})",
    "playback_failed": "the voice could not be played: {reason}",
    "nobody_registered": "nobody of {group} is registered",
    "no_agent_free": "nobody of {group} is free: the customer waits",
    "agent_rung": "agent {extension} is called",
    "agent_refused": "agent {extension} refused with {status} {reason}",
    "agent_unreached": "agent {extension} was not reached: {why}",
    "agent_withdrawn": "agent {extension} is called no longer",
    "agent_answer_unusable": "the answer of agent {extension} can't be used: {reason}",
    "agent_connected": "agent {extension} and the customer are connected",
    "no_rtp_port": "no RTP port is free: {reason}",
    "rtp_ignored": "{packets} packets at RTP port {port} were ignored: no RTP, or not from where SDP or SIP came from",
    "session_changed": "the session changed: codec {codec}, {direction}",
    "session_change_refused": "a change of the session was refused: {reason}",
    "session_answer_unusable": "the answer to a change of the session can't be used: {reason}",
    "call_lost_its_media": "the media process is gone: {reason}",
    "call_abandoned": "not dialled: {reason}",
    "leg_ended_after_crash": "the server had stopped without a word; after its start it ended a leg by {by}",
    "call_ended": "the call is over: {cause}, {direction}",
}


def sentence(note: Note) -> str:
    """The note in words, without what would move a terminal's cursor; one that has no words shows its values."""
    return printable(_sentence(note).encode())


def _sentence(note: Note) -> str:
    form = SENTENCES.get(note.event)
    if form is not None:
        try:
            text = form.format_map({name: _worded(name, value) for name, value in note.values.items()})
        except KeyError:
            pass
        else:
            q850 = note.values.get("q850")
            return text if q850 is None else f"{text}, Q.850 cause {q850}"
    return f"{note.event} {' '.join(f'{name}={value}' for name, value in note.values.items())}".rstrip()


def cause_text(cause: HangupCause) -> str:
    """A cause with its number."""
    return f"{int(cause)} {CAUSE_TEXTS[cause].en}"


def _worded(name: str, value: Value) -> Value:
    return cause_text(HangupCause(value)) if name in ("cause", "direction") and isinstance(value, int) else value
