"""A real server among registrars that refuse it, each in another way: what it tells, and when it asks again."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.asking import place, voices_in
from tests.acceptance.odd_registrar import PASSWORD, RETRY_AFTER, Account, OddRegistrar
from tests.acceptance.terminal import run
from tests.acceptance.watching import figure, get
from tests.waiting import wait_until

from playvoice.codes import HangupCause as Cause
from playvoice.simulator.world import Cast, World

TOLD = {
    Account.FORBIDDEN: (403, 30),
    Account.BUSY: (503, RETRY_AFTER),
    Account.LONGER: (423, 30),
    Account.TOO_LONG: (423, 30),
    Account.ASKED: (401, 30),
    Account.STALE: (401, 30),
}
"""The status that the log tells, and after how many seconds it is tried again."""
REQUESTS = {
    Account.FORBIDDEN: 1,
    Account.BUSY: 1,
    Account.LONGER: 6,
    Account.TOO_LONG: 1,
    Account.ASKED: 2,
    Account.STALE: 4,
}
"""Of one try: what asks for ever is left, and a wrong password is sent once."""


@pytest.fixture
def registrar() -> Iterator[OddRegistrar]:
    with OddRegistrar() as made:
        yield made


def trunk(account: Account, registrar: OddRegistrar) -> dict[str, Any]:
    return {
        "name": account.value,
        "address": registrar.uri,
        "register": True,
        "username": account.value,
        "password": "wrong",
        "from_user": account.value,
        "keepalive": 0,
    }


def call(world: World, number: str) -> tuple[Cause, str]:
    """The cause of a call, and the trunk that its INVITE went out over."""
    uuid = place(world.client(), number, waittime="5")
    record = world.receiver.wait_for("callback", 15, lambda line: line["payload"]["uuid"] == uuid, path="/cdr")
    (tried,) = re.findall(rf"invite_sent .*trunk=(\S+) uuid={uuid}", log(world))
    return Cause(record["payload"]["hangupcause"]), tried


def log(world: World) -> str:
    return (world.directory / "server.log").read_text()


def test_each_refusal_is_told_with_the_time_of_the_next_try_and_a_corrected_password_mends_its_trunk_at_once(
    tmp_path: Path, registrar: OddRegistrar
) -> None:
    first, *others = (trunk(account, registrar) for account in Account)
    cast = Cast(carrier=registrar.uri, registered=False, setting={"trunk": first, "more_trunks": others})
    with World(tmp_path / "world", voices_in(tmp_path), cast) as world:
        failed = r"trunk_registration_failed +again_in=(\d+) reason=.* status=(\d+) trunk=(\S+)"
        wait_until(lambda: len(re.findall(failed, log(world))) == len(Account), "each is told")
        told = {Account(name): (int(status), int(again)) for again, status, name in re.findall(failed, log(world))}
        assert told == TOLD
        status, ready = get(world, "/readyz")
        assert (status, [each["part"] for each in json.loads(ready)["reasons"]]) == (503, ["trunks"])
        assert call(world, "13333330001") == (Cause.BUSY, Account.FORBIDDEN), (
            "where none is registered the first is tried"
        )

        world.config.write_text(
            re.sub(
                rf'(?s)(username = "{Account.ASKED}".*?password = )"wrong"',
                rf'\1"{PASSWORD}"',
                world.config.read_text(),
            )
        )
        assert run("reload", "--config", str(world.config), cwd=world.directory)[0] == 0
        wait_until(lambda: f"trunk_registered               trunk={Account.ASKED}" in log(world), "it is registered")
        assert get(world, "/readyz")[0] == 200
        assert figure(world, "playvoice_trunk_registered", trunk=Account.ASKED) == 1
        assert call(world, "13333330002") == (Cause.BUSY, Account.ASKED), "it goes before those that are not registered"
        asked = {account: len(registrar.registers[account]) for account in Account}
        assert asked == REQUESTS | {Account.ASKED: 4}, "the others were not asked again meanwhile"
    assert len(re.findall(failed, log(world))) == len(Account)
