"""The times that a request and a company may set, at their bounds and defaults: each ends a call at its number."""

from dataclasses import replace

import pytest
from tests.unit.calls.stage import Stage
from tests.unit.calls.stored import owed

from playvoice.sip import CallState

JUST = 0.001
"""Seconds before and after."""


def ends_at(stage: Stage, seconds: float) -> None:
    """The call runs until then, and then it has its record."""
    stage.wait(seconds - JUST)
    assert not [message for message in owed(stage.model.store) if "hangupcause" in message], "it still runs"
    stage.wait(2 * JUST)
    assert owed(stage.model.store)[-1]["hangupcause"]


def set_times(stage: Stage, **times: int) -> None:
    companies = stage.model.house.companies
    companies.by_code["2028"] = replace(companies.by_code["2028"], **times)  # type: ignore[arg-type]


@pytest.mark.parametrize("waittime", [5, 60, 120])
def test_waittime_runs_from_the_first_invite(stage: Stage, waittime: int) -> None:
    stage.ask(waittime=waittime)
    stage.model.ring(stage.customer, 180)
    ends_at(stage, waittime)
    assert stage.record() == (10016, 10040, "", "", waittime, 0)
    assert stage.customer.state is CallState.ENDED, "it was cancelled"


@pytest.mark.parametrize("conntime", [1, 3600, 7200])
def test_conntime_runs_from_the_customers_answer(stage: Stage, conntime: int) -> None:
    stage.answered(conntime=conntime)
    ends_at(stage, conntime)
    assert stage.record() == (10011, 10040, "", "", 3, conntime)
    assert stage.customer.state is CallState.ENDED, "it was hung up"


@pytest.mark.parametrize("key_time", [1, 5, 60])
def test_key_time_runs_from_the_end_of_the_voice(stage: Stage, key_time: int) -> None:
    set_times(stage, key_time=key_time)
    stage.answered()
    stage.wait(4)
    stage.voice_ends()
    ends_at(stage, key_time)
    assert stage.record() == (10001, 10040, "", "", 3, 4 + key_time)


def test_without_key_time_the_end_of_the_voice_is_the_end_of_the_call(stage: Stage) -> None:
    set_times(stage, key_time=0)
    stage.answered()
    stage.wait(4)
    stage.voice_ends()
    stage.wait(JUST)
    assert stage.record() == (10001, 10040, "", "", 3, 4)


@pytest.mark.parametrize("expire_after", [1, 3600])
def test_expire_after_runs_from_the_acceptance(stage: Stage, expire_after: int) -> None:
    set_times(stage, expire_after=expire_after)
    stage.model.house.routes.places = 0
    stage.ask()
    stage.wait(expire_after)
    assert owed(stage.model.store) == []
    stage.wait(1.1)  # the queue is looked at each second here
    assert stage.record() == (10011, 10011, "", "", 0, 0)
    assert stage.model.carrier.calls == []


def test_expire_after_goes_on_while_the_first_invite_waits_to_be_stored(stage: Stage) -> None:
    set_times(stage, expire_after=300)
    stage.model.house.routes.places = 0
    stage.ask()
    stage.model.store.hold()
    stage.model.house.routes.places = 1
    stage.wait(299)
    assert stage.model.house.routes.taken == 1
    stage.wait(1.1)
    assert stage.model.house.routes.taken == 0, "others may have its place"
    stage.model.store_heals()
    assert stage.record() == (10011, 10011, "", "", 0, 0)
    assert stage.model.carrier.calls == []


def test_expire_after_goes_on_over_a_restart(stage: Stage) -> None:
    set_times(stage, expire_after=300)
    stage.model.house.routes.places = stage.model.ways.places = 0
    stage.ask()
    stage.wait(200)
    stage.model.stop(down=99)
    stage.wait(1)
    assert owed(stage.model.store) == []
    stage.wait(1.2)
    assert stage.record() == (10011, 10011, "", "", 0, 0)


def test_time_in_the_queue_is_not_in_the_record(stage: Stage) -> None:
    stage.model.house.routes.places = 0
    stage.ask(waittime=5)
    stage.wait(200)
    stage.model.house.routes.places = 1
    stage.wait(7)
    assert stage.record() == (10016, 10040, "", "", 5, 0)


@pytest.mark.parametrize("how", ["held", "away", "in doubt"])
def test_a_crash_reports_the_start_of_a_call_whose_first_invite_waited_to_be_stored(stage: Stage, how: str) -> None:
    stage.model.house.routes.places = 0
    stage.ask(waittime=60)
    stage.model.store_fails(how)
    stage.model.house.routes.places = 1
    stage.wait(200)
    assert stage.model.carrier.calls == []
    stage.model.store_heals()
    stage.wait(1.1)
    stage.model.ring(stage.customer, 180)
    stage.wait(45)
    stage.model.crash(landed=False, down=0, twice=False)
    (record,) = [message for message in owed(stage.model.store) if "hangupcause" in message]
    assert (record["hangupcause"], record["hangupdirection"]) == (10007, 10007)
    assert record["duration"] in range(25, 48), "it ends at the last heartbeat, one in 20 s here"
