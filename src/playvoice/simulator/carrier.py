"""The simulated carrier: takes every INVITE and lets the dialled number decide what becomes of it."""

from collections.abc import Sequence

from playvoice.simulator.behaviour import Behaviours
from playvoice.simulator.journal import Journal
from playvoice.simulator.phone import PhoneOptions, Phones, listen
from playvoice.sip import Event, SipEndpoint, UserAgent

Listen = tuple[str, str, int]


class Carrier:
    """One process's carrier; OPTIONS is answered, so that it counts as up."""

    def __init__(
        self, journal: Journal, listen: Sequence[Listen], behaviours: Behaviours, options: PhoneOptions
    ) -> None:
        self.phones = Phones(journal, options, behaviours.of)
        self._journal = journal
        self._endpoint = SipEndpoint(UserAgent(name="PlayVoice simulated carrier"), listen, self._on_event)
        self.phones.attach(self._endpoint)

    async def start(self) -> None:
        await listen(self._endpoint)
        self._journal.write(
            "ready", sip=[f"{flow.transport}:{flow.local[0]}:{flow.local[1]}" for flow in self._endpoint.addresses]
        )

    def command(self, command: dict[str, object]) -> None:
        self.phones.command(command)

    async def close(self) -> None:
        self.phones.close()
        await self._endpoint.close()

    def _on_event(self, event: Event) -> None:
        self.phones.on_event(event)
