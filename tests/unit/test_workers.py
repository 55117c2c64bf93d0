"""Which tests stay together when several processes run them."""

from tests.workers import MOST, how_many, together


def test_tests_of_a_file_run_in_one_process() -> None:
    assert together("tests/unit/sip/test_core.py::test_one[a::b]") == "tests/unit/sip/test_core.py"
    assert together("tests/acceptance/test_stop.py::test_two") == "tests/acceptance/test_stop.py"


def test_tests_of_a_package_run_in_one_process_since_they_share_a_server() -> None:
    of = {together(f"tests/acceptance/hostile/test_{name}.py::test_it") for name in ("http", "sip")}
    assert of == {"tests/acceptance/hostile"}


def test_there_are_some_processes_and_not_too_many() -> None:
    assert 2 <= how_many() <= MOST
