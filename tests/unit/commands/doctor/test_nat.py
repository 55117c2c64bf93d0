from typing import Any

import pytest
from tests.unit.commands.doctor.world import configuration

from playvoice.commands.doctor.finding import Outcome
from playvoice.commands.doctor.nat import nat
from playvoice.config import Config
from playvoice.lines.resolving import Target
from playvoice.sip import Transport

FAR = Target(Transport.UDP, "8.8.8.8", 5060)
NEAR = Target(Transport.UDP, "10.9.9.9", 5060)
PUBLIC, OTHER = "9.9.9.9", "9.9.9.8"


def config(media: str = "10.0.0.5", **sip: Any) -> Config:
    return configuration(rtp={"address": media}, sip={"listen": [f"udp:{media}:5060"], **sip})


@pytest.mark.parametrize(
    ("settings", "own", "targets", "seen_as", "outcome", "words"),
    [
        (config(PUBLIC), [PUBLIC], [FAR], [], Outcome.OK, "is told to everybody"),
        (config(), ["10.0.0.5"], [NEAR], ["10.0.0.5"], Outcome.OK, "is told to everybody"),
        (config(), ["10.0.0.5"], [], [], Outcome.OK, "is told to everybody"),
        (config(), ["10.0.0.5"], [FAR], [], Outcome.WARNING, "to a trunk in the internet (8.8.8.8)"),
        (config(), ["10.0.0.5"], [FAR], [PUBLIC], Outcome.WARNING, f"trunks see us at {PUBLIC}"),
        (config(external_address=PUBLIC), ["10.0.0.5"], [FAR], [PUBLIC], Outcome.OK, "as external_address says"),
        (config(external_address=PUBLIC), ["10.0.0.5"], [FAR], [OTHER], Outcome.WARNING, f"at {OTHER}, external"),
        (config(external_address=PUBLIC), ["10.0.0.5"], [FAR], [], Outcome.OK, "no trunk said whether"),
        (config(external_address=PUBLIC), [PUBLIC], [FAR], [], Outcome.OK, "this machine's own"),
        (config(external_address="192.168.1.1"), ["10.0.0.5"], [FAR], [], Outcome.WARNING, "is a private address"),
    ],
)
def test_what_far_ends_are_told_is_compared_with_where_they_see_us(
    settings: Config, own: list[str], targets: list[Target], seen_as: list[str], outcome: Outcome, words: str
) -> None:
    found = nat(settings, own, targets, seen_as)
    assert found.outcome is outcome, found
    assert words in found.seen
    assert found.do or outcome is Outcome.OK


def test_the_address_that_a_trunk_saw_is_what_to_write() -> None:
    assert f'external_address = "{PUBLIC}"' in nat(config(), [], [FAR], [PUBLIC]).do


def test_what_is_no_address_was_seen_nowhere() -> None:
    assert nat(config(), [], [NEAR], ["garbage"]).outcome is Outcome.OK
