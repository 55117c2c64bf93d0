from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.unit.calls.model import Model, Ways
from tests.unit.calls.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """One call on a model; at the end of the test all comes to rest, and nothing is left."""
    with capture_logs() as log:
        model = Model(tmp_path, monkeypatch, log, Ways())
        try:
            yield Stage(model)
            model.network_is_dead(dead=False)
            model.come_to_rest()
        finally:
            model.close()
