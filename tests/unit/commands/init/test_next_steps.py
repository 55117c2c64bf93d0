from pathlib import Path

from tests.unit.commands.init.test_writing import answers

from playvoice.commands.init.next_steps import what_next


def test_the_next_commands_name_a_file_that_is_not_the_usual_one() -> None:
    usual = what_next(Path("playvoice.toml"), answers(), "notice.mp3")
    assert "playvoice doctor    #" in usual
    other = what_next(Path("/etc/play voice.toml"), answers(), "notice.mp3")
    assert "playvoice serve --config '/etc/play voice.toml'" in other
    assert "'/etc/play voice.toml')" in other, "where the access key is read from"


def test_the_first_call_is_one_command() -> None:
    call = "playvoice call 13333333333 --voice notice.mp3 --key 1@extGroup-1"
    assert f"  {call}\n" in what_next(Path("playvoice.toml"), answers(), "notice.mp3")
    assert f"  {call} --config p.toml\n" in what_next(Path("p.toml"), answers(), "notice.mp3")


def test_nothing_secret_is_shown() -> None:
    made = answers()
    shown = what_next(Path("playvoice.toml"), made, "notice.mp3")
    assert made.accesskey not in shown
    assert made.signing_secret not in shown


def test_the_api_is_called_where_it_can_be_reached_from_here() -> None:
    assert "http://127.0.0.1:80/ " in what_next(Path("p"), answers(http="0.0.0.0:80"), "v.mp3")
    assert "http://[::1]:80/ " in what_next(Path("p"), answers(http="[::]:80"), "v.mp3")


def test_phones_are_told_where_to_register_from_both_sides_of_a_nat() -> None:
    shown = what_next(Path("p"), answers(external_address="203.0.113.7"), "v.mp3")
    assert "10.0.0.5:5060, from outside at 203.0.113.7:5060, over UDP or TCP" in shown
