import os
from pathlib import Path

import pytest
from tests.unit.commands.doctor.world import MadeUp, configuration, situation

from playvoice.commands.doctor import situation as looking
from playvoice.commands.doctor.finding import Outcome
from playvoice.commands.doctor.machine import Machine, Process
from playvoice.commands.doctor.ports import listening
from playvoice.commands.doctor.serving import server
from playvoice.commands.doctor.situation import Situation
from playvoice.store import Store
from playvoice.store.looking import Holder

HTTP = {"http": "127.0.0.1:18080", "database": "sqlite:////nowhere/at/all.db"}


def test_a_server_is_found_by_its_lock(sqlite_url: str) -> None:
    config = configuration(server={"http": "127.0.0.1:0", "database": sqlite_url})
    assert not Situation.look(Path("p"), config, Machine()).runs
    store = Store.open(sqlite_url)
    found = Situation.look(Path("p"), config, Machine())
    store.close_now()
    assert found.server is not None
    assert found.server.pid == os.getpid()


@pytest.mark.parametrize(("command", "found"), [("python -m playvoice.cli serve", True), ("nginx", False)])
def test_a_server_whose_lock_tells_no_process_is_found_by_its_port(
    made_up: MadeUp, monkeypatch: pytest.MonkeyPatch, command: str, found: bool
) -> None:
    monkeypatch.setattr(looking, "holder_of", lambda _url: Holder(None, "a server at this machine"))
    made_up.bind("tcp", 18_080, 11)
    made_up.run(7, command, sockets=(11,))
    assert (Situation.look(Path("p"), configuration(server=HTTP), made_up.machine).server is not None) is found


def test_a_server_whose_lock_can_not_be_looked_at_is_found_by_its_port(
    made_up: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = Path.stat

    def as_a_stranger(path: Path, **options: bool) -> os.stat_result:
        if path.is_relative_to("/nowhere"):
            raise PermissionError
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", as_a_stranger)
    made_up.bind("tcp", 18_080, 11)
    made_up.run(7, "playvoice serve", sockets=(11,))
    assert Situation.look(Path("p"), configuration(server=HTTP), made_up.machine).server is not None


def test_the_server_of_another_configuration_is_none_of_this_one(made_up: MadeUp) -> None:
    """It has the port, and this one can't start while it does."""
    made_up.bind("tcp", 18_080, 11)
    made_up.run(7, "playvoice serve --config other.toml", sockets=(11,))
    here = Situation.look(Path("p"), configuration(server=HTTP), made_up.machine)
    assert not here.runs
    found = next(each for each in listening(here) if each.check == "port of HTTP")
    assert found.outcome is Outcome.FAILURE
    assert "127.0.0.1:18080 is held by process 7" in found.seen


def test_children_of_the_server_are_ours(made_up: MadeUp) -> None:
    here = situation(configuration(), made_up.machine, server=Process(7, 1, "serve"))
    assert here.is_ours(Process(8, 7, "worker"))
    assert not here.is_ours(Process(9, 1, "nginx"))
    assert not situation(configuration(), made_up.machine).is_ours(Process(7, 1, "serve"))


async def test_without_a_server_it_is_said_how_to_start_it(made_up: MadeUp) -> None:
    found = await server(situation(configuration(), made_up.machine))
    assert (found.outcome, found.do) == (Outcome.OK, "start it: playvoice serve --config playvoice.toml")


async def test_whether_a_server_runs_that_is_hidden_is_not_claimed(made_up: MadeUp) -> None:
    here = situation(configuration(), made_up.machine, is_hidden=True)
    assert here.runs
    found = await server(here)
    assert (found.outcome, found.seen.partition(":")[0]) == (Outcome.WARNING, "whether it runs can't be told")


async def test_a_server_elsewhere_is_named(made_up: MadeUp) -> None:
    found = await server(situation(configuration(), made_up.machine, holder=Holder(None, "a server at 10.0.0.9")))
    assert "a server at 10.0.0.9 works on the database" in found.seen


async def test_a_server_that_does_not_answer_is_a_failure(made_up: MadeUp) -> None:
    config = configuration(server={**HTTP, "http": "0.0.0.0:1"})
    found = await server(situation(config, made_up.machine, server=Process(7, 1, "serve")))
    assert found.outcome is Outcome.FAILURE
    assert "http://127.0.0.1:1/ is not answered" in found.seen


async def test_a_port_of_the_systems_choice_can_not_be_asked(made_up: MadeUp) -> None:
    config = configuration(server={**HTTP, "http": "127.0.0.1:0"})
    found = await server(situation(config, made_up.machine, server=Process(7, 1, "serve")))
    assert found.outcome is Outcome.OK
