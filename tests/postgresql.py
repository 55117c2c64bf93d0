"""A PostgreSQL server of the tests' own, on a socket in a temporary directory; it needs no root and no port."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",  # hundreds of databases, none of which lasts
    "max_connections": "50",
    "shared_buffers": "16MB",
    "client_min_messages": "warning",
}


def postgresql_directory() -> Path | None:
    """Return the directory of PostgreSQL's server programs, the newest version's; Debian keeps them out of PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = versions[-1] if versions else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class PostgresqlServer:
    """Starts, stops and starts again; each test has a database of its own in it."""

    def __init__(self, *, listen: str = "", within: Sequence[str] = ()) -> None:
        """`listen`: an address for TCP, too, at PostgreSQL's own port; `within`: the command that runs it, as root."""
        programs = postgresql_directory()
        assert programs is not None
        self._programs = programs
        self._listen = listen
        self._within = within
        self._directory = Path(tempfile.mkdtemp(prefix="playvoice-pg-"))
        self._user = _unprivileged_user()
        if self._user is not None:
            shutil.chown(self._directory, self._user)
        self._run("initdb", "--auth=trust", "--username=playvoice", "--encoding=UTF8", "--locale=C", "--no-sync")
        with (self._directory / "data" / "pg_hba.conf").open("a") as file:
            file.write("host all all all trust\n")

    @property
    def log(self) -> Path:
        """What the server tells its operator."""
        return self._directory / "log"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {**_SETTINGS, "unix_socket_directories": str(self._directory), "listen_addresses": self._listen}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._run("pg_ctl", "start", "--wait", "--log", str(self.log), "--options", options)

    def crash(self) -> None:
        """Stop the server without a word to anybody, as a power cut would."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    @contextmanager
    def hanging(self, url: str | None = None) -> Iterator[None]:
        """All of the server stands still, or what works on one database; the kernel still takes what is sent."""
        postmaster = int((self._directory / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        if url is None:
            os.kill(postmaster, signal.SIGSTOP)  # before its children are counted
        stopped = [int(pid) for pid in children.read_text().split() if url is None or self._works_on(int(pid), url)]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in [*stopped, postmaster]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _works_on(self, pid: int, url: str) -> bool:
        title = Path(f"/proc/{pid}/cmdline").read_bytes()  # "postgres: user database [local] idle"
        return f" {make_url(url).database} ".encode() in title

    def remove(self) -> None:
        """Stop the server and delete all it had."""
        if (self._directory / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "--wait", "--mode=fast")
        shutil.rmtree(self._directory)

    def create_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"postgresql://playvoice@/{name}?host={self._directory}"

    def dump(self, url: str) -> str:
        """All of a database as SQL text that any PostgreSQL takes: without what only `psql` or this version knows."""
        command = [str(self._programs / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", "--dbname", url]
        text = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        lines = [
            line for line in text.splitlines() if not line.startswith(("--", "SET ", "\\", "SELECT pg_catalog.set_"))
        ]
        return "\n".join(line for line in lines if line) + "\n"

    def _conninfo(self) -> str:
        return f"host={self._directory} user=playvoice dbname=postgres"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "--pgdata", str(self._directory / "data"), *arguments]
        user = self._user
        if self._within:
            command = [*self._within, "setpriv", f"--reuid={user}", "--clear-groups", *command]
            user = None
        done = subprocess.run(
            command,
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self._directory,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stderr.decode()}"


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; then some other user has to do."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
