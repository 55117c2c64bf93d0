import pytest

from playvoice.media.latch import LATCH_AGAIN, STRAGGLERS, Latch

DESCRIBED = ("192.0.2.1", 4000)
BEHIND_NAT = ("192.0.2.1", 61_000)
SIP_HOST = ("198.51.100.7", 52_000)
STRANGER = ("203.0.113.66", 4000)


def described(sip_source: str = "") -> Latch:
    latch = Latch()
    latch.describe(DESCRIBED, sip_source, 0.0)
    return latch


def test_until_a_packet_came_it_sends_where_the_description_says() -> None:
    assert described().target == DESCRIBED


def test_a_stranger_never_latches_and_never_redirects_what_we_send() -> None:
    latch = described()
    assert not latch.admits(STRANGER, 1.0)
    assert latch.target == DESCRIBED
    assert latch.latched is None


def test_the_described_address_settles_at_once() -> None:
    latch = described()
    assert latch.admits(DESCRIBED, 1.0)
    assert latch.settled


def test_another_port_of_the_described_host_latches_and_settles_with_its_third_packet() -> None:
    latch = described()
    settled = []
    for _ in range(3):
        assert latch.admits(BEHIND_NAT, 1.0)
        settled.append(latch.settled)
    assert settled == [False, False, True]
    assert latch.target == BEHIND_NAT


def test_the_described_address_wins_over_another_port_that_came_first() -> None:
    latch = described()
    assert latch.admits(BEHIND_NAT, 1.0)
    assert latch.admits(DESCRIBED, 1.1)
    assert latch.target == DESCRIBED
    assert not latch.admits(BEHIND_NAT, 1.2)


def test_the_host_that_its_sip_came_from_may_send_too() -> None:
    assert not described().admits(SIP_HOST, 1.0)
    latch = described(SIP_HOST[0])
    assert latch.admits(SIP_HOST, 1.0)
    assert latch.target == SIP_HOST


def test_after_five_seconds_without_a_packet_another_source_may_latch_but_we_go_on_sending_to_the_last() -> None:
    latch = described()
    latch.admits(BEHIND_NAT, 1.0)
    assert not latch.has_paused(1.0 + LATCH_AGAIN)
    assert latch.has_paused(1.1 + LATCH_AGAIN)
    latch.release()
    assert latch.target == BEHIND_NAT
    assert latch.admits(("192.0.2.1", 61_002), 8.0)
    assert latch.target == ("192.0.2.1", 61_002)


def test_another_sign_of_life_holds_no_latch() -> None:
    latch = described()
    latch.admits(DESCRIBED, 1.0)
    latch.alive_at = 6.5
    assert latch.has_paused(6.5)


def test_the_hosts_that_rtp_may_come_from_are_known() -> None:
    latch = described()
    assert latch.knows(DESCRIBED[0])
    assert not latch.knows(STRANGER[0])


def test_the_same_description_again_leaves_where_we_send_and_a_new_one_moves_it() -> None:
    latch = described()
    latch.admits(BEHIND_NAT, 1.0)
    latch.describe(DESCRIBED, "", 2.0)
    assert latch.target == BEHIND_NAT
    assert latch.latched is None
    latch.describe(("192.0.2.9", 5000), "", 3.0)
    assert latch.target == ("192.0.2.9", 5000)
    assert not latch.admits(DESCRIBED, 3.1)


def test_a_far_end_without_a_port_is_sent_nothing() -> None:
    latch = Latch()
    latch.describe(("192.0.2.1", 0), "", 0.0)
    assert latch.target is None


MOVED = ("192.0.2.9", 5000)


@pytest.mark.parametrize("heard_before", [False, True])
def test_the_last_packets_from_where_it_was_do_not_lead_back_there(heard_before: bool) -> None:
    latch = described(DESCRIBED[0])
    if heard_before:
        assert latch.admits(DESCRIBED, 1.0)
    latch.describe(MOVED, DESCRIBED[0], 2.0)
    assert latch.admits(DESCRIBED, 2.1), "it was said to us"
    assert (latch.target, latch.latched) == (MOVED, None)
    assert latch.admits(MOVED, 2.2)
    assert not latch.admits(DESCRIBED, 2.3)
    assert latch.target == MOVED


def test_who_goes_on_sending_from_where_it_was_is_there_still() -> None:
    latch = described()
    assert latch.admits(BEHIND_NAT, 1.0)
    latch.describe((DESCRIBED[0], 4002), "", 2.0)
    for _ in range(STRAGGLERS):
        assert latch.admits(BEHIND_NAT, 2.1)
    assert latch.latched is None
    assert latch.admits(BEHIND_NAT, 2.2)
    assert latch.target == latch.latched == BEHIND_NAT
