"""One entry of the configuration, as it is typed."""

from ipaddress import ip_network

import pytest

from playvoice.config import CompanyConfig, ExtensionConfig, GroupConfig, RecordPolicy, TrunkConfig
from playvoice.config.pieces import PieceError, changed_piece, check_value, keys_of, new_piece


def test_a_whole_entry_is_read_by_the_rules_of_the_file() -> None:
    trunk = new_piece(TrunkConfig, {"name": "c", "address": "sip:192.0.2.1", "max_calls": "5", "register": "true"})
    assert (trunk.name, trunk.max_calls, trunk.register_, trunk.calls_per_second) == ("c", 5, True, 5.0)


def test_a_list_is_written_with_commas() -> None:
    trunk = changed_piece(TrunkConfig, {"hosts": "10.0.0.0/8, 192.0.2.1", "codecs": "PCMU"})
    assert trunk.hosts == (ip_network("10.0.0.0/8"), ip_network("192.0.2.1/32"))
    assert trunk.codecs == ("PCMU",)
    assert changed_piece(CompanyConfig, {"trunks": "a,b"}).trunks == ("a", "b")
    assert changed_piece(CompanyConfig, {"numbers": '["2120280001", 2120280002]'}).numbers == (
        "2120280001",
        "2120280002",
    )


def test_a_change_sets_what_is_named_and_nothing_else() -> None:
    change = changed_piece(CompanyConfig, {"record": "false"})
    assert (change.model_fields_set, change.record) == ({"record"}, RecordPolicy.NEVER)


def test_an_empty_text_takes_an_optional_keys_value_away() -> None:
    change = changed_piece(CompanyConfig, {"cdr_callback": "", "ipwhite": "", "trunks": ""})
    assert (change.cdr_callback, change.ipwhite, change.trunks) == (None, (), None)
    assert change.model_fields_set == {"cdr_callback", "ipwhite", "trunks"}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"name": "c"}, "address is missing; expected a SIP URI"),
        ({"name": "c", "address": "http://x"}, "address can't be 'http://x'; expected a SIP URI"),
        ({"name": "c", "address": "sip:a", "max_calls": "many"}, "max_calls can't be 'many'; expected how many calls"),
        ({"name": "c", "address": "sip:a", "max_cals": "1"}, "max_cals is unknown; expected one of name, address"),
        ({"name": "", "address": "sip:a"}, "name can't be ''; expected a name"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_file(texts: dict[str, str], said: str) -> None:
    with pytest.raises(PieceError, match=said.replace("(", r"\(")):
        new_piece(TrunkConfig, texts)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(PieceError, match=r"ring_time can't be '0'.*; max_wait can't be 'x'"):
        changed_piece(GroupConfig, {"ring_time": "0", "max_wait": "x"})


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(PieceError) as caught:
        new_piece(ExtensionConfig, {"number": "20280003", "password": "hunter2" * 100})
    assert "hunter2" not in str(caught.value)


def test_one_value_is_held_to_the_rule_of_its_key_alone() -> None:
    check_value(TrunkConfig, "address", "sip:192.0.2.1")
    check_value(CompanyConfig, "numbers", ["2120280001"])
    with pytest.raises(PieceError, match=r"^expected a SIP URI"):
        check_value(TrunkConfig, "address", "http://192.0.2.1")
    with pytest.raises(PieceError, match=r"^expected a list of caller numbers"):
        check_value(CompanyConfig, "numbers", ["12"])


def test_keys_are_those_that_can_be_written_as_one_text() -> None:
    assert "extension" not in keys_of(CompanyConfig)
    assert keys_of(TrunkConfig)["register"] == "true or false"
