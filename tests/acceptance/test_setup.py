"""`scripts/setup` and `make` on machines that are not ours: interpreters that lack something, a set-up cut short.

The interpreters are real ones that lie about their version and their modules, and write down what pip was asked for;
nothing is installed.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "make", "cksum", "cut", "touch", "rm", "mkdir", "cp", "grep", "sed", "expand")
STUB = '''\
"""A Python whose version and modules are told by its environment; `-m venv` and `-m pip` only write what they do."""
import os, shutil, sys
from pathlib import Path
name, *arguments = sys.argv[1:]
me = Path(name)
version = tuple(map(int, (me.parent / f"{me.name}.version").read_text().split(".")))
missing = (me.parent / f"{me.name}.missing").read_text().split()
journal = Path(os.environ["JOURNAL"])

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in missing:
            raise ModuleNotFoundError(name)
        return None

def note(text):
    with journal.open("a") as file:
        file.write(text + "\\n")

if arguments == ["--version"]:
    print("Python " + ".".join(map(str, version)))
elif arguments[0] == "-c":
    sys.meta_path.insert(0, Missing())
    sys.version_info = version
    exec(arguments[1])
elif arguments[:2] == ["-m", "venv"]:
    note(f"venv by {me.name}")
    binaries = Path(arguments[2], "bin")
    binaries.mkdir(parents=True)
    shutil.copy(me, binaries / "python")
    (binaries / "python.version").write_text(".".join(map(str, version)))
    (binaries / "python.missing").write_text("")
    command = binaries / "playvoice"
    command.write_text('#!/bin/sh\\necho "playvoice $*"\\n')
    command.chmod(0o755)
elif arguments[:2] == ["-m", "pip"]:
    note("pip " + ("lock" if "--require-hashes" in arguments else "project"))
    sys.exit(int(os.environ.get("PIP_STATUS", "0")))
'''


@dataclass
class Machine:
    """A directory as PATH, and a copy of what the set-up needs in a directory whose name has a space."""

    path: Path
    home: Path

    def python(self, name: str, version: str, missing: str = "", *, folder: Path | None = None) -> None:
        """Install an interpreter that says it is of this version and lacks these modules."""
        where = folder or self.path
        where.mkdir(parents=True, exist_ok=True)
        stub = self.path / "stub.py"
        stub.write_text(STUB)
        (where / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "{stub}" "$0" "$@"\n')
        (where / name).chmod(0o755)
        (where / f"{name}.version").write_text(version)
        (where / f"{name}.missing").write_text(missing)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the project."""
        environ = {"PATH": str(self.path), "JOURNAL": str(self.path / "journal"), **environment}
        return subprocess.run(
            command, cwd=self.home, env=environ, capture_output=True, text=True, timeout=60, check=False
        )

    def setup(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("sh", "scripts/setup", ".venv", "requirements.lock", **environment)

    def journal(self) -> list[str]:
        """What interpreters were asked to do."""
        journal = self.path / "journal"
        return journal.read_text().splitlines() if journal.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A fresh machine without any Python."""
    path, home = tmp_path / "bin", tmp_path / "a home"
    path.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None, f"{tool} is missing"
        (path / tool).symlink_to(found)
    (home / "scripts").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock", "pyproject.toml", "scripts/setup"):
        shutil.copy(ROOT / name, home / name)
    return Machine(path, home)


DONE = ["pip lock", "pip project"]


def assert_one_line_says_what_to_install(ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.returncode != 0
    (line,) = (ran.stdout + ran.stderr).splitlines()
    assert "Python 3.11" in line
    assert "apt-get install python3 python3-venv" in line


@pytest.mark.parametrize("missing", ["ensurepip", "venv", "venv ensurepip"])
def test_without_venv_one_line_says_what_to_install(machine: Machine, missing: str) -> None:
    machine.python("python3", "3.11.2", missing)
    assert_one_line_says_what_to_install(machine.setup())
    assert machine.journal() == []
    assert not (machine.home / ".venv").exists()


def test_without_python_one_line_says_what_to_install(machine: Machine) -> None:
    assert_one_line_says_what_to_install(machine.setup())


def test_an_old_python_alone_is_not_taken(machine: Machine) -> None:
    machine.python("python3", "3.10.14")
    machine.python("python3.10", "3.10.14")
    assert_one_line_says_what_to_install(machine.setup())


@pytest.mark.parametrize("name", ["python3.11", "python3.12", "python3.13", "python3.14"])
def test_a_fit_python_is_found_behind_an_old_one(machine: Machine, name: str) -> None:
    machine.python("python3", "3.10.14")
    machine.python(name, f"{name.removeprefix('python')}.1")
    ran = machine.setup()
    assert ran.returncode == 0, ran.stderr
    assert machine.journal() == [f"venv by {name}", *DONE]
    assert name.removeprefix("python") in ran.stdout


def test_a_python_that_lacks_venv_is_passed_over(machine: Machine) -> None:
    machine.python("python3.11", "3.11.2", "ensurepip")
    machine.python("python3", "3.13.5")
    assert machine.setup().returncode == 0
    assert machine.journal()[0] == "venv by python3"


def test_a_set_up_that_was_interrupted_begins_anew_where_it_left_nothing_usable(machine: Machine) -> None:
    machine.python("python3", "3.11.2")
    machine.python("python", "3.11.2", "pip", folder=machine.home / ".venv" / "bin")
    assert machine.setup().returncode == 0
    assert machine.journal() == ["venv by python3", *DONE]


def test_an_install_that_failed_is_taken_up_again(machine: Machine) -> None:
    machine.python("python3", "3.11.2")
    failed = machine.run("make", "serve", PIP_STATUS="3")
    assert failed.returncode != 0
    assert "playvoice serve" not in failed.stdout
    assert machine.journal() == ["venv by python3", "pip lock"]
    assert machine.run("make", "serve").returncode == 0
    assert machine.journal() == ["venv by python3", "pip lock", *DONE]


def test_a_second_make_sets_nothing_up(machine: Machine) -> None:
    machine.python("python3", "3.11.2")
    for _ in range(2):
        ran = machine.run("make", "serve")
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.splitlines()[-1] == "playvoice serve --config playvoice.toml"
    assert machine.journal() == ["venv by python3", *DONE]
    assert ran.stdout.count("\n") == 1, "nothing else is said"


def test_make_says_what_is_missing_and_fails(machine: Machine) -> None:
    machine.python("python3", "3.11.2", "ensurepip")
    ran = machine.run("make", "demo")
    assert ran.returncode != 0
    assert ran.stderr.startswith("PlayVoice needs Python 3.11 to 3.14 with venv: apt-get install python3 python3-venv")


def test_make_alone_shows_what_it_can_do_and_sets_nothing_up(machine: Machine) -> None:
    ran = machine.run("make")
    assert ran.returncode == 0
    assert {line.split()[0] for line in ran.stdout.splitlines()} >= {"demo", "test", "serve", "lint"}
    assert machine.journal() == []
