"""Challenges to the requests of a call that we made: RFC 3261 section 22, as proxies and carriers set them."""

import re

import pytest
from sipmessage import Request
from tests.unit.sip.carrier import CONTACT, Line

from playvoice.sip import CallEnded, CallState, Challenged, Credentials, SessionRefused
from playvoice.sip.digest import MAX_ATTEMPTS, Answer

TRUNK = Credentials("trunk", "secret")


def proxy(nonce: str, *, stale: bool = False) -> tuple[str, str]:
    return "Proxy-Authenticate", f'Digest realm="carrier", nonce="{nonce}", qop="auth"{", stale=true" * stale}'


def server(nonce: str) -> tuple[str, str]:
    return "WWW-Authenticate", f'Digest realm="callee", nonce="{nonce}", qop="auth", algorithm=SHA-256'


def answers(request: Request) -> list[Answer]:
    """The credentials of a request, each of which is right for it."""
    values = [*request.headers.getlist("Proxy-Authorization"), *request.headers.getlist("Authorization")]
    found = [Answer.parse(value) for value in values]
    for answer in found:
        assert answer.uri == str(request.uri)
        assert answer.response == answer.expected_response(request.method, TRUNK.password)
    return found


def given(request: Request) -> list[tuple[str, int | None]]:
    """Nonce and count of each of a request's credentials."""
    return [(answer.nonce, answer.count) for answer in answers(request)]


def talking(credentials: Credentials | None = TRUNK) -> Line:
    line = Line(credentials)
    line.answer(line.invite())
    line.events()
    return line


def challenged() -> Line:
    """A call whose INVITE was challenged, and rings now."""
    line = Line(TRUNK)
    line.carrier.respond(line.invite(), 407, headers=(proxy("n1"),))
    line.run()
    assert line.call.authorize()
    line.invite()
    return line


def test_a_bye_is_sent_again_with_the_next_number_and_credentials_though_the_invite_was_not_challenged() -> None:
    line = talking()
    line.carrier.then("BYE", 407, headers=(proxy("n1"),))
    line.carrier.then("BYE", 200)
    line.call.bye(line.now)
    line.run()
    first, second = line.requests("BYE")
    assert (given(first), given(second)) == ([], [("n1", 1)])
    assert [bye.cseq.sequence for bye in (first, second)] == [2, 3]
    assert first.headers["Via"] != second.headers["Via"], "a new transaction"
    assert line.events() == [CallEnded(line.call)]


def test_ack_and_bye_of_a_challenged_call_have_its_credentials_and_a_new_nonce_is_taken() -> None:
    line = challenged()
    second = line.requests("INVITE")[-1]
    line.answer(second)
    (refused, ack) = line.requests("ACK")
    assert given(refused) == []
    assert ack.headers["Proxy-Authorization"] == second.headers["Proxy-Authorization"], "an ACK can't be challenged"
    line.carrier.then("BYE", 407, headers=(proxy("n2"),))
    line.carrier.then("BYE", 200)
    line.call.bye(line.now)
    line.run()
    assert [given(bye) for bye in line.requests("BYE")] == [[("n1", 2)], [("n2", 1)]], "the count rises, or begins"
    assert line.call.state is CallState.ENDED


def test_several_challenges_of_one_response_are_all_answered() -> None:
    line = talking()
    line.carrier.then("BYE", 401, headers=(proxy("p1"), server("s1")))
    line.carrier.then("BYE", 200)
    line.call.bye(line.now)
    line.run()
    assert given(line.requests("BYE")[-1]) == [("p1", 1), ("s1", 1)]


def test_a_proxy_and_the_far_end_behind_it_are_answered_one_after_the_other() -> None:
    line = talking()
    line.carrier.then("BYE", 407, headers=(proxy("p1"),))
    line.carrier.then("BYE", 401, headers=(server("s1"),))
    line.carrier.then("BYE", 200)
    line.call.bye(line.now)
    line.run()
    assert given(line.requests("BYE")[-1]) == [("p1", 2), ("s1", 1)]


def test_a_bye_whose_credentials_are_refused_ends_the_call_all_the_same() -> None:
    line = talking()
    for nonce in ("n1", "n2"):
        line.carrier.then("BYE", 407, headers=(proxy(nonce),))
    line.call.bye(line.now)
    line.run()
    assert len(line.requests("BYE")) == 2, "the same secret would be refused again"
    assert line.events() == [CallEnded(line.call)]


def test_a_proxy_for_which_every_nonce_is_stale_is_answered_so_often_and_no_more() -> None:
    line = talking()
    for number in range(MAX_ATTEMPTS + 5):
        line.carrier.then("BYE", 407, headers=(proxy(f"n{number}", stale=True),))
    line.call.bye(line.now)
    line.run()
    assert len(line.requests("BYE")) == 1 + MAX_ATTEMPTS
    assert line.events() == [CallEnded(line.call)]


