"""What several tests of the media room begin with."""

from collections.abc import Iterator

import pytest
from tests.unit.media.bench import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()
