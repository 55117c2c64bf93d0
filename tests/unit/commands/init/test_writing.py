"""Whatever was answered, the file can be read, says what was answered, and has every option there is."""

import itertools
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.unit.config.test_example import SECTIONS, options, sections

from playvoice.commands.init.answers import Account, Answers, access_key, phone_password, signing_secret
from playvoice.commands.init.writing import text
from playvoice.config import Config, load
from playvoice.config.values import signing_secret as read_secret

_OPTION = re.compile(r"^# ([a-z_]+ = .*)$", re.MULTILINE)

TRUNKS = ("sip:127.0.0.1:5080", "sip:sip.example.com;transport=tcp")
ACCOUNTS = (None, Account("8610", 'odd "password" \\ # \x7f 密码'))
NATS = (None, "203.0.113.7")
PHONES = (("20280003",), ("20280003", "20280004"))
CALLBACKS = (None, "http://10.0.0.7/x", "https://crm.example.com/x")
COMBINATIONS = list(itertools.product(TRUNKS, ACCOUNTS, NATS, PHONES, CALLBACKS))


def answers(**fields: Any) -> Answers:
    return Answers(
        **{
            "trunk": TRUNKS[0],
            "account": None,
            "listen": "10.0.0.5",
            "sip_port": 5060,
            "external_address": None,
            "rtp_ports": "10000-29999",
            "http": "127.0.0.1:8080",
            "timezone": "Asia/Shanghai",
            "code": "2028",
            "name": 'Ärzte "& Söhne" 公司',
            "numbers": ("2120280001",),
            "extensions": ("20280003",),
            "group": "extGroup-1",
            "cdr_callback": None,
            "status_callback": None,
            "voice_dir": "voices",
            **fields,
        }
    )


def written(made: Answers, folder: Path) -> Config:
    (folder / made.voice_dir).mkdir(exist_ok=True)
    path = folder / "playvoice.toml"
    path.write_text(text(made, {number: f"password of {number}" for number in made.extensions}), encoding="utf-8")
    return load(path, {})


@pytest.mark.parametrize(("trunk", "account", "external", "phones", "callback"), COMBINATIONS)
def test_every_combination_can_be_read_and_says_what_was_answered(
    tmp_path: Path,
    trunk: str,
    account: Account | None,
    external: str | None,
    phones: tuple[str, ...],
    callback: str | None,
) -> None:
    made = answers(
        trunk=trunk,
        account=account,
        external_address=external,
        extensions=phones,
        cdr_callback=callback,
        status_callback=callback,
    )
    config = written(made, tmp_path)
    (the_trunk,), (company,) = config.trunks, config.companies
    assert the_trunk.address == trunk
    assert the_trunk.register_ is (account is not None)
    assert the_trunk.password == (account.password if account else None)
    assert config.sip.external_address == external
    assert config.server.public_ip == (external or "10.0.0.5")
    assert bool(config.sip.local_networks) is bool(external)
    assert [str(each) for each in config.security.allow_networks] == (
        ["10.0.0.7/32"] if callback == CALLBACKS[1] else []
    )
    assert (company.cdr_callback, company.status_callback) == (callback, callback)
    assert (company.name, company.accesskey) == (made.name, made.accesskey)
    assert {phone.number: phone.password for phone in company.extensions} == {
        each: f"password of {each}" for each in phones
    }
    assert company.groups[0].members == phones


def test_ipv6_is_written_in_brackets_where_it_has_to_be(tmp_path: Path) -> None:
    config = written(answers(listen="2001:db8::5", trunk="sip:[2001:db8::9]", http="[::1]:8080"), tmp_path)
    assert [each.host for each in config.sip.listen] == ["2001:db8::5"] * 2
    assert config.sip.domain == "[2001:db8::5]"
    assert config.rtp.address == "2001:db8::5"


@pytest.mark.parametrize("name", SECTIONS)
@pytest.mark.parametrize("behind_nat", [False, True])
def test_each_option_stands_in_its_section_with_what_it_means(name: str, behind_nat: bool) -> None:
    nat = "203.0.113.7" if behind_nat else None
    section = sections(text(answers(external_address=nat), {"20280003": "secret"}))[name]
    active = tomllib.loads(_OPTION.sub(r"\1", section))
    assert set(active) == set(options(SECTIONS[name]))
    assert all(re.search(r" # \S", line) for line in section.splitlines() if " = " in line)


@pytest.mark.parametrize("name", SECTIONS)
def test_what_is_commented_out_is_the_default_or_says_that_there_is_none(name: str) -> None:
    section = sections(text(answers(), {"20280003": "secret"}))[name]
    known = options(SECTIONS[name])
    for line in _OPTION.findall(section):
        ((key, value),) = tomllib.loads(line).items()
        default = known[key].default
        if default in (None, "", ()) or key == "public_ip":
            assert "# none by default" in line, key
        else:
            assert ([str(each) for each in default] if isinstance(default, tuple) else default) == value, key


def test_secrets_are_made_at_random_and_can_be_used() -> None:
    made = [(access_key(), phone_password(), signing_secret()) for _ in range(50)]
    assert len({secret for each in made for secret in each}) == 150
    assert all(len(key) == 32 and len(password) == 16 for key, password, _ in made)
    assert all(read_secret(secret) == secret for *_, secret in made)


def test_secrets_are_not_in_a_repr() -> None:
    made = answers(account=Account("8610", "very secret"))
    assert "very secret" not in repr(made)
    assert made.accesskey not in repr(made)
    assert made.signing_secret not in repr(made)
