"""A new version takes over the database of an earlier one, and no older one touches it; one at a time works on it."""

import hashlib
import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from scripts import keep_database
from scripts.keep_database import CALLEES, RINGS, STAYS, TALKS, WAITS
from tests.acceptance.asking import request_call
from tests.acceptance.terminal import run
from tests.migration import kept
from tests.waiting import wait_until

from playvoice.simulator.client import Client
from playvoice.simulator.configuration import LOOPBACK, free_ports
from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.sound import ASSETS
from playvoice.simulator.world import Cast, World
from playvoice.store import Store, schema_connection


def voices_in(folder: Path) -> Path:
    voices = folder / "voices"
    voices.mkdir()
    (voices / "notice.mp3").write_bytes((ASSETS / "notice.mp3").read_bytes())
    return voices


def ask(client: Client, number: str, **options: str) -> tuple[dict[str, Any], str]:
    return request_call(client, number, "notice.mp3", **options)


def causes_of(world: World, uuid: str) -> tuple[int, int]:
    """`hangupcause` and `hangupdirection` of a call's record, as the company got it."""
    line = world.receiver.wait_for("callback", 30, lambda line: uuid in line["body"], path="/cdr")
    return line["payload"]["hangupcause"], line["payload"]["hangupdirection"]


def command(world_or_config: World | Path, *arguments: str) -> tuple[int, str]:
    """The exit status of a command, and what it said."""
    config = world_or_config if isinstance(world_or_config, Path) else world_or_config.config
    return run(*arguments, "--config", str(config), cwd=config.parent)


# --- the database of an earlier version -------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", [kept.revisions()[0], kept.revisions()[-1]])
def test_a_server_takes_over_what_an_earlier_version_was_killed_over(
    revision: str, database_url: str, tmp_path: Path
) -> None:
    carrier, http, receiver, server = free_ports(4)
    ports = {keep_database.CARRIER: carrier, keep_database.PHONES: carrier, keep_database.RECEIVER: receiver}
    sql = kept.as_if_killed_lately(kept.read(revision, database_url.partition(":")[0]))
    kept.load(kept.with_ports(sql, {**ports, keep_database.SERVER: server}), database_url)
    with schema_connection(database_url) as conn:
        before = kept.rows_of(conn)
    cast = Cast(
        callee={**CALLEES, WAITS: {"as": "answer", "hang_up_after": 0.5}},
        carrier_arguments=("--listen", f"udp:{LOOPBACK}:{carrier}"),
        receiver_arguments=("--listen", f"{LOOPBACK}:{receiver}"),
        keep_audio=False,
        setting={
            "database": database_url,
            "http": f"{LOOPBACK}:{http}",
            "sip": (f"udp:{LOOPBACK}:{server}",),
            "company": {"record": False},
        },
    )
    uuids = {str(row["destnumber"])[-1]: str(row["uuid"]) for row in before["calls"] if row["ended_at"] is None}
    assert set(uuids) == {STAYS, RINGS, WAITS}
    with World(tmp_path / "world", voices_in(tmp_path), cast) as world:
        causes = {last: causes_of(world, uuid) for last, uuid in uuids.items()}
        assert causes == {STAYS: (10007, 10040), RINGS: (10007, 10007), WAITS: (10001, 10041)}
        assert world.carrier is not None
        assert [line["number"][-1] for line in world.carrier.all("invite")] == [WAITS], "nobody is called again"
        delivered = [line for line in world.receiver.all("callback") if line["signature"] == "valid"]
        owed = [row for row in before["callbacks"] if row["state"] == "pending"]
        for call in {row["call_uuid"] for row in owed}:
            sent = [json.loads(line["body"]) for line in delivered if line["payload"]["uuid"] == call]
            was_owed = [json.loads(str(row["payload"])) for row in owed if row["call_uuid"] == call]
            assert sent[: len(was_owed)] == was_owed, "in their order, once each, as they were"
        answer, uuid = ask(world.client(), f"1333333000{TALKS}")
        assert uuid, answer
        assert causes_of(world, uuid) == (10001, 10041)
        assert world.agents is not None
        assert world.agents.all("answered", number="20280003"), "a phone that registers now is called"
        assert world.server.stop() == 0
    with schema_connection(database_url) as conn:
        after = kept.rows_of(conn)
    confirmed = {leg["state"] for leg in after["legs"] if leg["call_uuid"] == uuids[STAYS]}
    assert confirmed == {"ended"}, "both far ends have answered BYE; CANCEL for longer than the test lasts"
    assert {call["state"] for call in after["calls"]} == {"ended"}
    log = (tmp_path / "world" / "server.log").read_text(encoding="utf-8")
    assert not re.search("leg_not_read|leg_not_ended|Traceback", log)


