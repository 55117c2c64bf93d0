"""`python -m tests.soak --calls N --rate R`: calls of mixed ends, then whether the server has given everything back.

The memory's curve is printed as it grows; the last line is one JSON object. The exit status is 0 only if every count is
back, each accepted request has one record and its callbacks, and memory has stopped growing.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx2
from tests.chaos.__main__ import report
from tests.chaos.evidence import read
from tests.chaos.notebook import Notebook
from tests.soak.counts import not_back
from tests.soak.judging import delays, growth, without_crossings
from tests.soak.plan import SECOND
from tests.soak.run import Soak

from playvoice.simulator.errors import SimulatorError


def main(arguments: Sequence[str]) -> int:
    """Run and report; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--calls", type=int, help="how many (10000)")
    length.add_argument("--seconds", type=float, help="for how long")
    parser.add_argument("--rate", type=float, default=20.0, help="calls a second (20)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, help="an empty directory for journals and logs, which is kept")
    options = parser.parse_args(arguments)
    calls = 10_000 if options.calls is None and options.seconds is None else options.calls
    directory = options.output or Path(tempfile.mkdtemp(prefix="playvoice-soak-"))
    directory.mkdir(parents=True, exist_ok=True)
    with closing(Notebook(directory)) as notebook:
        soak, failure = Soak(notebook, _say, rate=options.rate, seed=options.seed), ""
        try:
            soak.play(calls=calls, seconds=options.seconds)
        except (SimulatorError, httpx2.HTTPError, OSError) as error:
            failure = f"the soak failed: {type(error).__name__}: {error}"
        except KeyboardInterrupt:
            failure = "the soak was interrupted"
        found = report(notebook.journals(), failure, without_crossings)
        late = delays(read(notebook.journals()).records(), besides=SECOND)
    outcome = soak.outcome
    leaks = not_back(outcome.before, outcome.after)
    grown = {name: curve for name in ("server", "media", "transcoder") if (curve := growth(outcome.memory, name))}
    growing = [f"the memory of {name} grows by {each}" for name, each in grown.items() if each.is_growing]
    for words in [*found.words, *leaks, *growing]:
        _say(words)
    if late:
        _say(f"longest delay of the first company's records beside a dead receiver: {late[-1]:.2f} s of {len(late)}")
    is_clean = not failure and found.is_clean and not leaks and not growing
    if is_clean and options.output is None:
        shutil.rmtree(directory)
    else:
        _say(f"journals and logs: {directory}")
    result = {
        "calls": outcome.asked,
        "seconds": round(outcome.seconds, 1),
        **found.counts,
        "owed_to_dead_receiver": outcome.owed,
        "longest_delay": round(late[-1], 2) if late else None,
        "before": outcome.before,
        "after": outcome.after,
        "not_back": leaks,
        "memory": outcome.memory,
        "growth": {name: each.figures() for name, each in grown.items()},
    }
    _say(json.dumps(result))
    return 0 if is_clean else 1


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
