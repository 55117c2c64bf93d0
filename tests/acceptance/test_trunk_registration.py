"""Two real servers: the registrar of one is the carrier's registrar for the other, whose trunk wants a registration."""

import re
from pathlib import Path

import pytest
from tests.acceptance.asking import place, voices_in
from tests.acceptance.sipp_world import PASSWORD, USERNAME, sipp_world
from tests.waiting import wait_until

from playvoice.codes import HangupCause as Cause
from playvoice.simulator.world import Cast, World

ACCOUNT = "20280077"


def wait_for_line(world: World, pattern: str) -> str:
    """The first line of the server's log that has this in it."""
    log = world.directory / "server.log"

    def found() -> str | None:
        return next((line for line in log.read_text(errors="replace").splitlines() if re.search(pattern, line)), None)

    return wait_until(found, lambda: f"{pattern} in {log.read_text(errors='replace')[-2000:]}")


def test_a_server_registers_with_its_carrier_dials_over_it_and_signs_off_at_its_end(tmp_path: Path) -> None:
    voices = voices_in(tmp_path)
    nobody = "sip:127.0.0.2"  # a trunk of the carrier's own, which is not us
    carrier_cast = Cast(
        carrier=nobody, extensions={ACCOUNT: PASSWORD}, registered=False, setting={"trunk": {"keepalive": 0}}
    )
    with World(tmp_path / "carrier", voices, carrier_cast) as carrier:
        host, port = carrier.sip()
        account = {"register": True, "username": ACCOUNT, "password": PASSWORD, "keepalive": 0}
        cast = Cast(carrier=f"sip:{host}:{port}", registered=False, setting={"trunk": account})
        with World(tmp_path / "ours", voices, cast) as ours:
            wait_for_line(ours, r"\btrunk_registered\b")
            line = wait_for_line(carrier, r"\bregistration_added\b")
            assert f"{ACCOUNT}@{ours.sip()[0]}:{ours.sip()[1]}" in line
            uuid = place(ours.client(), "13333330001", waittime="5")
            record = ours.receiver.wait_for("callback", 15, path="/cdr")["payload"]
            # A registrar answers INVITEs only to those who are registered, and with 403: it dropped a stranger's.
            assert (record["uuid"], record["hangupcause"]) == (uuid, Cause.FORBIDDEN)
            assert ours.server.stop() == 0
            line = wait_for_line(carrier, r"\bregistration_removed\b")
            assert ACCOUNT in line


@pytest.mark.peer("sipp")
def test_a_registrar_that_takes_longer_registrations_only_gets_one(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with sipp_world(tmp_path_factory.mktemp("world"), "udp", registered=False, trunk={"register": True}) as world:
        with world.carrier("registrar", tmp_path, username=USERNAME, password=PASSWORD) as sipp:
            sipp.finish()
        wait_for_line(world.world, r"\btrunk_registered\b")
    assert sipp.sent(200, "REGISTER"), "SIPp's verifyauth found the credentials right"
    assert [each.header("Expires") for each in sipp.received("REGISTER")][-3:] == ["3600", "3600", "7200"]
