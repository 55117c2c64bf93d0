"""One server works in a data directory, whatever its database is."""

from pathlib import Path

import pytest

from playvoice.process.errors import StartError
from playvoice.process.folder import LOCK, only_server


def test_a_second_server_is_refused_in_words_until_the_first_one_has_ended(tmp_path: Path) -> None:
    with only_server(tmp_path), pytest.raises(StartError, match=r"works in \[server\] data_dir") as refused:
        only_server(tmp_path).__enter__()
    pid = (tmp_path / LOCK).read_text().strip()
    assert f"(process {pid})" in str(refused.value)
    with only_server(tmp_path):
        pass
