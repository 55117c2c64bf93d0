from pathlib import Path

from tests.unit.commands.doctor.world import configuration, told
from tests.unit.lines.configs import company, extension

from playvoice.commands.doctor.files import parts, read_configuration, secrets
from playvoice.commands.doctor.finding import Outcome
from playvoice.commands.doctor.setup import setup_of


def test_each_problem_of_the_file_is_a_failure_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.toml"
    path.write_text('[server]\nhttp = "nowhere"\nhtp = 1\n')
    config, found = read_configuration(path, {})
    assert config is None
    assert [each.outcome for each in found] == [Outcome.FAILURE] * 2
    assert found[0].seen.startswith("line 2, server.http: can't be 'nowhere'")


def test_a_problem_of_the_environment_is_told_by_its_variable(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.toml"
    path.write_text("")
    _, (found,) = read_configuration(path, {"PLAYVOICE_SERVER__HTTP": "nowhere"})
    assert found.seen.startswith("PLAYVOICE_SERVER__HTTP: ")


def test_without_a_file_init_is_named(tmp_path: Path) -> None:
    config, (found,) = read_configuration(tmp_path / "playvoice.toml", {})
    assert config is None
    assert "playvoice init" in found.do


def test_a_file_that_is_there_and_can_not_be_read_is_none_to_make(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / ("x" * 300)):
        config, (found,) = read_configuration(path, {})
        assert config is None
        assert found.do == f"let this user read {path}, or name another with --config"


def test_a_file_that_can_be_used_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.toml"
    path.write_text("")
    config, (found,) = read_configuration(path, {})
    assert config is not None
    assert told(found) == ("ok", "configuration")


def test_without_a_trunk_or_a_company_no_call_is_made() -> None:
    assert parts(setup_of(configuration())).seen == "1 trunk, 1 company, 1 extension"
    assert parts(setup_of(configuration(trunk=[]))).do.startswith("add a [[trunk]]")
    assert parts(setup_of(configuration(company=[]))).do.startswith("add a [[company]]")


def test_a_file_that_everybody_can_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.toml"
    path.write_text("")
    path.chmod(0o644)
    (found,) = secrets(path, configuration())
    assert (found.outcome, "(mode 0644)" in found.seen) == (Outcome.WARNING, True)
    path.chmod(0o640)
    assert [told(each) for each in secrets(path, configuration())] == [("ok", "file permissions")]


def test_a_data_directory_that_everybody_can_enter_is_told(tmp_path: Path) -> None:
    path, data = tmp_path / "playvoice.toml", tmp_path / "data"
    path.touch(0o600)
    data.mkdir(0o700)
    config = configuration()
    config = config.model_copy(update={"server": config.server.model_copy(update={"data_dir": data})})
    assert [told(each) for each in secrets(path, config)] == [("ok", "file permissions")]
    data.chmod(0o755)
    _, found = secrets(path, config)
    assert (told(found), found.do) == (("warning", "data permissions"), f"chmod 700 {data}")


def test_secrets_that_are_easily_guessed_are_named_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.toml"
    path.write_text("")
    path.chmod(0o600)
    weak = company(
        accesskey="demo-accesskey",
        signing_secret="whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        extension=[
            extension("20280003", "20280003"),
            extension("20280004", "short"),
            extension("20280005", "long enough"),
        ],
    )
    _, found = secrets(path, configuration(company=[weak]))
    assert found.outcome is Outcome.WARNING
    assert "accesskey, signing_secret, the password of extension 20280003" in found.seen
    assert "20280004" in found.seen
    assert "20280005" not in found.seen
    assert "short" not in found.seen


def test_many_weak_passwords_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.toml"
    path.write_text("")
    phones = [extension(str(number), "x") for number in range(1000, 1010)]
    *_, found = secrets(path, configuration(company=[company(accesskey="0" * 32, extension=phones)]))
    assert found.seen.endswith("and 5 more")