def test_a_fork_that_is_hung_up_on_may_be_challenged_and_the_call_itself_later_too() -> None:
    line = talking()
    for nonce in ("n1", "n2"):
        line.carrier.then("BYE", 407, headers=(proxy(nonce),))
        line.carrier.then("BYE", 200)
    line.carrier.respond(line.requests("INVITE")[0], 200, tag="fork", body=b"other")
    line.run()
    line.call.bye(line.now)
    line.run()
    assert [given(bye) for bye in line.requests("BYE")] == [[], [("n1", 1)], [("n1", 2)], [("n2", 1)]]
    assert line.events() == [CallEnded(line.call)]


def test_without_credentials_a_challenge_to_bye_ends_the_call() -> None:
    line = talking(None)
    line.carrier.then("BYE", 407, headers=(proxy("n1"),))
    line.call.bye(line.now)
    line.run()
    assert len(line.requests("BYE")) == 1
    assert line.events() == [CallEnded(line.call)]


def test_without_credentials_a_challenge_to_the_invite_is_told_and_cannot_be_answered() -> None:
    line = Line()
    line.carrier.respond(line.invite(), 407, headers=(proxy("n1"),))
    line.run()
    assert [type(event) for event in line.events()] == [Challenged]
    assert not line.call.authorize()


def test_a_carrier_that_rings_and_challenges_again_and_again_gets_so_many_invites_and_no_more() -> None:
    line = Line(TRUNK)
    invite, tried = line.invite(), 1
    while True:
        assert tried < 20, "there is no end to it"
        line.carrier.respond(invite, 183)
        line.carrier.respond(invite, 407, headers=(proxy(f"n{tried}"),))
        line.run()
        if not line.call.authorize():
            break
        invite, tried = line.invite(), tried + 1
    assert tried == 1 + MAX_ATTEMPTS


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_each_offer_inside_a_call_may_be_challenged_with_a_nonce_of_its_own(method: str) -> None:
    line = talking()
    for number in range(MAX_ATTEMPTS + 2):
        before = len(line.requests(method))
        line.carrier.then(method, 407, headers=(proxy(f"n{number}"),))
        line.carrier.then(method, 200, headers=(CONTACT,), body=b"answer")
        assert line.call.session.offer(line.now, b"offer", method)
        line.run()
        again = line.requests(method)[-1]
        assert len(line.requests(method)) == before + 2
        assert given(again)[-1] == (f"n{number}", 1)
    if method == "INVITE":
        assert line.requests("ACK")[-1].headers["Proxy-Authorization"] == again.headers["Proxy-Authorization"]
        assert line.requests("ACK")[-1].cseq.sequence == again.cseq.sequence


def test_an_offer_whose_credentials_are_refused_leaves_the_session_as_it_was() -> None:
    line = talking()
    for nonce in ("n1", "n2"):
        line.carrier.then("UPDATE", 401, headers=(server(nonce),))
    line.call.session.offer(line.now, b"offer", "UPDATE")
    line.run()
    assert line.events() == [SessionRefused(line.call, 401)]
    assert line.call.state is CallState.CONFIRMED


def test_a_prack_is_sent_again_with_credentials_and_what_follows_has_later_numbers() -> None:
    line = challenged()
    line.carrier.then("PRACK", 407, headers=(proxy("n2"),))
    line.carrier.then("PRACK", 200)
    invite = line.requests("INVITE")[-1]
    line.carrier.respond(invite, 183, headers=(CONTACT, ("Require", "100rel"), ("RSeq", "1")))
    line.run()
    first, second = line.requests("PRACK")
    assert [given(first), given(second)] == [[("n1", 2)], [("n2", 1)]]
    assert first.headers["RAck"] == second.headers["RAck"] == "1 2 INVITE"
    assert [prack.cseq.sequence for prack in (first, second)] == [3, 4]
    line.answer(invite)
    line.call.bye(line.now)
    line.run()
    assert line.requests("BYE")[0].cseq.sequence == 5


def test_a_prack_that_goes_on_being_challenged_is_left_to_the_invite() -> None:
    line = challenged()
    for nonce in ("n2", "n3", "n4"):
        line.carrier.then("PRACK", 407, headers=(proxy(nonce),))
    line.carrier.respond(line.requests("INVITE")[-1], 183, headers=(CONTACT, ("Require", "100rel"), ("RSeq", "1")))
    line.run()
    assert len(line.requests("PRACK")) == 2
    assert line.call.state is CallState.EARLY


def test_no_credentials_go_where_nobody_asked_for_them() -> None:
    line = talking()
    line.call.bye(line.now)
    line.run()
    assert not [each for each in line.carrier.got if re.search(rb"^(Proxy-)?Authorization:", bytes(each), re.MULTILINE)]
