"""What a soak asks for."""

from itertools import islice

from tests.soak.plan import AGENTS, KINDS, SECOND, URLS, callee_table, draw
from tests.soak.run import WARM_UP

from playvoice.simulator.behaviour import parse


def test_the_same_seed_gives_the_same_requests() -> None:
    assert list(islice(draw(1), 50)) == list(islice(draw(1), 50))
    assert list(islice(draw(1), 50)) != list(islice(draw(2), 50))


def test_every_kind_of_call_and_both_companies_are_asked_for() -> None:
    requests = list(islice(draw(1), 500))
    assert {request.destnumber[-2:] for request in requests} == set(callee_table())
    assert sum(request.company == SECOND for request in requests) == 100
    assert len({request.destnumber for request in requests}) == 500


def test_all_voices_are_had_once_the_server_is_warm() -> None:
    assert {request.url for request in islice(draw(1), WARM_UP) if request.voice == "url"} == set(range(URLS))


def test_simulated_phones_can_do_what_is_asked_of_them() -> None:
    for behaviour in [*AGENTS.values(), *(kind.callee for kind in KINDS.values())]:
        parse(behaviour)
