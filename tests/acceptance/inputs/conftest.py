"""The server that all tests of this package send to."""

import shutil
from collections.abc import Iterator

import pytest
from tests.acceptance.inputs.site import CONFIG, FILE, FOREIGN_FILE, Site

from playvoice.simulator import program
from playvoice.simulator.sound import ASSETS


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("inputs")
    for folder, name in (("voices", FILE), ("other", FOREIGN_FILE)):
        (directory / folder).mkdir()
        shutil.copy(ASSETS / FILE, directory / folder / name)
    (directory / "secret.mp3").write_bytes(b"nobody's")
    (directory / "voices" / ".hidden.mp3").write_bytes(b"nobody's")
    (directory / "voices" / "gone.mp3").symlink_to(directory / "nothing.mp3")
    config = directory / "playvoice.toml"
    config.write_text(CONFIG)
    with program.server(config, log=directory / "server.log") as server:
        site = Site(server, directory)
        yield site
        assert server.process.poll() is None, "the server goes on"
        assert not [line for line in site.log.lines() if "Traceback" in line], "nothing that came was unforeseen"
        assert "demo-accesskey" not in "".join(site.log.lines())
        assert site.token not in "".join(site.log.lines())


@pytest.fixture
def nothing_stored(site: Site) -> Iterator[None]:
    """After the test there is no call that was not there before."""
    before = site.calls()
    yield
    assert site.calls() == before, "what is refused leaves no row"
