"""Each figure says what its room says, at the moment of the look."""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.core import Metric
from tests.unit.monitoring.conftest import CARRIER, Account, Rooms

from playvoice.callbacks.manage import Backlog
from playvoice.calls.script import State
from playvoice.lines.trunks import TrunkView
from playvoice.monitoring.families import STATES, families
from playvoice.monitoring.ports import Watched
from playvoice.monitoring.readiness import PARTS
from playvoice.monitoring.storage import Space, Stored

AT = datetime(2026, 1, 2, tzinfo=UTC)
NOTHING = Stored(None, {})


def look(watched: Watched, stored: Stored | None = NOTHING, missing: Collection[str] = ()) -> Iterator[Metric]:
    return families(watched, stored, {"data": Space(10, 100)}, missing, now=0.0, at=AT)


def samples(watched: Watched, stored: Stored | None = NOTHING, missing: Collection[str] = ()) -> dict[str, float]:
    """Every sample as it stands in a page: name{label="value"}."""
    found = {}
    for metric in look(watched, stored, missing):
        for sample in metric.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            found[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return found


def test_every_state_of_a_running_call_is_told_if_nobody_is_in_it_too(watched: Watched, rooms: Rooms) -> None:
    assert {state.name.lower() for state in State} - {"initial", "ended"} | {"ringing"} == set(STATES)
    rooms.running = {"talking": 2, "ended": 1}
    told = samples(watched)
    assert [told[f'playvoice_calls{{state="{state}"}}'] for state in (*STATES, "ended")] == [0, 0, 0, 0, 0, 2, 1]


def test_what_waits_is_told_with_the_age_of_the_oldest(watched: Watched, rooms: Rooms) -> None:
    rooms.waiting = {"2028": 7}
    told = samples(watched, Stored(AT - timedelta(seconds=90), {}))
    assert told['playvoice_calls_waiting{company="2028"}'] == 7
    assert told["playvoice_calls_waiting_oldest_seconds"] == 90
    assert samples(watched)["playvoice_calls_waiting_oldest_seconds"] == 0


def test_a_clock_that_was_set_back_makes_no_negative_age(watched: Watched) -> None:
    told = samples(watched, Stored(AT + timedelta(hours=1), {}))
    assert told["playvoice_calls_waiting_oldest_seconds"] == 0


def test_trunks_tell_only_what_is_known_and_wanted(watched: Watched, rooms: Rooms) -> None:
    rooms.trunks = [CARRIER, TrunkView("other", 0, 5, "unknown", None, False, [], 0, 0)]
    told = samples(watched)
    assert {name: value for name, value in told.items() if "carrier" in name} == {
        'playvoice_trunk_calls{trunk="carrier"}': 3,
        'playvoice_trunk_max_calls{trunk="carrier"}': 30,
        'playvoice_trunk_usable{trunk="carrier"}': 1,
        'playvoice_trunk_up{trunk="carrier"}': 1,
        'playvoice_trunk_registered{trunk="carrier"}': 1,
        'playvoice_trunk_calls_begun_total{trunk="carrier"}': 17,
        'playvoice_trunk_failures_total{trunk="carrier"}': 2,
    }
    assert told['playvoice_trunk_usable{trunk="other"}'] == 0
    assert 'playvoice_trunk_up{trunk="other"}' not in told
    assert 'playvoice_trunk_registered{trunk="other"}' not in told


def test_phones_are_counted_by_company_without_disabled_extensions(watched: Watched, rooms: Rooms) -> None:
    rooms.extensions = [Account("1"), Account("2"), Account("3", "9017"), Account("4", enabled=False)]
    rooms.phones = {"1": 3, "4": 1}
    rooms.taken, rooms.customers["2028", "sales"] = {"1"}, 4
    told = samples(watched)
    assert told['playvoice_extensions{company="2028"}'] == 2
    assert told['playvoice_extensions_registered{company="2028"}'] == 1
    assert told['playvoice_phones_registered{company="2028"}'] == 3
    assert told['playvoice_extensions_registered{company="9017"}'] == 0
    assert told["playvoice_agents_busy"] == 1
    assert told['playvoice_customers_waiting{company="2028",group="sales"}'] == 4


def test_owed_callbacks_are_told_with_the_age_of_the_oldest(watched: Watched, rooms: Rooms) -> None:
    rooms.under_way, rooms.sends = 5, False
    told = samples(watched, Stored(None, {"2028": Backlog(12, AT - timedelta(hours=1))}))
    assert told['playvoice_callbacks_owed{company="2028"}'] == 12
    assert told['playvoice_callbacks_owed_oldest_seconds{company="2028"}'] == 3600
    assert (told["playvoice_callbacks_under_way"], told["playvoice_callback_sender_up"]) == (5, 0)


def test_what_can_not_be_read_is_left_out_and_said_to_be(watched: Watched) -> None:
    readable, unreadable = samples(watched), samples(watched, None)
    assert set(readable) - set(unreadable) == {"playvoice_calls_waiting_oldest_seconds"}
    assert (readable["playvoice_store_readable"], unreadable["playvoice_store_readable"]) == (1, 0)


def test_the_store_tells_how_writing_goes(watched: Watched) -> None:
    told, writing = samples(watched), watched.store.writing
    assert told["playvoice_store_writable"] == 1
    assert told["playvoice_store_commits_total"] == writing.commits == 1
    assert told["playvoice_store_commit_seconds_total"] == writing.seconds > 0
    assert told['playvoice_disk_free_bytes{holds="data"}'] == 10


@pytest.mark.parametrize(("pid", "up"), [(4321, 1), (None, 0)])
def test_a_media_worker_that_is_gone_is_told(watched: Watched, rooms: Rooms, pid: int | None, up: int) -> None:
    rooms.pid, rooms.streams, rooms.workers_started = pid, 8, 3
    told = samples(watched)
    assert told["playvoice_media_worker_up"] == up
    assert told["playvoice_media_streams"] == 8
    assert told["playvoice_media_worker_restarts_total"] == 2
    rooms.workers_started = 1
    assert samples(watched)["playvoice_media_worker_restarts_total"] == 0, "or a new server would look like a loss"


def test_what_waits_for_the_transcoder_and_fails_there_is_told_by_its_kind(watched: Watched, rooms: Rooms) -> None:
    rooms.files["encode"], rooms.failures["decode"] = 7, 2
    told = samples(watched)
    assert told['playvoice_transcoder_files_waiting{work="encode"}'] == 7
    assert told['playvoice_transcoder_failures_total{work="decode"}'] == 2
    assert told['playvoice_transcoder_failures_total{work="encode"}'] == 0


def test_a_part_for_which_the_server_is_not_ready_is_0_and_the_others_are_1(watched: Watched) -> None:
    told = samples(watched, missing={"trunks"})
    parts = {part: told[f'playvoice_ready{{part="{part}"}}'] for part in PARTS}
    assert parts == dict.fromkeys(PARTS, 1) | {"trunks": 0}


def test_a_company_to_which_nothing_happens_is_told_with_zeros(watched: Watched, rooms: Rooms) -> None:
    rooms.companies, rooms.waiting = ["2028", "9017"], {"2028": 3}
    told = samples(watched, Stored(None, {"2028": Backlog(12, AT - timedelta(hours=1))}))
    assert told['playvoice_calls_waiting{company="9017"}'] == 0
    assert told['playvoice_callbacks_owed{company="9017"}'] == 0
    assert told['playvoice_callbacks_owed_oldest_seconds{company="9017"}'] == 0
    assert told['playvoice_calls_waiting{company="2028"}'] == 3
    assert told['playvoice_callbacks_owed{company="2028"}'] == 12


def test_each_figure_has_a_text_and_a_name_by_the_rules_of_prometheus(watched: Watched, rooms: Rooms) -> None:
    rooms.companies = ["2028"]
    for metric in look(watched):
        assert metric.documentation.endswith("."), metric.name
        assert re.fullmatch(r"playvoice_[a-z]+(_[a-z]+)*", metric.name), "lower case, words apart"
        assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|octets|percent|count|total)$", metric.name), metric.name
        of_time_or_size = re.search(r"\b(age|since|took|room on|size of)\b", metric.documentation.lower())
        assert not of_time_or_size or re.search(r"_(seconds|bytes)$", metric.name), metric.name
