"""Which agents are free: an agent is in at most one call or offer at a time, whichever group or call asks."""

from dataclasses import dataclass

from playvoice.calls.ports import Groups, Phone


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to ring for a group now. Times in seconds."""

    registered: bool
    """Some member has a phone, if only a busy one."""
    phones: tuple[Phone, ...]
    """The phones of free members: all of them, as `ring-all` wants it."""
    ring_time: float
    max_wait: float


class Agents:
    """The agents of all groups, and who of them is taken."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._taken: set[str] = set()

    def __repr__(self) -> str:
        return f"<Agents {len(self._taken)} taken>"

    def choose(self, company_code: str, name: str) -> Choice:
        """Take the free members of a group that have a phone; each is given back when its leg has ended."""
        group = self._groups.group(company_code, name)
        if group is None:
            return Choice(registered=False, phones=(), ring_time=0.0, max_wait=0.0)
        phones = [phone for member in group.members if (phone := self._groups.phone(member)) is not None]
        free = tuple(phone for phone in phones if phone.extension not in self._taken)
        self._taken.update(phone.extension for phone in free)
        return Choice(bool(phones), free, group.ring_time, group.max_wait)

    def give_back(self, extension: str) -> None:
        self._taken.discard(extension)
