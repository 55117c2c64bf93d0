"""Who is rung: free members who have a phone, each by one call at a time."""

import pytest
from tests.unit.calls.rooms import Groups

from playvoice.calls.agents import Agents, Choice
from playvoice.config import Strategy


@pytest.fixture
def groups() -> Groups:
    return Groups({"sales": ("20280003", "20280004"), "support": ("20280004", "20280005")})


def extensions(choice: Choice) -> list[str]:
    return [agent.extension for agent in choice.agents]


def test_all_free_members_are_chosen_with_the_times_of_their_group(groups: Groups) -> None:
    choice = Agents(groups).choose("2028", "sales")
    assert extensions(choice) == ["20280003", "20280004"]
    assert (choice.registered, choice.ring_time, choice.max_wait) == (True, 20, 60)


def test_an_agent_is_in_one_offer_at_a_time_whichever_group_asks(groups: Groups) -> None:
    agents = Agents(groups)
    agents.choose("2028", "sales")
    assert extensions(agents.choose("2028", "support")) == ["20280005"]
    assert repr(agents) == "<Agents 3 taken, 0 customers waiting>"


def test_who_is_given_back_can_be_chosen_again(groups: Groups) -> None:
    agents = Agents(groups)
    agents.choose("2028", "sales")
    agents.give_back("20280004")
    assert extensions(agents.choose("2028", "sales")) == ["20280004"]


def test_a_group_whose_members_are_all_busy_has_phones_but_nobody_to_ring(groups: Groups) -> None:
    agents = Agents(groups)
    agents.choose("2028", "sales")
    again = agents.choose("2028", "sales")
    assert (again.registered, again.agents) == (True, ())


def test_a_member_without_a_phone_is_passed_over_and_not_taken(groups: Groups) -> None:
    groups.registered = {"20280004"}
    agents = Agents(groups)
    assert extensions(agents.choose("2028", "sales")) == ["20280004"]
    groups.registered.add("20280003")
    assert extensions(agents.choose("2028", "sales")) == ["20280003"]


def test_a_group_without_a_phone_is_not_registered(groups: Groups) -> None:
    groups.registered = set()
    choice = Agents(groups).choose("2028", "sales")
    assert (choice.registered, choice.agents) == (False, ())


def test_a_group_that_is_gone_meanwhile_is_one_without_a_phone(groups: Groups) -> None:
    choice = Agents(groups).choose("2028", "closed")
    assert (choice.registered, choice.agents) == (False, ())


def test_longest_idle_rings_one_after_the_other_beginning_with_the_first(groups: Groups) -> None:
    groups.strategy = Strategy.LONGEST_IDLE
    agents = Agents(groups)
    assert extensions(agents.choose("2028", "sales")) == ["20280003"]
    agents.give_back("20280003")
    assert extensions(agents.choose("2028", "sales", {"20280003"})) == ["20280004"]
    agents.give_back("20280004")
    assert extensions(agents.choose("2028", "sales", {"20280003", "20280004"})) == []


def test_longest_idle_is_whose_conversation_ended_first_and_an_unanswered_offer_does_not_count(groups: Groups) -> None:
    groups.strategy = Strategy.LONGEST_IDLE
    agents = Agents(groups)
    for talked_until in (100.0, 200.0):
        for _ in range(2):
            (extension,) = extensions(agents.choose("2028", "sales"))
            agents.give_back(extension, talked_until + int(extension) % 10)
    assert extensions(agents.choose("2028", "sales")) == ["20280003"]
    agents.give_back("20280003")
    assert extensions(agents.choose("2028", "sales")) == ["20280003"]


def test_ring_all_passes_over_who_had_a_turn(groups: Groups) -> None:
    agents = Agents(groups)
    assert extensions(agents.choose("2028", "sales", {"20280003"})) == ["20280004"]
