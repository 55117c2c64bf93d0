"""What a missing peer does to the tests that name it."""

from pathlib import Path

import pytest
from tests import peers


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(peers.ASTERISK, str(tmp_path))


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize("required", ["", "1"])
def test_asterisk_is_skipped_by_name_and_with_the_reason_also_where_peers_are_required(
    monkeypatch: pytest.MonkeyPatch, required: str
) -> None:
    monkeypatch.setenv(peers.REQUIRE, required)
    with pytest.raises(pytest.skip.Exception, match=r"^asterisk is not there.*Debian's testing suite"):
        peers.need("asterisk")


@pytest.mark.usefixtures("nothing_installed")
def test_every_other_peer_fails_where_peers_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(peers.REQUIRE, "1")
    with pytest.raises(pytest.fail.Exception, match="sipp is not installed"):
        peers.need("sipp")


@pytest.mark.usefixtures("nothing_installed")
def test_every_other_peer_is_skipped_by_name_where_none_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(peers.REQUIRE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="sipp is not installed"):
        peers.need("sipp")
