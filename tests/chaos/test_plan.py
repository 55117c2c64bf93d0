"""The plan is the seed's."""

from itertools import islice

from tests.chaos.plan import CALLEES, LONGEST, OUTAGE, SHORTEST, Kind, callee_table, draw, draw_kinds


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert draw(5, 1) == draw(5, 1)
    assert draw(5, 1) != draw(5, 2)


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    assert draw(5, 1)[:3] == draw(3, 1)


def test_no_two_requests_are_for_the_same_number_and_the_number_tells_the_callees_kind() -> None:
    requests = [request for round_ in draw(20, 1) for request in round_.requests]
    assert len({request.destnumber for request in requests}) == len(requests)
    for request in requests:
        assert callee_table()[request.destnumber[-1]] == CALLEES[request.kind]


def test_each_round_has_requests_before_around_and_after_its_kill_and_about_half_have_a_key() -> None:
    rounds = draw(20, 1)
    for round_ in rounds:
        lasting = OUTAGE if round_.kind is Kind.MAIN else 0.0
        assert SHORTEST <= round_.kill_at - lasting <= LONGEST
        assert round_.before < round_.kill_at
        times = [request.at for request in round_.requests]
        assert times == sorted(times)
        assert times[0] < round_.kill_at < times[-1]
        assert any(abs(time - round_.kill_at) < 0.03 for time in times)
    keys = [bool(request.key) for round_ in rounds for request in round_.requests]
    assert 0.35 < sum(keys) / len(keys) < 0.65


def test_three_rounds_have_all_kinds_of_callees() -> None:
    assert {request.kind for round_ in draw(3, 1) for request in round_.requests} == set(CALLEES)


def test_as_many_rounds_as_there_are_kinds_have_each_kind_once_in_an_order_of_the_seeds() -> None:
    kinds = list(islice(draw_kinds(1), 3 * len(Kind)))
    turns = [kinds[first : first + len(Kind)] for first in range(0, len(kinds), len(Kind))]
    assert all(set(turn) == set(Kind) for turn in turns)
    assert turns[0] != turns[1]
    assert turns[0] != list(islice(draw_kinds(2), len(Kind)))
