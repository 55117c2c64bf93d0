"""The lines of libraries: in our form, and few of them."""

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from playvoice.logs import INTERVAL, Format, Libraries, configure, printable


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def library(clock: Clock) -> Iterator[logging.Logger]:
    """A library's logger, from which the handler takes."""
    logger, handler = logging.getLogger("library.under.test"), Libraries(clock)
    logger.addHandler(handler)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)


def test_a_sentence_is_told_once_in_an_interval_with_how_often_it_was_swallowed(
    library: logging.Logger, clock: Clock
) -> None:
    with capture_logs() as lines:
        for number in range(1_000):
            library.warning("Invalid request %d", number)
        clock.now += INTERVAL
        library.warning("Invalid request %d", 1_000)
        clock.now += INTERVAL
        library.warning("Invalid request %d", 1_001)
    told = [(line["event"], line["name"], line["text"], line["swallowed"], line["log_level"]) for line in lines]
    assert told == [
        ("library", "library.under.test", "Invalid request 0", 0, "warning"),
        ("library", "library.under.test", "Invalid request 1000", 999, "warning"),
        ("library", "library.under.test", "Invalid request 1001", 0, "warning"),
    ]


def test_an_error_with_its_traceback_is_never_swallowed(library: logging.Logger) -> None:
    with capture_logs() as lines:
        for _ in range(3):
            try:
                raise ValueError("broken")
            except ValueError:
                library.exception("it failed")
    assert len(lines) == 3
    assert all(line["exc_info"] is not None for line in lines)


def test_a_value_can_neither_move_the_cursor_nor_begin_a_line() -> None:
    event = {"event": "refused", "user": "\x1b[2Jx", "why": "a\r\n2026 [info] forged", "zh": "语音\u2028", "count": 3}
    assert printable(None, "info", event) == {
        "event": "refused",
        "user": "\\x1b[2Jx",
        "why": "a\\r\\n2026 [info] forged",
        "zh": "语音\\u2028",
        "count": 3,
    }


@pytest.fixture
def configuration() -> Iterator[None]:
    """The configuration that other tests have comes back."""
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    yield
    structlog.configure(**before)
    logging.getLogger().handlers[:] = handlers


@pytest.mark.parametrize("form", Format)
def test_a_traceback_holds_no_values_of_variables_and_no_line_of_a_stranger(
    form: Format, configuration: None, capfd: pytest.CaptureFixture[str]
) -> None:
    configure(form)

    def sign(secret: str) -> None:
        raise ValueError(f"{len(secret)} characters\x1b[2J\n2026 [info] forged")

    try:
        sign("-".join(("hunter", "two")))
    except ValueError:
        structlog.get_logger().exception("signing_failed")
    text = capfd.readouterr().err
    assert "in sign" in text, "where it failed is told"
    assert "hunter-two" not in text, "what it failed with is not"
    assert "\x1b" not in text
    assert not any(line.startswith("2026 [info] forged") for line in text.splitlines())


def test_a_log_whose_disk_is_full_holds_nobody_up() -> None:
    program = (
        "import logging, structlog\n"
        "from playvoice.logs import Format, configure\n"
        "configure(Format.JSON)\n"
        "structlog.get_logger().error('ours', exc_info=ValueError())\n"
        "logging.getLogger('library').error('a library')\n"
    )
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        assert subprocess.run([sys.executable, "-c", program], stderr=full, check=False).returncode == 0
