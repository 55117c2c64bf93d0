"""Garbage is collected when nobody waits: a full collection stops the event loop for tens of milliseconds."""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Iterator

YOUNG_OBJECTS = 20_000
"""Objects after which the young ones are looked through: about a millisecond, and not with each request."""
OLDER_AFTER = 2
"""Looks through the young ones after which those that were left are looked through, too: what they free at once is a
pause, which grows with its number."""
COLLECT_EVERY = 10.0
"""Seconds between two looks whether all may be looked through: while no call runs."""
PASSES_AT_MOST = 20
"""Looks through those that were left after which all are looked through although calls run."""


@contextlib.contextmanager
def without_full_collections() -> Iterator[None]:
    """Have no automatic full garbage collection (`collect_if_idle`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, OLDER_AFTER, 1_000_000)
    try:
        yield
    finally:
        gc.unfreeze()


async def collect_when_idle(running: Callable[[], int]) -> None:
    """Look every few seconds whether garbage may be looked for, for ever; `running` tells how many calls do."""
    while True:
        await asyncio.sleep(COLLECT_EVERY)
        collect_if_idle(running())


def collect_if_idle(running: int) -> None:
    """Look through all objects if there may be old garbage and no call runs; while some do, once in a long while."""
    passes = gc.get_count()[2]
    if passes >= PASSES_AT_MOST or (passes and not running):
        gc.collect()
