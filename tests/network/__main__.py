"""`python -m tests.network`: calls over a network that loses, delays, doubles and reorders packets.

For each rate of loss a line for people; the last line is one JSON object for scripts. It takes root, for namespaces.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.network.calls import play
from tests.network.namespaces import can_be_made
from tests.network.weather import Weather


def main(arguments: Sequence[str]) -> int:
    """Run and report; 1 where at 10 % loss or less a call was not set up or not ended, or a key not heard."""
    parser = argparse.ArgumentParser(prog="python -m tests.network", description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--loss", type=float, nargs="+", default=[0.01, 0.05, 0.1, 0.2], metavar="SHARE")
    parser.add_argument("--delay", type=float, default=0.2, help="seconds each way")
    parser.add_argument("--jitter", type=float, default=0.1, help="seconds by which a packet's delay differs at most")
    parser.add_argument("--duplicate", type=float, default=0.01, metavar="SHARE")
    parser.add_argument("--transport", choices=["udp", "tcp"], default="udp", help="of SIP")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if not can_be_made():
        print("network namespaces can't be made here: run this as root, on a kernel that has veth(4)", file=sys.stderr)
        return 2
    outcomes = []
    for loss in options.loss:
        weather = Weather(loss, options.delay, options.jitter, options.duplicate)
        with tempfile.TemporaryDirectory(prefix="playvoice-network-") as folder:
            outcome = play(Path(folder), weather, calls=options.calls, seed=options.seed, transport=options.transport)
        outcomes.append((loss, outcome))
        print(
            f"loss {loss:.0%}: {outcome.set_up} of {outcome.calls} calls set up, {outcome.keys} keys heard,"
            f" {outcome.ended} ended, {outcome.records} records, {outcome.agents} reached an agent;"
            f" {outcome.packets_lost} of {outcome.packets} packets lost",
            flush=True,
        )
    print(json.dumps({"transport": options.transport, "runs": [{"loss": loss, **asdict(o)} for loss, o in outcomes]}))
    whole = (outcome for loss, outcome in outcomes if loss <= 0.1)
    return 0 if all({o.set_up, o.keys, o.ended, o.records} == {o.calls} for o in whole) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
