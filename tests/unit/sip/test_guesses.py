from playvoice.sip.guesses import GUESS_TIME, MAX_GUESSES, Guesses


def test_a_user_is_not_looked_at_any_more_from_where_somebody_guesses() -> None:
    guesses = Guesses(most=3, seconds=60.0)
    for second in range(3):
        assert not guesses.are_too_many("alice", "192.0.2.1", float(second))
        guesses.note("alice", "192.0.2.1", float(second))
    assert guesses.are_too_many("alice", "192.0.2.1", 3.0)
    assert not guesses.are_too_many("alice", "192.0.2.2", 3.0), "her own phone is elsewhere"
    assert not guesses.are_too_many("bob", "192.0.2.1", 3.0)


def test_the_time_counts_from_the_first_guess_on() -> None:
    guesses = Guesses(most=2, seconds=60.0)
    guesses.note("alice", "192.0.2.1", 100.0)
    guesses.note("alice", "192.0.2.1", 159.0)
    assert guesses.are_too_many("alice", "192.0.2.1", 159.9)
    assert not guesses.are_too_many("alice", "192.0.2.1", 160.0)
    guesses.note("alice", "192.0.2.1", 160.0)
    assert not guesses.are_too_many("alice", "192.0.2.1", 160.0), "a new minute begins with one guess"


def test_at_the_bound_the_one_that_began_first_is_forgotten() -> None:
    guesses = Guesses(most=1, bound=2)
    for user in ("first", "second", "third"):
        guesses.note(user, "192.0.2.1", 0.0)
    assert len(guesses) == 2
    assert [guesses.are_too_many(user, "192.0.2.1", 1.0) for user in ("first", "second", "third")] == [
        False,
        True,
        True,
    ]


def test_a_minute_of_guesses_is_few() -> None:
    guesses = Guesses()
    looked_at = 0
    for tenth in range(int(GUESS_TIME) * 10):
        if not guesses.are_too_many("alice", "192.0.2.1", tenth / 10):
            looked_at += 1
            guesses.note("alice", "192.0.2.1", tenth / 10)
    assert looked_at == MAX_GUESSES
