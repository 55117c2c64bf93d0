import random

from hypothesis import given
from hypothesis import strategies as st

from playvoice.media.ports import PortPool


def pool(first: int, last: int, seed: int = 1) -> PortPool:
    return PortPool(first, last, random.Random(seed))


def take_all(ports: PortPool) -> list[int]:
    taken = []
    while (port := ports.take()) is not None:
        taken.append(port)
    return taken


@given(st.integers(1, 300), st.integers(0, 40), st.integers(0, 5))
def test_every_port_is_even_has_its_neighbour_in_the_range_and_comes_once(first: int, length: int, seed: int) -> None:
    last = first + length
    ports = pool(first, last, seed)
    size = ports.size
    taken = take_all(ports)
    assert sorted(taken) == [port for port in range(first, last) if port % 2 == 0]
    assert len(taken) == size


def test_the_port_that_has_been_free_longest_comes_first() -> None:
    ports = pool(4000, 4007)
    order = take_all(ports)
    for port in (order[2], order[0], order[3], order[1]):
        ports.give_back(port)
    assert take_all(ports) == [order[2], order[0], order[3], order[1]]


def test_it_begins_at_a_random_place() -> None:
    assert len({pool(4000, 4999, seed).take() for seed in range(20)}) > 10


def test_it_tells_how_many_are_free() -> None:
    ports = pool(4000, 4007)
    ports.take()
    assert len(ports) == 3
    assert repr(ports) == "<PortPool 3 of 4 free>"
    assert pool(4001, 4001).take() is None
