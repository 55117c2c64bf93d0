from playvoice.lines.resolving import Target
from playvoice.lines.targets import Targets, Tried
from playvoice.sip import Flow, Transport

A, B, C = (Target(Transport.UDP, f"192.0.2.{number}", 5060) for number in (1, 2, 3))


def flow(target: Target) -> Flow:
    return Flow(target.transport, (target.host, target.port), ("192.0.2.99", 5060))


def targets() -> Targets:
    known = Targets()
    known.replace([A, B, C])
    return known


def test_addresses_are_tried_in_the_order_of_the_look_up() -> None:
    assert targets().in_order(0.0) == (A, B, C)
    assert Targets().in_order(0.0) == ()


def test_one_that_failed_is_behind_the_others_for_60_s() -> None:
    known = targets()
    known.failed(flow(A), 100.0)
    assert known.in_order(100.0) == known.in_order(159.9) == (B, C, A)
    assert known.in_order(160.0) == (A, B, C)


def test_one_that_wants_to_be_left_alone_is_behind_for_so_long_but_no_more_than_5_minutes() -> None:
    known = targets()
    known.failed(flow(A), 100.0, 90.0)
    assert known.in_order(189.9) == (B, C, A)
    assert known.in_order(190.0) == (A, B, C)
    known.failed(flow(A), 200.0, 10.0)
    assert known.in_order(259.9) == (B, C, A), "a minute at least"
    known.failed(flow(A), 300.0, 86_400.0)
    assert known.in_order(600.0) == (A, B, C)


def test_a_trunk_is_closed_while_all_its_addresses_want_to_be_left_alone() -> None:
    known = targets()
    assert not known.are_closed(0.0)
    assert not Targets().are_closed(0.0), "one that leads nowhere has asked for nothing"
    for target in (A, B, C):
        assert not known.are_closed(100.0)
        known.failed(flow(target), 100.0, 90.0)
    assert known.are_closed(189.9)
    assert not known.are_closed(190.0)
    known.failed(flow(A), 200.0)
    assert not known.are_closed(200.0), "a failure alone asks for nothing"


def test_a_failure_takes_back_nothing_that_was_asked_for() -> None:
    known = targets()
    for target in (A, B, C):
        known.failed(flow(target), 100.0, 90.0)
    known.failed(flow(A), 110.0)
    assert known.are_closed(189.9)
    assert not known.are_closed(190.0)


def test_where_all_have_failed_the_order_is_that_of_the_look_up() -> None:
    known = targets()
    for target in (B, A, C):
        known.failed(flow(target), 100.0)
    assert known.in_order(101.0) == (A, B, C)


def test_an_address_is_silent_after_30_s_without_a_response() -> None:
    known = targets()
    assert known.is_silent(flow(A), 0.0), "it never answered"
    known.heard(flow(A), 0.0)
    assert not known.is_silent(flow(A), 29.9)
    assert known.is_silent(flow(A), 30.0)
    assert known.is_silent(flow(B), 1.0), "each address for itself"


def test_another_look_up_forgets_what_is_gone_and_keeps_what_is_known_of_the_rest() -> None:
    known = targets()
    known.failed(flow(A), 0.0)
    known.failed(flow(B), 0.0)
    known.replace([C, B])
    known.replace([A, B, C])
    assert known.in_order(1.0) == (A, C, B)


def test_an_address_that_is_none_of_the_trunk_s_any_more_changes_nothing() -> None:
    known = targets()
    known.replace([B, C])
    known.failed(flow(A), 0.0)
    known.heard(flow(A), 0.0)
    assert known.in_order(0.0) == (B, C)
    assert known.is_silent(flow(A), 0.0)


def test_what_a_call_has_tried_grows_and_stays_as_it_was_for_who_kept_it() -> None:
    none = Tried()
    one = none.and_address("carrier", flow(A))
    both = one.and_trunk("other")
    assert both == Tried(frozenset({"other"}), frozenset({("carrier", flow(A))}))
    assert none == Tried()
