"""The network that a test breaks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.network.namespaces import can_be_made
from tests.network.place import Place


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    if not can_be_made():
        pytest.skip("network namespaces take root, and a kernel that has veth(4)")
    with Place(tmp_path, transport=getattr(request, "param", "udp")) as made:
        yield made
