"""Offer, answer, and hold from either side."""

import pytest

from playvoice.media import sdp
from playvoice.media.sdp import Codec, Direction, NotAcceptable
from playvoice.simulator.softphone.terms import Terms

CODECS = (Codec.PCMA, Codec.PCMU)


def ends(*, telephone_events: bool = True) -> tuple[Terms, Terms]:
    """Two ends that have agreed."""
    ours = Terms("192.0.2.1", 4000, CODECS, 1, telephone_events=telephone_events)
    theirs = Terms("192.0.2.2", 5000, CODECS, 2)
    ours.accept(theirs.answer(ours.offer()))
    return ours, theirs


def direction(terms: Terms) -> Direction:
    assert terms.negotiated is not None
    return terms.negotiated.direction


def version(body: bytes) -> int:
    return int(sdp.parse(body).version)


def test_both_ends_know_where_to_send_and_how_keys_go() -> None:
    ours, theirs = ends()
    assert ours.negotiated is not None
    assert theirs.negotiated is not None
    assert (ours.negotiated.remote, theirs.negotiated.remote) == (("192.0.2.2", 5000), ("192.0.2.1", 4000))
    assert ours.negotiated.telephone_event == theirs.negotiated.telephone_event == 101


def test_without_telephone_events_neither_end_has_them() -> None:
    ours, theirs = ends(telephone_events=False)
    assert ours.negotiated is not None
    assert theirs.negotiated is not None
    assert ours.negotiated.telephone_event is theirs.negotiated.telephone_event is None


def test_who_holds_sends_only_and_who_is_held_hears_only_until_it_is_taken_up_again() -> None:
    ours, theirs = ends()
    ours.holding = True
    ours.accept(theirs.answer(ours.offer()))
    assert (direction(ours), direction(theirs)) == (Direction.SENDONLY, Direction.RECVONLY)
    assert (ours.is_held, theirs.is_held) == (False, True)
    ours.holding = False
    ours.accept(theirs.answer(ours.offer()))
    assert (direction(ours), direction(theirs), theirs.is_held) == (Direction.SENDRECV, Direction.SENDRECV, False)


def test_an_offer_of_the_far_end_does_not_end_our_hold() -> None:
    ours, theirs = ends()
    ours.holding = True
    ours.accept(theirs.answer(ours.offer()))
    answer = ours.answer(theirs.offer())
    assert sdp.parse(answer).direction(sdp.parse(answer).media[0]) is Direction.SENDONLY
    assert direction(ours) is Direction.SENDONLY


def test_both_may_hold() -> None:
    ours, theirs = ends()
    ours.holding = theirs.holding = True
    ours.accept(theirs.answer(ours.offer()))
    assert (direction(ours), direction(theirs)) == (Direction.INACTIVE, Direction.INACTIVE)
    assert ours.is_held
    assert theirs.is_held


def test_the_version_grows_with_what_changes_and_only_then() -> None:
    ours, _ = ends()
    first = ours.offer()
    same = ours.offer()
    ours.holding = True
    held = ours.offer()
    assert (version(same), version(held)) == (version(first), version(first) + 1)
    assert sdp.parse(held).session_id == sdp.parse(first).session_id


def test_an_offer_that_can_not_be_used_changes_nothing() -> None:
    ours, _ = ends()
    before = ours.negotiated
    with pytest.raises(NotAcceptable):
        ours.answer(b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\n")
    assert ours.negotiated is before


def test_an_answer_to_nothing_is_not_accepted() -> None:
    with pytest.raises(NotAcceptable, match="nothing was offered"):
        Terms("192.0.2.1", 4000, CODECS, 1).accept(b"v=0")