def test_an_older_version_refuses_in_words_to_touch_a_newer_database(tmp_path: Path) -> None:
    config = tmp_path / "playvoice.toml"
    config.write_text('[server]\nhttp = "127.0.0.1:0"\n[sip]\nlisten = ["udp:127.0.0.1:0"]\n', encoding="utf-8")
    assert command(config, "trunk", "list")[0] == 0
    assert command(config, "backup", str(tmp_path / "older"))[0] == 0
    database = tmp_path / "data" / "playvoice.db"
    make_newer(database)
    make_newer(tmp_path / "older" / "playvoice.db", tmp_path / "older" / "backup.json")
    before = database.read_bytes()
    for words in (["serve"], ["trunk", "list"], ["backup", str(tmp_path / "newer")]):
        status, said = command(config, *words)
        assert status == 1, words
        assert "the database is of a newer PlayVoice (its migration 9999 is not known to version" in said, words
        assert "start that version, or restore the backup from before it was upgraded" in said
        assert "Traceback" not in said
    status, said = command(config, "restore", str(tmp_path / "older"))
    assert (status, "is newer than this one; install that version" in said) == (1, True), said
    assert database.read_bytes() == before


def make_newer(database: Path, label: Path | None = None) -> None:
    """Have it been at a migration that nobody knows."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if label is not None:
        told = json.loads(label.read_text(encoding="utf-8"))
        told["sha256"] = hashlib.sha256(database.read_bytes()).hexdigest()
        label.write_text(json.dumps(told), encoding="utf-8")


# --- one at a time, and one after the other ---------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A server on addresses that its successor has, too; calls last a second."""
    http, server = free_ports(2)
    cast = Cast(
        callee={"": {"as": "answer", "answer_after": 0.1, "hang_up_after": 1}},
        registered=False,
        keep_audio=False,
        setting={
            "http": f"{LOOPBACK}:{http}",
            "sip": (f"udp:{LOOPBACK}:{server}",),
            "company": {"record": False},
            "stop_timeout": 3,
        },
    )
    with World(tmp_path / "world", voices_in(tmp_path), cast) as made:
        yield made


def test_a_second_server_waits_for_the_database_then_is_refused_in_words(world: World) -> None:
    status, said = command(world, "serve")
    assert status == 1
    assert "database_taken" in said
    assert "waits_s=5" in said
    assert f"playvoice could not start: another PlayVoice server (process {world.server.pid}) works on this" in said
    assert httpx2.get(f"http://{world.http}/readyz", trust_env=False).status_code == 200


def test_a_start_waits_for_a_command_that_has_the_database(world: World) -> None:
    assert world.server.stop() == 0
    store = Store.open(f"sqlite:///{world.directory / 'playvoice.db'}")
    server = world.launch_server()
    wait_for_line(world, "database_taken")
    store.close_now()
    assert server.wait_for("ready", 30)


def test_no_accepted_call_is_lost_or_made_twice_while_one_version_takes_the_others_place(world: World) -> None:
    """A customer repeats, with its Idempotency-Key, what was not accepted: refused, cut off, or nobody there."""
    accepted: dict[str, str] = {}
    refusals = set[str]()
    over = threading.Event()

    def customer() -> None:
        with Client(world.http, timeout=5) as client:
            for number in (str(13333330000 + count) for count in range(1_000)):
                while number not in accepted:
                    try:
                        client.token or client.login()
                        answer, uuid = ask(client, number, idempotency_key=number)
                    except (httpx2.HTTPError, ValueError, SimulatorError) as error:
                        refusals.add(type(error).__name__)
                        time.sleep(0.05)
                        continue
                    if uuid:
                        accepted[number] = uuid
                    else:
                        refusals.add(str(answer["data"]["errors"]["code"] if answer["ret"] == 200 else answer["ret"]))
                        time.sleep(0.05)
                if over.is_set():
                    return
                time.sleep(0.02)

    thread = threading.Thread(target=customer)
    thread.start()
    carrier = world.carrier
    assert carrier is not None
    try:
        carrier.wait_for("ack", 20)
        assert world.server.stop() == 0
        before = len(accepted)
        world.start_server()
        wait_until(lambda: len(accepted) >= before + 10, "calls are accepted again")
    finally:
        over.set()
        thread.join(30)
    assert "1003" in refusals, "it says that it is stopping while calls end by themselves"
    for uuid in accepted.values():
        assert causes_of(world, uuid) == (10001, 10041), "each ended by itself"
    invited = [line["number"] for line in carrier.all("invite")]
    assert sorted(invited) == sorted(accepted)


def wait_for_line(world: World, words: str) -> None:
    log = world.directory / "server.log"
    wait_until(lambda: words in log.read_text(encoding="utf-8"), f"the log says {words}")
