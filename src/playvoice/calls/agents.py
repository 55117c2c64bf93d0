"""Which agents are free, and whom a group's strategy rings next (API: strategies).

An agent is in at most one call or offer at a time, whichever group or call asks, and however many phones he has.
`ring-all` rings every free member at once, `longest-idle` the one whose last conversation ended longest ago; of those
who had none yet, the first.

Customers who wait for an agent are served in the order in which they began to: who becomes free is offered to the first
of them who has not been refused by him.
"""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from playvoice.calls.ports import Agent, Groups
from playvoice.config import Strategy


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to ring for a group now. Times in seconds."""

    registered: bool
    """Some member has a phone, if only a busy one."""
    agents: tuple[Agent, ...]
    """None if every free member was passed over."""
    ring_time: float
    max_wait: float


Wake = Callable[[str], None]
"""Hears of an agent who is free, and may choose now."""


class Agents:
    """The agents of all groups, who of them is taken, and who waits for one. Times are monotonic seconds."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._taken: set[str] = set()
        self._talked_until: dict[str, float] = {}
        self._waiting: dict[Wake, tuple[str, str]] = {}
        """Who waits, in order, with the company and name of the group."""

    def __repr__(self) -> str:
        return f"<Agents {len(self._taken)} taken, {len(self._waiting)} customers waiting>"

    @property
    def taken(self) -> frozenset[str]:
        """The extensions that ring or talk."""
        return frozenset(self._taken)

    @property
    def customers(self) -> Counter[tuple[str, str]]:
        """How many customers wait for an agent, by company and group."""
        return Counter(self._waiting.values())

    def wait(self, wake: Wake, company_code: str, name: str) -> None:
        """Have `wake` called when a member of this group is free; who waits already keeps his place."""
        self._waiting.setdefault(wake, (company_code, name))

    def leave(self, wake: Wake) -> None:
        """Wait no more."""
        self._waiting.pop(wake, None)

    def choose(self, company_code: str, name: str, passed: Collection[str] = (), wake: Wake | None = None) -> Choice:
        """Take the free members of a group whose turn it is; each is given back when his last leg has ended.

        `passed` are those who refused or did not answer this call since all had their turn. Who waits longer than the
        one with this `wake` chooses first.
        """
        group = self._groups.group(company_code, name)
        if group is None:
            return Choice(registered=False, agents=(), ring_time=0.0, max_wait=0.0)
        agents = [agent for member in group.members if (agent := self._groups.member(member)) is not None]
        for agent in agents:
            self._offer_to_waiting(agent.extension, before=wake)
        free = [agent for agent in agents if agent.extension not in self._taken and agent.extension not in passed]
        if group.strategy is Strategy.LONGEST_IDLE:
            free = sorted(free, key=lambda agent: self._talked_until.get(agent.extension, float("-inf")))[:1]
        self._taken.update(agent.extension for agent in free)
        return Choice(bool(agents), tuple(free), group.ring_time, group.max_wait)

    def give_back(self, extension: str, talked_until: float | None = None) -> None:
        """An agent is free again; `talked_until` says when a conversation ended, if there was one."""
        self._taken.discard(extension)
        if talked_until is not None:
            self._talked_until[extension] = talked_until
        if self._waiting and self._groups.member(extension) is not None:
            self._offer_to_waiting(extension)

    def _offer_to_waiting(self, extension: str, before: Wake | None = None) -> None:
        """Tell those who wait of an agent with a phone, in order, until one of them has taken him."""
        for wake, (company_code, name) in list(self._waiting.items()):
            if wake is before or extension in self._taken:
                return
            group = self._groups.group(company_code, name)
            if group is not None and extension in group.members:
                wake(extension)
