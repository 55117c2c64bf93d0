"""What an operator types while calls run: a server in one process, commands in a terminal of their own."""

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.acceptance.asking import place, voices_in
from tests.acceptance.sipp_world import NOTICE
from tests.acceptance.terminal import Terminal, run
from tests.waiting import wait_until

from playvoice.media.g711 import Codec
from playvoice.simulator.configuration import GROUP
from playvoice.simulator.sound import write_g711
from playvoice.simulator.world import Cast, World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server whose callees listen for as long as they are let."""
    folder = tmp_path_factory.mktemp("operator")
    voices = voices_in(folder)
    cast = Cast(callee={"": {"as": "answer"}}, setting={"company": {"key_time": 60}})
    with World(folder, voices, cast) as made:
        yield made


def play_voice(world: World) -> str:
    """Place a call whose callee listens, and return its uuid."""
    return place(world.client(), "13333330001")


def type_command(world: World, *words: str) -> tuple[int, str]:
    return run(*words, "--config", str(world.config), cwd=world.directory)


def test_a_call_is_followed_and_hung_up_and_its_callbacks_are_sent_again(world: World) -> None:
    uuid = play_voice(world)
    assert world.carrier is not None
    world.carrier.wait_for("ack", 20)
    with Terminal("top", "--config", str(world.config), cwd=world.directory) as top:
        page = top.wait_for(uuid)
        assert "1 running" in page
        assert "20280003" in page
        top.type("\x03")
        assert top.wait() == 0
    status, listed = type_command(world, "call", "list")
    assert (status, uuid in listed, "13333330001" in listed) == (0, True, True)
    assert "was hung up" in type_command(world, "call", "hangup", uuid)[1]
    record = world.receiver.wait_for("callback", 15, path="/cdr")
    assert (record["payload"]["uuid"], record["payload"]["hangupcause"]) == (uuid, 10007)
    status, text = type_command(world, "callback", "list", "--call", uuid, "--json")
    (callback,) = json.loads(text)
    assert (callback["kind"], callback["company"]) == ("cdr", "2028")
    assert "1 callbacks are sent again" in type_command(world, "callback", "resend", str(callback["id"]))[1]
    again = world.receiver.wait_for("callback", 15, where=lambda line: line is not record, path="/cdr")
    assert again["payload"] == record["payload"]
    assert again["webhook_id"] == record["webhook_id"]
    status, text = type_command(world, "call", "hangup", uuid)
    assert (status, text) == (1, f"playvoice: no call {uuid} waits or runs\n")
    status, text = type_command(world, "call", "show", uuid)
    assert (status, "10007 hung up by the server" in text) == (0, True), text
    assert type_command(world, "call", "follow", "nobody") == (1, "playvoice: there is no call nobody\n")


def test_a_call_is_placed_from_the_shell_and_shown_until_it_ends(world: World) -> None:
    words = ("call", "13333330002", "--voice", "notice.wav", "--key", f"1@{GROUP}", "--conntime", "1")
    status, text = type_command(world, *words)
    told = [line.partition("  ")[2] for line in text.splitlines()[1:]]
    assert status == 0, text
    assert told[0].startswith("the voice is ready; it lasts ")
    assert told[1].startswith("dialled over trunk carrier, ")
    over = "the call is over: 10011 timer expired, 10040 caller side hung up"
    assert told[2:4] == ["the customer answered; codec PCMA, keys come by telephone-events", over]
    uuid = text.splitlines()[0].removeprefix("call ")
    assert text.splitlines()[-1] == f"its whole story: playvoice trace {uuid}"
    for _ in range(10):  # its messages are stored within a second
        status, story = type_command(world, "trace", uuid)
        if "BYE" in story:
            break
    assert (status, "INVITE" in story, "BYE" in story) == (0, True, True)
    assert type_command(world, "call", "follow", uuid)[0] == 1


def test_a_file_of_this_machine_is_played(world: World) -> None:
    file = world.directory / "mine.wav"
    write_g711(file, NOTICE[Codec.PCMA][:4000], Codec.PCMA)
    status, text = type_command(world, "call", "13333330002", "--voice", "mine.wav", "--conntime", "1")
    assert (status, "voice file mine.wav was added to company 2028" in text) == (0, True), text
    status, text = type_command(world, "voice", "list")
    assert [line.split()[:3] for line in text.splitlines()[1:]] == [
        ["mine.wav", "upload", "wav"],
        ["notice.wav", "voice_dir", "wav"],
    ]
    assert "voice file mine.wav was removed" in type_command(world, "voice", "remove", "mine.wav")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["12"], "the call was refused: Bad request: parameter destnumber must be 3 to 32 digits"),
        (["13333330002", "--key", "1@nobody"], "the call was refused: 1210 "),
        (["13333330002", "--company", "1"], "there is no company 1"),
    ],
)
def test_a_call_that_is_refused_says_why(world: World, words: list[str], said: str) -> None:
    status, text = type_command(world, "call", *words, "--voice", "notice.wav")
    assert (status, said in text) == (1, True), text


def test_a_changed_file_is_taken_and_a_password_is_asked_for_without_echo(world: World) -> None:
    before = world.config.read_text()
    world.config.write_text(before.replace("[[company]]", "[[company]]\nexpire_after = 77", 1))
    assert "the configuration file was taken" in type_command(world, "reload")[1]
    assert "expire_after     77" in type_command(world, "company", "show", "2028")[1]
    with Terminal("extension", "add", "2028", "20289999", "--config", str(world.config), cwd=world.directory) as typed:
        typed.wait_for("password: ")
        typed.type("hunter2\n")
        typed.wait_for("Repeat for confirmation: ")
        typed.type("hunter2\n")
        assert typed.wait() == 0
        assert "extension 20289999 was added" in typed.text
        assert "hunter2" not in typed.text
    world.config.write_text(before + "\n[nonsense]\n")
    status, text = type_command(world, "company", "list")
    assert (status, "nonsense: is unknown" in text) == (2, True)
    world.config.write_text(before)


def test_what_a_call_uses_can_be_removed_and_it_still_ends_in_one_record(world: World) -> None:
    assert world.carrier is not None
    before = world.carrier.all("ack")
    uuid = play_voice(world)
    world.carrier.wait_for("ack", 20, where=lambda line: line not in before)
    assert "was removed" in type_command(world, "trunk", "remove", "carrier")[1]
    assert "was removed" in type_command(world, "extension", "remove", "20280003")[1]
    status, text = type_command(world, "company", "remove", "2028")
    assert (status, "has 1 calls that wait or run" in text) == (1, True), text
    with Terminal("call", "follow", uuid, "--config", str(world.config), cwd=world.directory) as followed:
        followed.wait_for("the customer answered")
        followed.type("\x03")
        assert followed.wait() == 130
        assert f"the call goes on; end it with: playvoice call hangup {uuid}" in followed.text
    assert "was taken" in type_command(world, "reload")[1]
    assert type_command(world, "call", "hangup", uuid)[0] == 0
    world.receiver.wait_for("callback", 15, where=lambda line: line["payload"]["uuid"] == uuid, path="/cdr")
    status, text = type_command(world, "callback", "list", "--call", uuid, "--json")
    assert [row["kind"] for row in json.loads(text)] == ["cdr"]


def record_of(world: World, uuid: str, status: int) -> dict[str, object]:
    """The record of a call as its receiver answered it so."""
    return world.receiver.wait_for(
        "callback", 20, path="/cdr", where=lambda line: line["status"] == status and uuid in line["body"]
    )


def call_and_hang_up(world: World) -> str:
    uuid = play_voice(world)
    assert "was hung up" in type_command(world, "call", "hangup", uuid)[1]
    return uuid


def test_what_was_given_up_is_kept_and_listed_and_sent_again_in_bulk(world: World) -> None:
    world.receiver.send(do="set", status=410)
    uuid = call_and_hang_up(world)
    first = record_of(world, uuid, 410)
    world.receiver.send(do="set", status=200)
    status, text = type_command(world, "callback", "list", "--state", "gone", "--json")
    assert (status, [row["call"] for row in json.loads(text)]) == (0, [uuid])
    bulk = ("callback", "resend", "--given-up", "--company", "2028")
    assert "0 callbacks are sent again" in type_command(world, *bulk, "--until", "2020-01-01")[1]
    assert "1 callbacks are sent again" in type_command(world, *bulk, "--since", "2020-01-01 08:00")[1]
    assert record_of(world, uuid, 200)["webhook_id"] == first["webhook_id"]


@pytest.mark.parametrize("way", ["command", "file"])
def test_a_corrected_address_heals_the_backlog_at_once(way: str, world: World) -> None:
    text = world.config.read_text(encoding="utf-8")
    right = re.search(r'cdr_callback = "(http://[^"]*)"', text)
    assert right is not None
    type_command(world, "company", "set", "2028", "cdr_callback=http://127.0.0.1:1/cdr")
    uuid = call_and_hang_up(world)
    listed = ("callback", "list", "--call", uuid, "--json")
    wait_until(lambda: '"failed_attempts": 2' in type_command(world, *listed)[1], "two attempts have failed")
    corrected = time.monotonic()  # the next attempt is a minute away
    if way == "command":
        type_command(world, "company", "set", "2028", f"cdr_callback={right[1]}")
    else:
        assert type_command(world, "reload")[0] == 0
    record_of(world, uuid, 200)
    assert time.monotonic() - corrected < 30


def test_what_is_owed_goes_out_at_the_next_start_where_its_address_is_corrected_while_no_server_runs(
    tmp_path: Path,
) -> None:
    wrong = Cast(callee={"": "busy"}, registered=False, keep_audio=False, receiver_arguments=("--status", "404"))
    with World(tmp_path / "world", voices_in(tmp_path), wrong) as world:
        uuid = place(world.client(), "13333330001")
        world.receiver.wait_for("callback", 20, path="/cdr")
        world.server.kill()
        with closing(sqlite3.connect(world.directory / "playvoice.db")) as database, database:
            tomorrow = database.execute("UPDATE callbacks SET next_attempt = next_attempt + 86400000000")
            assert tomorrow.rowcount == 1
        url = re.search('cdr_callback = "(.*)"', text := world.config.read_text())
        assert url is not None
        world.config.write_text(text.replace(url[0], "", 1))
        world.receiver.send(do="set", status=200)
        assert type_command(world, "company", "set", "2028", f"cdr_callback={url[1]}/right")[0] == 0
        world.start_server()
        assert world.receiver.wait_for("callback", 20, path="/cdr/right")["payload"]["uuid"] == uuid
