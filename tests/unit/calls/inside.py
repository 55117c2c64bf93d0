"""What happens inside calls, and what an operator does to them: more steps of the model."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.typing import EventDict
from tests.unit.calls.model import Model, Ways
from tests.unit.calls.oracle import Asked

from playvoice.media import protocol, sdp
from playvoice.media.client import Stream
from playvoice.media.g711 import Codec
from playvoice.sip import CallState, IncomingCall, RequestInCall, SessionAnswered
from playvoice.sip.info import DTMF_TYPES, body_of


class Inside(Model):
    """A model whose far ends press keys by INFO and change their sessions, and which has an operator."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, log: Sequence[EventDict], ways: Ways) -> None:
        self._answers: Counter[str] = Counter()
        """How many offers of each far end were answered, by Call-ID."""
        super().__init__(folder, monkeypatch, log, ways)

    def _hear(self) -> None:
        for event in [event for events in self.house.wire.events.values() for event in events]:
            if isinstance(event, RequestInCall):
                event.request.respond(200, self.now)
            elif isinstance(event, SessionAnswered):
                self._answers[event.call.id] += 1
        super()._hear()

    # --- keys -----------------------------------------------------------------------------------------------------

    def answer_without_events(self, call: IncomingCall) -> None:
        """Answer as a gateway does that has no telephone-events: its keys come by INFO."""
        asked = self.of_carrier(call)
        body, _ = sdp.answer(call.request.body, "127.0.0.9", 40_000, telephone_events=False, session_id=1)
        call.answer(self.now, bytes(body))
        asked.reached.add(call.id)
        asked.keys_by_info.add(call.id)
        self.settle()

    def press_by_info(self, call: IncomingCall, key: str) -> None:
        """Press a key by INFO, which counts where telephone-events were not agreed on."""
        asked = self.of_carrier(call)
        if call.id in asked.keys_by_info:
            asked.press(key, self.now)
        assert call.inform(self.now, body_of(key), DTMF_TYPES[0]) or self.troubled
        self.settle()

    def agent_presses(self, call: IncomingCall, stream: Stream, key: str) -> None:
        """Press a key for the customer."""
        asked, told = self.of_phone(call), self._told_by_info(self.of_phone(call))
        asked.asked_inside = True
        self._happens(lambda: stream.on_event(protocol.KeyPressed(stream.number, key)))
        if self.is_calm and asked.attempts[-1].state is CallState.CONFIRMED:
            wanted = asked.attempts[-1].id in asked.keys_by_info
            assert self._told_by_info(asked) - told == wanted, "the customer is told where only INFO reaches him"

    def _told_by_info(self, asked: Asked) -> int:
        ids = [f"Call-ID: {call.id}\r\n".encode() for call in asked.attempts]
        sent = [data for _, source, _, data in self.house.wire.network.sent if source == "server"]
        return sum(data.startswith(b"INFO ") and any(each in data for each in ids) for data in sent)

    # --- sessions -------------------------------------------------------------------------------------------------

    def change_session(self, asked: Asked, call: IncomingCall, direction: sdp.Direction, port: int) -> None:
        """Offer a session anew: hold, resume, another address."""
        asked.asked_inside = True
        answered = self._answers[call.id]
        events = None if call.id in asked.keys_by_info else 101
        body = sdp.offer(
            "127.0.0.8",
            port,
            (Codec.PCMA,),
            telephone_event=events,
            session_id=1,
            version=2 + answered,
            direction=direction,
        )
        stream = self.stream_of(call)
        offered = call.session.offer(self.now, bytes(body))
        self.settle()
        if self.is_calm:
            assert offered
            assert self._answers[call.id] == answered + 1, "an offer is answered"
            told = [told for told in self.house.media.worker.told if isinstance(told, protocol.Connect)]
            assert stream is not None
            assert told[-1].stream == stream.number
            assert (told[-1].host, told[-1].port) == ("127.0.0.8", port)

    # --- the operator ---------------------------------------------------------------------------------------------

    def operator_hangs_up(self, asked: Asked) -> None:
        """End a call that has no record yet, whatever its state."""
        was_open = not self._is_ended(asked)
        answered = any(call.state is CallState.CONFIRMED for call in asked.attempts)
        asked.hung_up = True
        found = self.run(self.house.conductor.hang_up(asked.uuid))
        self._check()
        if self.is_calm:
            assert found == was_open, "what has no record is found, and nothing else"
            if was_open:
                self._expect(asked, 10007, 10040 if answered else 10007)
