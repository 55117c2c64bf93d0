"""A server is saved among its calls, loses all that it has, and goes on from its backup."""

import shutil
import threading
from pathlib import Path

from tests.acceptance.asking import place, voices_in
from tests.acceptance.terminal import run
from tests.waiting import wait_until

from playvoice.simulator.world import Cast, World


def type_command(world: World, *words: str) -> tuple[int, str]:
    return run(*words, "--config", str(world.config), cwd=world.directory)


class Load(threading.Thread):
    """Calls that are placed one after the other, each of them to somebody who is busy."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._client = world.client()
        self._over = threading.Event()
        self.numbers: list[str] = []
        """Whose calls were accepted."""
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._over.is_set():
                number = f"1444{len(self.numbers):06}9"
                place(self._client, number)
                self.numbers.append(number)
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        self._over.set()
        self.join()
        assert self.error is None, self.error


def records_of(world: World) -> list[str]:
    """The numbers of the records that the company has got so far."""
    return [str(line["payload"]["destnumber"]) for line in world.receiver.all("callback", path="/cdr")]


def billed(world: World) -> list[str]:
    """The numbers of all bills."""
    client = world.client()
    answer, _ = client.post(
        "App.Sip_Cdr.GetBill",
        token=client.token,
        starttime="2020-01-01 00:00:00",
        endtime="2040-01-01 00:00:00",
        syncflag="3",
        itemsperpage="1000",
    )
    return [str(bill["destnumber"]) for bill in answer["data"]["result"]["bills"]]


def test_a_running_server_is_saved_and_restored_with_its_records_and_recordings(tmp_path: Path) -> None:
    voices = voices_in(tmp_path)
    cast = Cast(
        callee={"": {"as": "answer"}, "9": "busy"},
        registered=False,
        setting={"company": {"key_time": 60, "record_format": "wav"}},
    )
    saved = tmp_path / "saved"
    with World(tmp_path / "world", voices, cast) as world:
        carrier, client = world.carrier, world.client()
        assert carrier is not None
        ended = place(client, "13333330001")
        carrier.wait_for("ack", 20)
        assert type_command(world, "call", "hangup", ended)[0] == 0
        record = world.receiver.wait_for("callback", 20, path="/cdr")["payload"]
        name = record["recordfilename"]
        wait_until(lambda: list((world.directory / "data/recordings").rglob(name)), f"{name} is encoded")
        running = place(client, "13333330002")
        wait_until(lambda: len(carrier.all("ack")) == 2, "the other call runs")
        status, said = type_command(world, "voice", "add", str(voices / "notice.wav"), "--name", "uploaded.wav")
        assert status == 0, said
        load = Load(world)
        load.start()
        wait_until(lambda: len(records_of(world)) > 5, "calls end meanwhile")
        before = records_of(world)
        status, said = type_command(world, "backup", str(saved), "--files")
        assert (status, "was made" in said) == (0, True), said
        wait_until(lambda: len(records_of(world)) > len(before) + 5, "calls go on")
        load.end()
        status, said = type_command(world, "restore", str(saved))
        assert (status, "another PlayVoice server" in said) == (1, True), said
        world.server.kill()
        for lost in world.directory.glob("playvoice.db*"):
            lost.unlink()
        shutil.rmtree(world.directory / "data")
        status, said = type_command(world, "restore", str(saved))
        assert status == 0, said
        world.start_server()
        status, told = type_command(world, "trace", ended)
        assert (status, "13333330001" in told) == (0, True), told
        assert list((world.directory / "data/recordings").rglob(name)), "the recording is there again"
        cut = world.receiver.wait_for("callback", 20, lambda line: line["payload"]["uuid"] == running, path="/cdr")
        assert cut["payload"]["hangupcause"] == 10007, "what ran in the backup is ended and reported"
        wait_until(lambda: set(before) <= set(billed(world)), "all that had ended before the backup is in it")
        place(world.client(), "13333330003", voice="uploaded.wav")
        carrier.wait_for("ack", 20, number="13333330003")
        known: dict[str, str] = {}
        for line in world.receiver.all("callback", path="/cdr"):
            identity = known.setdefault(line["payload"]["uuid"], line["webhook_id"])
            if line["payload"]["destnumber"] in before:
                assert identity == line["webhook_id"], "what is sent again after the restore is known by its identity"
