"""What is opened never gets the number of a standard stream that was closed."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("closed", ["2", "1, 2", "0, 1, 2", "0, 2", ""])
def test_what_is_opened_has_no_number_of_a_standard_stream(closed: str, tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys\n"
        "from playvoice.process.descriptors import have_standard_descriptors\n"
        f"for descriptor in [{closed}]:\n"
        "    os.close(descriptor)\n"
        "have_standard_descriptors()\n"
        "with open(sys.argv[1], 'w') as file:\n"
        "    child = subprocess.run([sys.executable, '-c', 'import os; [os.fstat(each) for each in range(3)]'])\n"
        "    file.write(f'{file.fileno() > 2} {child.returncode}')\n"
    )
    path = tmp_path / "told"
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    assert path.read_text() == "True 0"
