"""The whole file: what it becomes, and how everything wrong with it is said at once."""

from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playvoice.config import (
    Config,
    ConfigError,
    ListenAddress,
    PortRange,
    Problem,
    RecordPolicy,
    SipListen,
    Strategy,
    load,
)

FILE = """\
[server]
http = "127.0.0.1:8080"
database = "sqlite:///data/playvoice.db"
data_dir = "data"
timezone = "Asia/Shanghai"
public_ip = "127.0.0.1"

[security]
allow_networks = ["127.0.0.0/8"]

[sip]
listen = ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"]
domain = "127.0.0.1"
[rtp]
ports = "10000-29999"

[[trunk]]
name = "carrier"
address = "sip:127.0.0.1:5080;transport=udp"

[[company]]
code = "2028"
name = "Demo"
appid = "demo-appid"
accesskey = "demo-accesskey"
cdr_callback = "http://127.0.0.1:9000/cdr"
status_callback = "http://127.0.0.1:9000/status"
numbers = ["2120280001", "2120280002"]
voice_dir = "voices"

  [[company.extension]]
  number = "20280003"
  password = "hunter2"
  [[company.group]]
  name = "extGroup-1"
  strategy = "ring-all"
  members = ["20280003"]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "voices").mkdir()
    return tmp_path / "playvoice.toml"


def read(path: Path, text: str, environ: dict[str, str] | None = None) -> Config:
    path.write_text(text)
    return load(path, environ or {})


def problems(path: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(path, text, environ)
    return [str(problem) for problem in refused.value.problems]


def test_the_file_of_the_documentation_is_read_as_it_stands(path: Path) -> None:
    config = read(path, FILE)
    assert config.server.http == ListenAddress("127.0.0.1", 8080)
    assert config.server.timezone.key == "Asia/Shanghai"
    assert config.security.allow_networks == (ip_network("127.0.0.0/8"),)
    assert config.sip.listen == (SipListen("udp", "127.0.0.1", 5060), SipListen("tcp", "127.0.0.1", 5060))
    assert config.rtp.ports == PortRange(10_000, 29_999)
    (trunk,) = config.trunks
    assert (trunk.name, trunk.max_calls, trunk.calls_per_second, trunk.codecs) == ("carrier", 30, 5.0, ("PCMA", "PCMU"))
    (company,) = config.companies
    assert company.record is RecordPolicy.ALWAYS
    assert company.extensions[0].number == "20280003"
    assert company.groups[0].strategy is Strategy.RING_ALL
    assert (company.groups[0].ring_time, company.groups[0].max_wait) == (20, 60)


def test_an_empty_file_is_a_server_with_all_defaults(path: Path) -> None:
    config = read(path, "")
    assert config.server.http == ListenAddress("127.0.0.1", 8080)
    assert config.server.stop_timeout == 5
    assert (config.trunks, config.companies) == ((), ())


def test_relative_paths_are_relative_to_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    config = read(path, FILE)
    assert config.server.database == f"sqlite:///{path.parent}/data/playvoice.db"
    assert config.server.data_dir == path.parent / "data"
    assert config.companies[0].voice_dir == path.parent / "voices"


def test_absolute_paths_and_other_databases_stay(path: Path) -> None:
    config = read(path, '[server]\ndatabase = "sqlite:////srv/a.db"\ndata_dir = "/srv/data"')
    assert (config.server.database, config.server.data_dir) == ("sqlite:////srv/a.db", Path("/srv/data"))
    assert read(path, '[server]\ndatabase = "postgresql://u@h/db"').server.database == "postgresql://u@h/db"


def test_addresses_that_are_not_named_follow_from_those_that_are(path: Path) -> None:
    config = read(path, '[sip]\nlisten = ["udp:192.0.2.1:5060"]')
    assert (config.rtp.address, config.sip.domain, config.server.public_ip) == ("192.0.2.1",) * 3
    behind_nat = read(path, '[sip]\nlisten = ["udp:10.0.0.5:5060"]\nexternal_address = "203.0.113.7"')
    assert (behind_nat.rtp.address, behind_nat.server.public_ip) == ("10.0.0.5", "203.0.113.7")
    assert behind_nat.sip.domain == "203.0.113.7", "the outside sees no private address in From"
    ipv6 = read(path, '[sip]\nlisten = ["udp:[2001:db8::1]:5060"]')
    assert (ipv6.rtp.address, ipv6.sip.domain, ipv6.server.public_ip) == ("2001:db8::1", "[2001:db8::1]", "2001:db8::1")


def test_the_environment_wins_over_the_file(path: Path) -> None:
    config = read(
        path,
        FILE,
        {
            "PLAYVOICE_SERVER__HTTP": "0.0.0.0:0",
            "PLAYVOICE_SERVER__STOP_TIMEOUT": "3",
            "PLAYVOICE_SECURITY__ALLOW_NETWORKS": '["10.0.0.0/8"]',
            "PLAYVOICE_COMPANY__2028__ACCESSKEY": "from outside",
            "PLAYVOICE_COMPANY__2028__LICENSED_UNTIL": "2030-12-31",
            "PLAYVOICE_TRUNK__CARRIER__MAX_CALLS": "7",
            "PLAYVOICE_REQUIRE_PEERS": "1",
            "HOME": "/root",
        },
    )
    assert config.server.http == ListenAddress("0.0.0.0", 0)
    assert config.server.stop_timeout == 3
    assert config.security.allow_networks == (ip_network("10.0.0.0/8"),)
    assert config.companies[0].accesskey == "from outside"
    assert config.companies[0].licensed_until == date(2030, 12, 31)
    assert config.trunks[0].max_calls == 7


def test_what_is_wrong_in_the_environment_is_said_by_the_name_of_the_variable(path: Path) -> None:
    assert problems(
        path,
        FILE,
        {
            "PLAYVOICE_SERVER__HTTP": "nowhere",
            "PLAYVOICE_SERVER__HTPP": "127.0.0.1:1",
            "PLAYVOICE_SERVERS__HTTP": "127.0.0.1:1",
            "PLAYVOICE_SIP__LISTEN": "[udp",
        },
    ) == [
        "PLAYVOICE_SERVERS__HTTP: sets nothing; expected PLAYVOICE_SECTION__KEY with one of monitoring, retention, rtp,"
        " security, server, sip, trace, PLAYVOICE_TRUNK__NAME__KEY or PLAYVOICE_COMPANY__CODE__KEY with one that the"
        " file has",
        "PLAYVOICE_SERVER__HTPP: is unknown; did you mean http?",
        "PLAYVOICE_SERVER__HTTP: can't be 'nowhere'; expected HOST:PORT, as in \"127.0.0.1:8080\"",
        "PLAYVOICE_SIP__LISTEN: can't be '[udp'; expected a list of addresses, as in"
        ' ["udp:192.0.2.1:5060", "tcp:192.0.2.1:5060"]',
    ]


def test_a_registration_that_the_environment_switches_on_needs_an_account_as_well(path: Path) -> None:
    (problem,) = problems(path, FILE, {"PLAYVOICE_TRUNK__CARRIER__REGISTER": "True"})
    assert "is true; expected username and password beside it" in problem


def test_what_begins_with_a_bracket_in_the_environment_need_be_no_list(path: Path) -> None:
    config = read(
        path,
        FILE,
        {"PLAYVOICE_SERVER__HTTP": "[::1]:8080", "PLAYVOICE_COMPANY__2028__ACCESSKEY": "[secret"},
    )
    assert config.server.http == ListenAddress("::1", 8080)
    assert config.companies[0].accesskey == "[secret"


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_file(path: Path) -> None:
    text = (
        FILE.replace('"127.0.0.1:8080"', "8080")
        .replace("ports =", "prots =")
        .replace('code = "2028"', 'code = "0028"')
        .replace('appid = "demo-appid"\n', "")
        .replace('"extGroup-1"', '"a,b"')
        .replace('members = ["20280003"]', 'members = ["20280009"]')
    )
    assert problems(path, text) == [
        'line 2, server.http: can\'t be 8080; expected HOST:PORT, as in "127.0.0.1:8080"',
        "line 15, rtp.prots: is unknown; did you mean ports?",
        "line 21, company.appid: is missing; expected 1 to 64 printable ASCII characters",
        "line 22, company.code: can't be '0028'; expected 1 to 9 digits in quotes that begin with no 0, as in \"2028\"",
        "line 34, company.group.name: can't be 'a,b';"
        " expected a name of up to 64 characters without comma, @ and white space",
        "line 36, company.group.members: extension '20280009' is none of this company's;"
        " expected a [[company.extension]]",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('domain = "127.0.0.1"', 'doman = "x"', "line 13, sip.doman: is unknown; did you mean domain?"),
        ("[rtp]", "[rpt]", "line 14, rpt: is unknown; did you mean rtp?"),
        ("[[trunk]]", "[trunk]", "line 17, trunk: can't be a table; expected [[trunk]]"),
        ('"udp:127.0.0.1:5060"', '"tls:127.0.0.1:5061"', "can't be 'tls:127.0.0.1:5061'"),
        ('"udp:127.0.0.1:5060"', '"udp:localhost:5060"', "can't be 'udp:localhost:5060'"),
        ('"10000-29999"', '"80-90"', "line 15, rtp.ports: can't be '80-90'"),
        ('"10000-29999"', '"20001-20002"', "can't be '20001-20002'"),
        ('"Asia/Shanghai"', '"Asia/Nowhere"', "line 5, server.timezone: can't be 'Asia/Nowhere'"),
        ('"Asia/Shanghai"', '"../etc/passwd"', "server.timezone: can't be '../etc/passwd'"),
        ('"127.0.0.0/8"', '"127.0.0.1/8"', "security.allow_networks: can't be '127.0.0.1/8'"),
        ('public_ip = "127.0.0.1"', 'public_ip = "0.0.0.0"', "server.public_ip: can't be '0.0.0.0'"),
        ('"sip:127.0.0.1:5080;transport=udp"', '"sips:a.example"', "trunk.address: can't be 'sips:a.example'"),
        ('"sip:127.0.0.1:5080;transport=udp"', '"sip:a;transport=tls"', "can't be 'sip:a;transport=tls'"),
        ('name = "carrier"', 'name = "carrier"\nregister = true', "register: is true; expected username and password"),
        (
            'name = "carrier"',
            'name = "carrier"\nmax_calls = 0',
            "max_calls: can't be 0; expected how many calls at once",
        ),
        ('name = "carrier"', 'name = "carrier"\ncodecs = ["PCMA", "PCMA"]', "codecs: can't be"),
        (
            '"http://127.0.0.1:9000/cdr"',
            '"ftp://a/"',
            "cdr_callback: can't be 'ftp://a/'; expected an http or https URL",
        ),
        ('"http://127.0.0.1:9000/cdr"', '"http:///x"', "cdr_callback: can't be 'http:///x'"),
        ('"2120280002"', "2120280002", "numbers: can't be 2120280002; expected a list of caller numbers in quotes"),
        ('"2120280002"', '"2120280001"', "'2120280001' is taken by company 1, number 1; expected another"),
        ('voice_dir = "voices"', 'voice_dir = "gone"', "voice_dir: can't be"),
        ('voice_dir = "voices"', f'voice_dir = "{"x" * 300}"', "voice_dir: can't be"),  # none that can be looked at
        ('voice_dir = "voices"', 'trunks = ["other"]', "there is no trunk 'other'; expected the name of a [[trunk]]"),
        ('voice_dir = "voices"', 'record = "sometimes"', "record: can't be 'sometimes'; expected true, false"),
        ('voice_dir = "voices"', 'key_time = "soon"', "key_time: can't be 'soon'; expected whole seconds"),
        ('voice_dir = "voices"', 'callback_fields = ["moon"]', "can't be 'moon'; expected any of"),
        (
            '"20280003"\n  password',
            '"ext-3"\n  password',
            "number: can't be 'ext-3'; expected 2 to 32 digits in quotes",
        ),
        ('members = ["20280003"]', 'members = ["20280003", "20280003"]', "is taken by member 1 of this group"),
        ('"ring-all"', '"loudest"', "strategy: can't be 'loudest'; expected"),
    ],
)
def test_one_thing_that_is_wrong_is_named_with_what_was_expected(path: Path, old: str, new: str, problem: str) -> None:
    assert old in FILE
    found = problems(path, FILE.replace(old, new, 1))
    assert any(problem in text for text in found), found


def test_what_must_be_unique_in_the_installation_is_checked_over_companies(path: Path) -> None:
    second = FILE[FILE.index("[[company]]") :]
    found = problems(path, FILE + second)
    for what in ("code '2028'", "appid 'demo-appid'", "number '2120280001'", "extension number '20280003'"):
        assert any(f"{what} is taken by company 1" in text for text in found), found
    assert not any("group" in text for text in found), "a group's name is unique in its company only"


def test_two_trunks_of_one_name_are_refused(path: Path) -> None:
    trunk = '[[trunk]]\nname = "a"\naddress = "sip:192.0.2.1"\n'
    assert problems(path, trunk * 2) == ["line 5, trunk.name: the trunk name 'a' is taken by trunk 1; expected another"]


def test_a_wildcard_needs_an_address_for_audio_beside_it(path: Path) -> None:
    text = '[sip]\nlisten = ["udp:0.0.0.0:5060"]\n'
    assert problems(path, text) == [
        "line 2, sip.listen: 'udp:0.0.0.0:5060' says no address that audio could be sent to;"
        " expected address in [rtp] beside it"
    ]
    assert read(path, f'{text}[rtp]\naddress = "192.0.2.1"').sip.domain == "192.0.2.1"


def test_a_wildcard_needs_one_of_its_own_family(path: Path) -> None:
    text = '[sip]\nlisten = ["udp:0.0.0.0:5060", "udp:[::]:5060"]\n'
    for address, wildcard in (("192.0.2.1", "udp:[::]:5060"), ("2001:db8::1", "udp:0.0.0.0:5060")):
        (told,) = problems(path, f'{text}[rtp]\naddress = "{address}"')
        assert told == (
            f"line 2, sip.listen: {wildcard!r} says no address to be reached at, "
            "and that in [rtp] is of the other family; expected the address itself"
        )
    assert read(path, '[sip]\nlisten = ["udp:[::]:5060"]\n[rtp]\naddress = "2001:db8::1"').sip.domain == "[2001:db8::1]"


@pytest.mark.parametrize(
    ("listen", "keys", "problem"),
    [
        ("udp", 'address = "sip:192.0.2.1;transport=TCP"', "5, trunk.address: is reached over tcp"),
        ("tcp", 'address = "sip:192.0.2.1"', "5, trunk.address: is reached over udp"),
        (
            "udp",
            'address = "sip:192.0.2.1"\nproxy = "sip:192.0.2.9;transport=tcp;lr"',
            "6, trunk.proxy: is reached over tcp",
        ),
    ],
)
def test_a_trunk_needs_its_transport_among_what_is_listened_on(
    path: Path, listen: str, keys: str, problem: str
) -> None:
    text = f'[sip]\nlisten = ["{listen}:192.0.2.7:5060"]\n[[trunk]]\nname = "a"\n{keys}\n'
    transport = problem[-3:]
    (told,) = problems(path, text)
    assert told == f"line {problem}; expected a {transport}: address in [sip] listen"
    assert read(path, text.replace('5060"]', f'5060", "{transport}:192.0.2.7:5060"]')).trunks


@pytest.mark.parametrize("key", ["username", "from_user", "from_domain", "strip", "prefix"])
@pytest.mark.parametrize("value", ["1\\r\\nEvil: 1", "1\\u0000", "1\\u007f"])
def test_nothing_that_could_end_a_header_gets_into_a_trunk(path: Path, key: str, value: str) -> None:
    (told,) = problems(path, f'[[trunk]]\nname = "a"\naddress = "sip:192.0.2.1"\n{key} = "{value}"\n')
    assert told.startswith(f"line 4, trunk.{key}: can't be ")


@pytest.mark.parametrize("address", ["sips:192.0.2.1", "sip:192.0.2.1;transport=tls"])
def test_a_trunk_over_tls_is_refused_in_words(path: Path, address: str) -> None:
    (told,) = problems(path, f'[[trunk]]\nname = "a"\naddress = "{address}"\n')
    assert told.startswith(f"line 3, trunk.address: can't be '{address}'; expected a SIP URI over UDP or TCP")
    assert told.endswith("there is no TLS, and no sips:")


@pytest.mark.parametrize("key", ["accesskey", "password", "signing_secret", "database"])
def test_a_secret_never_appears_in_a_problem(path: Path, key: str) -> None:
    text = FILE.replace("demo-accesskey", "s3cret" * 50).replace("hunter2", "s3cret" * 50)
    text = text.replace('code = "2028"', 'code = "2028"\nsigning_secret = "s3cret"')
    text = text.replace("sqlite:///data", "mysql://user:s3cret@")
    found = problems(path, text)
    assert any(key in problem for problem in found)
    assert not any("s3cret" in problem for problem in found)


@pytest.mark.parametrize(
    "text",
    [
        '[[server]]\ndatabase = "postgresql://user:s3cret@host/db"\n',
        'company = [["2028", {accesskey = "s3cret"}]]\n',
        '[[trunk]]\nname = "a"\naddress = [{password = "s3cret"}]\n',
    ],
)
def test_a_secret_in_a_table_that_stands_at_a_wrong_place_is_not_shown(path: Path, text: str) -> None:
    (told, *_) = problems(path, text)
    assert "can't be a list of tables; expected" in told
    assert "s3cret" not in told


@pytest.mark.parametrize("key", [" demo-accesskey", "demo-accesskey\\n", " "])
def test_an_access_key_that_no_login_could_give_is_refused(path: Path, key: str) -> None:
    """Login leaves white space around a value out."""
    (told,) = problems(path, FILE.replace("demo-accesskey", key))
    assert told.startswith("line 25, company.accesskey: can't be used; expected a key of 1 to 255 characters without")


def test_a_secret_stands_in_no_repr(path: Path) -> None:
    text = repr(read(path, FILE.replace('"carrier"', '"carrier"\nusername = "u"\npassword = "hunter2"')))
    assert "hunter2" not in text
    assert "demo-accesskey" not in text


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        (b'[server]\nhttp = "127.0.0.1:8080\n', "line 2: is no TOML: "),
        (b"[server\n", "line 1: is no TOML: "),
        (b"a = [1,\n\n", "line 3: is no TOML: "),
        (b"a = 1\na = 2\n", "line 2: is no TOML: "),
        (b"# ok\n# \xff\n", "line 2: is no UTF-8; expected a text in UTF-8"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_line(path: Path, octets: bytes, problem: str) -> None:
    path.write_bytes(octets)
    with pytest.raises(ConfigError) as refused:
        load(path, {})
    assert problem in str(refused.value)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"playvoice\.toml can't be used:\n  the file can't be read: No such file"):
        load(tmp_path / "playvoice.toml", {})


VALUES = st.sampled_from(
    ["1", "-1", "1.5", '""', '"x"', "true", "[]", "[1]", '["a"]', "{}", "[{}]", "1979-05-27", '{a = "b"}', "nan"]
)
KEYS = st.sampled_from(
    ["server", "sip", "rtp", "security", "trunk", "company", "server.http", "sip.listen", "rtp.address", "company.code"]
)


@settings(max_examples=150)
@given(st.lists(st.tuples(KEYS, VALUES), max_size=4))
def test_a_file_of_any_shape_is_read_or_refused_with_problems(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "shape.toml"
    found: list[Problem] = []
    try:
        read(path, "\n".join(f"{key} = {value}" for key, value in entries))
    except ConfigError as error:
        found = error.problems
    assert all(problem.message for problem in found)
