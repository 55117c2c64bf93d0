"""`python -m benchmarks PART`: a table for people, and one JSON line, last, for scripts."""

import sys
from importlib import import_module

PARTS = {
    "playback": "calls that play a voice at once: packet spacing at the far end, processor time, memory",
    "tones": "keys as tones in the audio: how many are found, what a voice is taken for, processor time",
    "retention": "what is kept for long enough: how long the store is taken up each time some of it goes",
    "owed": "a million callbacks owed to dead receivers: memory, others' delay, how fast a backlog goes out",
    "setup": "whole calls a second, from the HTTP request to the delivered call record",
}


def main(arguments: list[str]) -> int:
    """Run the part that the first argument names; the rest is its own."""
    part = arguments[0] if arguments else ""
    if part not in PARTS:
        print("python -m benchmarks PART [--help]", file=sys.stderr)
        for name, what in PARTS.items():
            print(f"  {name:10} {what}", file=sys.stderr)
        return 2
    run = import_module(f"benchmarks.{part}").main
    return int(run(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
