"""SIGHUP before there is anybody to take it. Imports nothing that takes time, for it is called first."""

import signal


def hold_hangups() -> None:
    """Have the kernel hold a SIGHUP for `reload_at_hangup`; it would end the process otherwise."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # for threads and for the time after the stop
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
