"""SIGHUP: the configuration file is read anew. One that comes during the start waits for its end."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

import structlog

from playvoice.control.errors import ControlError
from playvoice.control.registry import REFUSALS
from playvoice.control.reloading import Reload
from playvoice.monitoring.service_manager import ServiceManager
from playvoice.store import StoreError

log = structlog.get_logger(__name__)


@contextlib.contextmanager
def reload_at_hangup(reload: Reload, manager: ServiceManager) -> Iterator[None]:
    """Take the configuration file at each SIGHUP, one after the other, and at one that was held."""
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    async def run() -> None:
        manager.reloading()
        try:
            await reload.run()
        except (ControlError, StoreError, *REFUSALS) as error:
            log.error("configuration_not_reloaded", reason=str(error))
        finally:
            manager.ready()

    def begin() -> None:
        task = loop.create_task(run())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    before = signal.getsignal(signal.SIGHUP)
    loop.add_signal_handler(signal.SIGHUP, begin)
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        loop.remove_signal_handler(signal.SIGHUP)
        signal.signal(signal.SIGHUP, before)
