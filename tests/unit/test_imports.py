"""What a process does not import: each start of a server costs these otherwise, in time and in memory."""

import subprocess
import sys

import pytest

FFMPEG, RESAMPLER, MIGRATIONS = "av", "soxr", "alembic"


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        ("playvoice.app", (FFMPEG, RESAMPLER, MIGRATIONS)),
        ("playvoice.media.worker", (FFMPEG, RESAMPLER, "soundfile", "sqlalchemy", "structlog")),
        ("playvoice.simulator.receiver", (FFMPEG, RESAMPLER, "numpy", "sipmessage", "sqlalchemy")),
        ("playvoice.simulator.carrier", (FFMPEG, RESAMPLER, "sqlalchemy", "uvicorn")),
        ("playvoice.simulator.__main__", ("numpy", "sipmessage", "uvicorn")),
    ],
)
def test_a_process_imports_nothing_that_only_others_need(module: str, unneeded: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert set(unneeded) & set(ran.stdout.split()) == set()
