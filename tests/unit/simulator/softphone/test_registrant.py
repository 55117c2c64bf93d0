"""The phone's registration against a registrar of few words: what a person is told, and when."""

import random

import pytest
from sipmessage import URI
from tests.unit.simulator.softphone.pair import A, B, Notes

from playvoice.simulator.softphone.registrant import PATIENCE, Registrant
from playvoice.sip import Credentials, IncomingRequest, RequestReceived, UserAgent
from playvoice.sip.network import FakeNetwork

ACCOUNT = URI.parse("sip:100@192.0.2.2")
CHALLENGE = ("WWW-Authenticate", 'Digest realm="b", nonce="n", algorithm=MD5, qop="auth"')


class Desk:
    """A phone that registers, and the registrar, which says what a test says."""

    def __init__(self, expires: int = 600) -> None:
        self.network = FakeNetwork()
        self.notes = Notes()
        self.phone = UserAgent(generator=random.Random(1))
        self.registrar = UserAgent(generator=random.Random(2))
        self.network.attach("phone", self.phone, A)
        self.network.attach("registrar", self.registrar, B)
        self.registrant = Registrant(
            self.phone,
            self.network.flow(A, B),
            ACCOUNT,
            Credentials("100", "secret"),
            self.notes,
            random.Random(3),
            expires,
        )

    @property
    def now(self) -> float:
        return self.network.now

    def run(self, seconds: float = 0.05) -> None:
        self.network.run(seconds)
        self.registrant.handle_deadline(self.now)
        for event in self.network.take("phone"):
            assert self.registrant.on_event(event, self.now)
        self.network.run(0)

    def asked(self) -> IncomingRequest:
        """The REGISTER that came."""
        (event,) = self.network.take("registrar")
        assert isinstance(event, RequestReceived)
        assert event.request.method == "REGISTER"
        return event.request

    def answer(self, status: int, *headers: tuple[str, str]) -> IncomingRequest:
        """Answer the REGISTER that has come."""
        request = self.asked()
        request.respond(status, self.now, headers=headers)
        self.run()
        return request


def started(expires: int = 600) -> Desk:
    desk = Desk(expires)
    desk.registrant.start(desk.now)
    desk.run()
    return desk


def test_it_registers_with_the_password_and_tells_once() -> None:
    desk = started()
    first = desk.answer(401, CHALLENGE)
    second = desk.answer(200, ("Expires", "600"))
    assert first.request.headers["Expires"] == second.request.headers["Expires"] == "600"
    assert 'username="100"' in second.request.headers["Authorization"]
    assert "sip:100@192.0.2.1:5060" in second.request.headers["Contact"]
    assert desk.registrant.is_registered(desk.now)
    assert desk.notes.lines == [("registered", {"account": "sip:100@192.0.2.2"})]
    assert desk.registrant.failure == ""


def test_it_refreshes_before_the_end_of_what_was_granted_and_tells_nothing_new() -> None:
    desk = started()
    desk.answer(200, ("Expires", "100"))
    due = desk.registrant.next_deadline()
    assert due is not None
    assert 50 <= due <= 76
    desk.run(due)
    desk.answer(200, ("Expires", "100"))
    assert desk.notes.events == ["registered"]


def test_it_asks_for_as_long_as_the_registrar_wants() -> None:
    desk = started(expires=60)
    desk.answer(423, ("Min-Expires", "1800"))
    assert desk.answer(200).request.headers["Expires"] == "1800"
    assert desk.notes.events == ["registered"]


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (403, "registration refused: 403 Forbidden; check user and password"),
        (404, "registration refused: 404 Not Found; check the user: the registrar does not know it"),
        (500, "registration refused: 500 Server Internal Error"),
    ],
)
def test_a_refusal_of_the_first_try_is_the_end_and_says_what_to_check(status: int, failure: str) -> None:
    desk = started()
    desk.answer(status)
    assert desk.registrant.failure == failure


def test_a_wrong_password_is_the_end() -> None:
    desk = started()
    desk.answer(401, CHALLENGE)
    desk.answer(401, CHALLENGE)
    assert desk.registrant.failure == "registration refused: 401 Unauthorized; check user and password"


def test_silence_is_the_end_after_ten_seconds() -> None:
    desk = Desk()
    desk.network.loss = 1.0
    desk.registrant.start(desk.now)
    assert desk.registrant.next_deadline() == PATIENCE == 10.0
    desk.run(9.9)
    assert desk.registrant.failure == ""
    desk.run(0.1)
    assert desk.registrant.failure.startswith(
        "registration failed: 408 no answer from udp:192.0.2.2:5060 in 10 s; check"
    )


def test_a_refresh_that_fails_is_told_and_tried_again() -> None:
    desk = started()
    desk.answer(200, ("Expires", "100"))
    due = desk.registrant.next_deadline()
    assert due is not None
    desk.run(due - desk.now)
    desk.answer(500)
    assert desk.registrant.failure == ""
    assert desk.notes.events == ["registered", "registration_failed"]
    again = desk.registrant.next_deadline()
    assert again is not None
    assert again - desk.now == pytest.approx(30, abs=1)
    desk.run(again - desk.now)
    desk.answer(200, ("Expires", "100"))
    assert desk.notes.events == ["registered", "registration_failed", "registered"]


def test_at_the_end_it_takes_the_registration_back() -> None:
    desk = started()
    desk.answer(200, ("Expires", "600"))
    desk.registrant.close(desk.now)
    desk.run()
    assert desk.notes.events == ["registered"]
    assert desk.answer(200).request.headers["Expires"] == "0"
    assert desk.registrant.is_closed
    assert desk.notes.events == ["registered", "unregistered"]


def test_what_was_never_registered_is_not_taken_back() -> None:
    desk = started()
    desk.answer(403)
    desk.registrant.close(desk.now)
    desk.run()
    assert desk.registrant.is_closed
    assert desk.network.take("registrar") == []
