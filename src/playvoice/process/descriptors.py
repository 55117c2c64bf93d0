"""Descriptors 0, 1 and 2, whoever started the process."""

import os


def have_standard_descriptors() -> None:
    """Open /dev/null at those that are closed: a socket or file that got such a number would get log lines."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
