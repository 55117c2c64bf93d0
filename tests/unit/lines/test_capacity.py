import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playvoice.lines.capacity import Capacity, RateLimit


def test_so_many_begin_at_once_and_the_next_a_second_after_the_first() -> None:
    rate = RateLimit(3)
    assert [rate.take(at) for at in (0.0, 0.2, 0.4)] == [True, True, True]
    assert not rate.take(0.5)
    assert rate.next_free(0.5) == 1.0
    assert rate.take(1.0)
    assert rate.next_free(1.0) == 1.2


def test_below_one_a_second_the_next_is_free_after_the_interval() -> None:
    rate = RateLimit(0.25)
    assert rate.take(10.0)
    assert rate.next_free(11.0) == 14.0
    assert not rate.take(13.9)
    assert rate.take(14.0)


def test_a_pause_saves_nothing_up() -> None:
    rate = RateLimit(2)
    assert [rate.take(100.0) for _ in range(3)] == [True, True, False]


def test_a_trunk_without_a_place_says_which_of_its_limits_it_is() -> None:
    capacity = Capacity(2, 1.0)
    assert capacity.obstacle(0.0) == ""
    capacity.take(0.0)
    assert capacity.obstacle(0.5) == "begins no more than 1 calls in a second (calls_per_second)"
    capacity.take(1.0)
    assert capacity.obstacle(2.0) == "has all of its 2 calls (max_calls)"


@settings(max_examples=60)
@given(
    st.sampled_from([0.5, 1.0, 2.0, 5.0, 7.5]),
    st.lists(st.floats(0, 0.7, allow_subnormal=False), max_size=60),
)
def test_in_no_second_more_begin_than_allowed(limit: float, pauses: list[float]) -> None:
    rate, now, taken = RateLimit(limit), 0.0, []
    for pause in pauses:
        now += pause
        if rate.take(now):
            taken.append(now)
    for begin in taken:
        assert sum(begin <= at < begin + 1.0 - 1e-6 for at in taken) <= max(1.0, limit + 1.0 * (limit % 1 > 0))


def test_a_call_holds_its_place_until_it_is_given_back() -> None:
    capacity = Capacity(2, 100)
    assert capacity.take(0.0)
    assert capacity.take(0.0)
    assert not capacity.take(5.0)
    capacity.give_back()
    assert capacity.take(5.0)
    assert repr(capacity) == "<Capacity 2 of 2 calls>"


def test_an_invite_more_takes_no_place_and_holds_up_the_calls_that_follow() -> None:
    capacity = Capacity(10, 2)
    assert capacity.take(0.0)
    assert capacity.take(0.1)
    capacity.begin_again(0.2)
    assert capacity.calls == 2
    assert not capacity.take(1.0)
    assert capacity.take(1.1)
    assert not capacity.take(1.1)
    assert capacity.take(1.2)


def test_a_refusal_for_places_uses_up_none_of_the_rate() -> None:
    capacity = Capacity(1, 2)
    assert capacity.take(0.0)
    assert not capacity.take(0.0)
    capacity.give_back()
    assert capacity.take(0.0)
    capacity.give_back()
    assert not capacity.take(0.9)
    assert capacity.take(1.0)


def test_giving_back_more_than_was_taken_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(RuntimeError):
        Capacity(1, 1).give_back()


def test_a_lower_limit_leaves_running_calls_alone_and_another_rate_starts_anew() -> None:
    capacity = Capacity(3, 1)
    assert capacity.take(0.0)
    capacity.limit(1, 1)
    assert not capacity.take(1.0)
    capacity.limit(2, 1)
    assert not capacity.take(0.5)
    capacity.limit(2, 10)
    assert capacity.take(0.5)
