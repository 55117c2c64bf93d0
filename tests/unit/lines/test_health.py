from playvoice.lines.health import Health, State


def started(keepalive: float = 30.0) -> Health:
    health = Health(keepalive)
    health.start(0.0)
    return health


def state_of(health: Health) -> State:
    return health.state


def times_of_options(health: Health, until: float) -> list[float]:
    times = []
    while (deadline := health.next_deadline()) is not None and deadline <= until:
        if health.handle_deadline(deadline) is not None:
            times.append(deadline)
    return times


def test_options_go_out_at_once_and_then_at_each_interval() -> None:
    assert times_of_options(started(), 95.0) == [0.0, 30.0, 60.0, 90.0]


def test_nothing_is_sent_before_its_time() -> None:
    health = started()
    assert health.handle_deadline(0.0) == 1
    assert health.handle_deadline(29.9) is None
    assert health.handle_deadline(30.0) == 2


def test_any_response_means_up() -> None:
    health = started()
    health.handle_deadline(0.0)
    assert state_of(health) is State.UNKNOWN
    health.answered()
    assert state_of(health) is State.UP


def test_three_misses_bring_a_trunk_down_that_has_answered_before() -> None:
    health = started()
    health.handle_deadline(0.0)
    health.answered()
    health.handle_deadline(30.0)
    for due, state in ((60.0, State.UP), (90.0, State.UP), (120.0, State.DOWN)):
        health.handle_deadline(due)
        assert state_of(health) is state, due
    assert repr(health) == "<Health DOWN misses=3>"


def test_a_response_between_misses_starts_the_count_anew() -> None:
    health = started()
    health.answered()
    times_of_options(health, 60.0)
    health.answered()
    times_of_options(health, 150.0)
    assert state_of(health) is State.UP
    times_of_options(health, 180.0)
    assert state_of(health) is State.DOWN


def test_silence_says_nothing_about_a_trunk_that_never_answered() -> None:
    health = started()
    times_of_options(health, 600.0)
    assert state_of(health) is State.UNKNOWN


def test_a_down_trunk_is_asked_on_and_comes_up_with_its_first_response() -> None:
    health = started()
    health.answered()
    times_of_options(health, 120.0)
    assert state_of(health) is State.DOWN
    assert times_of_options(health, 180.0) == [150.0, 180.0]
    health.answered()
    assert state_of(health) is State.UP


def test_what_can_not_be_sent_is_a_miss_at_once_and_only_one() -> None:
    health = started()
    health.answered()
    for due in (0.0, 30.0, 60.0):
        number = health.handle_deadline(due)
        assert number is not None
        health.failed(number)
        health.failed(number)
    assert state_of(health) is State.DOWN


def test_a_late_failure_of_an_earlier_options_does_not_count_twice() -> None:
    health = started()
    health.answered()
    first = health.handle_deadline(0.0)
    assert first is not None
    health.handle_deadline(30.0)
    health.failed(first)
    assert repr(health) == "<Health UP misses=1>"


def test_a_keepalive_of_0_sends_nothing() -> None:
    health = started(0)
    assert health.next_deadline() is None
    assert health.handle_deadline(1000.0) is None


def test_another_keepalive_counts_from_now() -> None:
    health = started()
    health.handle_deadline(0.0)
    health.set_keepalive(5, 10.0)
    assert times_of_options(health, 20.0) == [10.0, 15.0, 20.0]
    health.set_keepalive(0, 21.0)
    assert health.next_deadline() is None
