"""The network that a test breaks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.network.namespaces import can_be_made
from tests.network.place import Place


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Namespaces and cables can be made here."""
    if not can_be_made():
        pytest.skip("network namespaces take root, and a kernel that has veth(4)")


@pytest.fixture
def place(namespaces: None, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    with Place(tmp_path, transport=getattr(request, "param", "udp")) as made:
        yield made
