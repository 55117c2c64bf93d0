"""Keep a database of the version at hand as a test file: `make database` (docs/releasing.md).

It runs this version's own server among this version's simulated far ends, on SQLite and on PostgreSQL: calls that were
answered, transferred, refused and not answered, callbacks delivered and owed, a token, a registered phone, a voice that
was uploaded and one that was downloaded; then it kills the server while a customer talks to an agent, another phone
rings, and a call waits. What is left is written as SQL text, which can be read, compared and loaded by any version of
either database.
"""

import http.server
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from tests.postgresql import PostgresqlServer

from playvoice.simulator.client import Client
from playvoice.simulator.configuration import COMPANY, GROUP, NUMBERS
from playvoice.simulator.program import Program
from playvoice.simulator.sound import ASSETS
from playvoice.simulator.world import Cast, World

KEPT = Path(__file__).parents[1] / "tests" / "migration" / "databases"
CARRIER, SERVER, PHONES, RECEIVER, HTTP, VOICES = 5080, 5060, 5070, 9000, 8080, 8081
"""Ports that stand in the files; the tests put others in their places."""
HOME = "/var/lib/playvoice"
"""The directory that stands in the files."""
TALKS, REFUSES, RINGS, STAYS, WAITS = "1", "2", "3", "4", "5"
"""Last digits of the numbers, by what becomes of them."""
CALLEES = {
    TALKS: {"as": "answer", "press": "1", "hang_up_after": 4},
    REFUSES: "busy",
    RINGS: "no-answer",
    STAYS: {"as": "answer", "press": "1"},
}
AT_ONCE = 2
"""Calls that the trunk takes at once, so that one more waits."""
PATIENCE = 60.0


def main() -> None:
    """Make both files, named by the newest migration of this version."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "sqlite"
        _live(folder, "sqlite:///playvoice.db")
        _write("sqlite", _dump_sqlite(folder / "world" / "playvoice.db"), folder)
        server = PostgresqlServer()
        server.start()
        try:
            folder, url = Path(directory) / "postgresql", server.create_database()
            _live(folder, url)
            _write("postgresql", server.dump(url), folder)
        finally:
            server.remove()


def _live(folder: Path, database: str) -> None:
    """Run the server until it is killed in the middle of calls."""
    voices = folder / "voices"
    voices.mkdir(parents=True)
    (voices / "notice.mp3").write_bytes((ASSETS / "notice.mp3").read_bytes())
    listen = [argument for kind in ("udp", "tcp") for argument in ("--listen", f"{kind}:127.0.0.1:{CARRIER}")]
    cast = Cast(
        callee=CALLEES,
        carrier_arguments=tuple(listen),
        receiver_arguments=("--listen", f"127.0.0.1:{RECEIVER}"),
        keep_audio=False,
        setting={
            "database": database,
            "http": f"127.0.0.1:{HTTP}",
            "sip": (f"udp:127.0.0.1:{SERVER}", f"tcp:127.0.0.1:{SERVER}"),
            "trunk": {"max_calls": AT_ONCE},
            "company": {"record": True, "record_format": "wav"},
        },
    )
    with _voice_server(voices), World(folder / "world", voices, cast) as world:
        client, carrier = world.client(), world.carrier
        assert carrier is not None
        _add_voice(world, voices / "notice.mp3")
        by_url = f"http://127.0.0.1:{VOICES}/notice.mp3"
        for uuid in (_ask(client, TALKS), _ask(client, REFUSES), _ask(client, TALKS, by_url)):
            _reported(world.receiver, uuid, path="/cdr", status=200)
        client.post("App.Sip_Cdr.GetBill", token=client.token)  # the versions before have no such service
        world.receiver.send(do="set", status=503)
        _reported(world.receiver, _ask(client, TALKS), status=503)
        _ask(client, STAYS, idempotency_key="kept")
        carrier.wait_for("presses", PATIENCE, number=_number(STAYS))
        assert world.agents is not None
        world.agents.wait_for("rtp", PATIENCE, lambda line: line["time"] > carrier.all("presses")[-1]["time"])
        _ask(client, RINGS)
        carrier.wait_for("ringing", PATIENCE, number=_number(RINGS))
        _ask(client, WAITS)
        world.server.kill()


def _ask(client: Client, last: str, url: str = "", **options: str) -> str:
    """Ask for a call of the library's voice, or of that of a URL; its uuid."""
    fields = {"voicetype": "2", "voicefile": url} if url else {"voicetype": "1", "voicefile": "notice.mp3"}
    answer, uuid = client.play_voice(
        destnumber=_number(last),
        chengshudu="1",
        userid=f"1@{GROUP}",
        disnumber=NUMBERS[0],
        customuuid=f"custom-{last}",
        **fields,
        **options,
    )
    if not uuid:
        raise SystemExit(f"the call was refused: {answer}")
    return uuid


def _reported(receiver: Program, uuid: str, **fields: object) -> None:
    """Wait until a callback of a call was sent, and answered as these fields say."""
    receiver.wait_for("callback", PATIENCE, lambda line: uuid in line["body"], **fields)


def _number(last: str) -> str:
    return f"1333333000{last}"


def _add_voice(world: World, file: Path) -> None:
    """Upload a voice, where this version can."""
    command = [sys.executable, "-m", "playvoice.cli", "voice", "add", str(file), "--name", "uploaded.mp3"]
    command += ["--company", COMPANY, "--config", str(world.config)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


@contextmanager
def _voice_server(folder: Path) -> Iterator[None]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", VOICES), partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _dump_sqlite(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        return "\n".join(database.iterdump()) + "\n"


def _write(kind: str, text: str, folder: Path) -> None:
    """Write a file in which nothing is of this machine."""
    found = re.search(r"INSERT INTO \S*alembic_version\S* VALUES ?\('(\d+)'\)", text)
    phones = {port for port in re.findall(r"sip:\d+@127\.0\.0\.1:(\d+)", text) if int(port) != SERVER}
    assert found is not None
    for port in phones - {str(CARRIER)}:
        text = re.sub(rf"\b{port}\b", str(PHONES), text)
    text = text.replace(str(folder / "world"), HOME).replace(str(folder), HOME)
    path = KEPT / f"{found[1]}.{kind}.sql"
    path.write_text(text, encoding="utf-8")
    print(f"{path}: {len(text)} octets")


if __name__ == "__main__":
    main()
