"""`python -m tests.chaos --rounds N --seed S --database KIND`: kill the server or a part of it; nothing is to be lost.

The last line is one JSON object; the exit status is 0 only if it counts no finding.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import httpx2
from tests.chaos import checks, database
from tests.chaos.evidence import Evidence, Journals, read
from tests.chaos.notebook import Notebook
from tests.chaos.plan import Round, draw
from tests.chaos.run import Run
from tests.postgresql import postgresql_directory
from tests.soak.judging import without_crossings

from playvoice.simulator.errors import SimulatorError

Check = Callable[[Evidence], checks.Findings]
CHECKS: dict[str, Check] = {
    "lost": checks.lost,
    "duplicated": checks.duplicated,
    "out_of_order": checks.out_of_order,
    "left_ringing": checks.left_ringing,
    "wrong_ends": checks.wrong_ends,
}
ALL_CHECKS: dict[str, Check] = {
    **CHECKS,
    "wrong_records": checks.wrong_records,
    "left_behind": checks.left_behind,
}
"""Those of a run in which each call, callee and kill is known beforehand."""


def main(arguments: Sequence[str]) -> int:
    """Run and report; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=database.KINDS, default="sqlite")
    parser.add_argument("--output", type=Path, help="an empty directory for journals and logs, which is kept")
    options = parser.parse_args(arguments)
    if options.database == "postgresql" and postgresql_directory() is None:
        parser.error("there is no PostgreSQL on this machine; `make peers` installs it")
    directory = options.output or Path(tempfile.mkdtemp(prefix="playvoice-chaos-"))
    directory.mkdir(parents=True, exist_ok=True)
    with closing(Notebook(directory)) as notebook:
        failure = _play(draw(options.rounds, options.seed), options.database, notebook)
        journals = notebook.journals()
        found = report(journals, failure, without_crossings, ALL_CHECKS)
        notebook.tell("findings.txt", found.words)
    for words in found.words:
        _say(words)
    if found.is_clean and options.output is None:
        shutil.rmtree(directory)
    else:
        _say(f"journals and logs: {directory}")
    _say(json.dumps({"rounds": options.rounds, "kills": _count_kills(journals), **found.counts}))
    return 0 if found.is_clean else 1


class Report:
    """What a run proved: counts for scripts, findings in words for people."""

    def __init__(self, evidence: Evidence, findings: dict[str, list[str]], others: list[str]) -> None:
        records = evidence.records()
        self.counts = {
            "accepted": sum(len(uuids) for uuids in evidence.accepted.values()),
            "unanswered": len(evidence.unanswered),
            "records": len(records),
            "records_of_unanswered": sum(record.number in evidence.unanswered for record in records),
            "recordings": len(evidence.recordings),
            "callbacks": len({callback.webhook_id for callback in evidence.callbacks}),
            **{name: len(found) for name, found in findings.items()},
        }
        self.words = [*others, *(f"{name}: {words}" for name, found in findings.items() for words in found)]

    @property
    def is_clean(self) -> bool:
        """Nothing was found, and there was something to look at."""
        return not self.words


def report(
    journals: Journals,
    failure: str = "",
    seen: Callable[[Evidence], Evidence] = lambda evidence: evidence,
    by: Mapping[str, Check] = CHECKS,
) -> Report:
    """Judge what was written down, as `seen` sees it; `failure` says why a run ended early."""
    evidence = seen(read(journals))
    others = [failure] if failure else []
    others += checks.refused(evidence)
    if not evidence.accepted:
        others.append("no call was accepted, so nothing was proved")
    return Report(evidence, {name: check(evidence) for name, check in by.items()}, others)


def _count_kills(journals: Journals) -> dict[str, int]:
    """How often what was killed."""
    killed = Counter(line["how"] for line in journals.server if line["event"] == "killed")
    return dict(killed + Counter(line["role"] for line in journals.server if line["event"] == "child_killed"))


def _play(plan: Sequence[Round], kind: str, notebook: Notebook) -> str:
    """Play it; the reason in words if it could not be played to its end."""
    try:
        with _interruptible(), database.make_database(kind, notebook.directory) as made:
            Run(plan, made, notebook, _say).play()
    except (SimulatorError, httpx2.HTTPError, OSError) as error:
        return f"the run failed: {type(error).__name__}: {error}"
    except KeyboardInterrupt:
        return "the run was interrupted"
    return ""


@contextmanager
def _interruptible() -> Iterator[None]:
    """Take SIGTERM as Ctrl-C, so that the processes are ended either way."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
