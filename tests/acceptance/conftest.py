"""What the acceptance tests share beside their worlds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.watching import SystemD


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[SystemD]:
    made = SystemD(tmp_path / "notify")
    yield made
    made.close()
