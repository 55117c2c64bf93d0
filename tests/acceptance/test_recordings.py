"""A recording by its link and a call by its bill, at a whole server: what a company does after a call."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.asking import request_call

from playvoice.simulator.evidence import RECORD_KEYS
from playvoice.simulator.sound import ASSETS, read_channels
from playvoice.simulator.world import Cast, World

pytestmark = pytest.mark.peer("curl")

HANGS_UP_AFTER = 1.5


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    cast = Cast(
        callee={"": {"as": "answer", "hang_up_after": HANGS_UP_AFTER}},
        registered=False,
        keep_audio=False,
        setting={"company": {"callback_fields": ["recordurl"]}},
    )
    with World(tmp_path, ASSETS, cast) as made:
        yield made


def placed(world: World) -> dict[str, Any]:
    """Place a call, and give its record."""
    _, uuid = request_call(world.client(), "13333333333", "notice.mp3")
    line = world.receiver.wait_for("callback", 30, lambda line: uuid in line["body"], path="/cdr")
    record: dict[str, Any] = line["payload"]
    return record


def fetch(url: str, *options: str) -> tuple[str, bytes]:
    """Get a link by curl, again while the recording is being encoded; the status, and the body of a success."""
    command = ["curl", "-sS", "--fail", "--retry", "5", "-w", "%{stderr}%{http_code}", *options, url]
    ran = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return ran.stderr.decode().splitlines()[-1][-3:], ran.stdout


def result(world: World, service: str, **fields: str) -> dict[str, Any]:
    client = world.client()
    answer, _ = client.post(service, headers=None, token=client.token, **fields)
    found: dict[str, Any] = answer["data"]["result"]
    return found


def test_a_company_hears_the_recording_of_a_call_and_fetches_its_bill_once(world: World, tmp_path: Path) -> None:
    record = placed(world)
    url, name = str(record["recordurl"]), str(record["recordfilename"])
    assert list(record) == [*RECORD_KEYS, "recordurl"]
    assert url.startswith(f"http://{world.http}/recordings/{name}?")

    status, sound = fetch(url)
    (stored,) = (tmp_path / "data").rglob(name)
    assert (status, sound) == ("200", stored.read_bytes())
    assert fetch(url, "--range", "100-199") == ("206", sound[100:200])
    assert fetch(f"{url}0")[0] == "403"
    (tmp_path / "part.mp3").write_bytes(sound[:1000])
    assert fetch(url, "--continue-at", "-", "--output", str(tmp_path / "part.mp3"))[0] == "206"
    rate, channels = read_channels(tmp_path / "part.mp3")
    assert (rate, len(channels)) == (8000, 2)
    assert channels[0].size / rate == pytest.approx(HANGS_UP_AFTER, abs=0.2)

    time = {"starttime": str(record["starttime"]), "endtime": str(record["starttime"])}
    bills = result(world, "App.Sip_Cdr.GetBill", **time)
    (bill,) = bills["bills"]
    assert bills["totalitems"] == 1
    same = ("id", "destnumber", "starttime", "answertime", "endtime", "duration", "billsec", "recordfilename")
    assert {key: bill[key] for key in same} == {key: record[key] for key in same}
    assert result(world, "App.Sip_Cdr.GetBill", **time)["bills"] == []
    assert result(world, "App.Sip_Cdr.GetBill", syncflag="2", **time)["bills"] == [bill]

    world.server.stop()
    world.start_server()
    _, _, path = url.split("//")[1].partition("/")
    assert fetch(f"http://{world.http}/{path}") == ("200", sound), "a restart ends no link"
    again = result(world, "App.Sip_Cdr.GetRecodeFile", filename=name)
    assert fetch(str(again["downurl"])) == ("200", sound)
    assert str(again["expiredtime"]) > str(record["endtime"])
