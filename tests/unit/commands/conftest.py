"""What commands that run in the tests' own process leave behind."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _own_umask() -> Iterator[None]:
    """The command line has its files be read by nobody else; the tests' own are as they were."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)
