"""What `playvoice init` says where its file can't be made."""

from pathlib import Path

from typer.testing import CliRunner

from playvoice.cli import cli


def test_a_place_that_can_not_be_looked_at_is_told_in_words(tmp_path: Path) -> None:
    told = CliRunner().invoke(cli, ["init", "--yes", "--config", str(tmp_path / ("x" * 300) / "playvoice.toml")])
    assert told.exit_code == 1
    assert "can't be written: File name too long" in told.stderr
