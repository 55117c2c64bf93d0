"""A machine that is made of files."""

from pathlib import Path

import pytest
from tests.unit.commands.doctor.world import MadeUp


@pytest.fixture
def made_up(tmp_path: Path) -> MadeUp:
    return MadeUp(tmp_path / "proc")
