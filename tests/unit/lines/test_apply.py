from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.lines.configs import company, config, extension, trunk

from playvoice.config import CallerId, Config, Dtmf, Strategy
from playvoice.lines import Directory, Group, Trunk, apply, tables
from playvoice.lines.trunks import read_trunks
from playvoice.media.g711 import Codec
from playvoice.sip import URI, Credentials
from playvoice.store import Store

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)


def put(store: Store, text: Config, at: datetime = AT) -> None:
    store.write_now(lambda conn: apply(conn, text, at))


def trunks_of(store: Store) -> list[Trunk]:
    return store.read_now(lambda conn: read_trunks(conn, "pbx.example.org"))


def directory_of(store: Store) -> Directory:
    return store.read_now(Directory.read)


def column(store: Store, of: Any) -> list[Any]:
    return store.read_now(lambda conn: list(conn.execute(select(of)).scalars()))


def test_a_trunk_with_every_field_comes_back_as_it_was_written(store: Store) -> None:
    put(
        store,
        config(
            trunks=[
                trunk(
                    address="sip:trunk.example.org:5080;transport=tcp",
                    username="user",
                    password="secret",
                    register=True,
                    codecs=["PCMU"],
                    max_calls=7,
                    calls_per_second=2.5,
                    hosts=["192.0.2.0/28", "2001:db8::1"],
                    proxy="sip:192.0.2.9;lr",
                    strip="+86",
                    prefix="9",
                    from_user="account",
                    from_domain="example.org",
                    caller_id="pai",
                    dtmf="inband",
                    keepalive=0,
                    trunk_timeout=6,
                )
            ]
        ),
    )
    assert trunks_of(store) == [
        Trunk(
            name="carrier",
            address=URI.parse("sip:trunk.example.org:5080;transport=tcp"),
            domain="example.org",
            credentials=Credentials("user", "secret"),
            registers=True,
            codecs=(Codec.PCMU,),
            max_calls=7,
            calls_per_second=2.5,
            hosts=(ip_network("192.0.2.0/28"), ip_network("2001:db8::1/128")),
            proxy=URI.parse("sip:192.0.2.9;lr"),
            strip="+86",
            prefix="9",
            from_user="account",
            caller_id=CallerId.PAI,
            dtmf=Dtmf.INBAND,
            keepalive=0,
            trunk_timeout=6,
        )
    ]


def test_a_trunk_with_two_fields_has_the_defaults(store: Store) -> None:
    put(store, config(trunks=[trunk()]))
    assert trunks_of(store) == [Trunk("carrier", URI.parse("sip:127.0.0.1:5080"), "pbx.example.org")]


def test_the_file_overwrites_what_it_names_and_leaves_the_rest(store: Store) -> None:
    put(store, config(trunks=[trunk(max_calls=7, prefix="9")]))
    put(store, config(trunks=[trunk(max_calls=8)]), LATER)
    (read,) = trunks_of(store)
    assert (read.max_calls, read.prefix) == (8, "9")
    assert column(store, tables.trunks.c.created_at) == [AT]
    assert column(store, tables.trunks.c.updated_at) == [LATER]


def test_trunks_stand_in_the_order_of_the_file_and_others_behind_them(store: Store) -> None:
    put(store, config(trunks=[trunk("a"), trunk("b"), trunk("c")]))
    put(store, config(trunks=[trunk("c"), trunk("d")]))
    assert [item.name for item in trunks_of(store)] == ["c", "d", "a", "b"]


def test_extensions_and_groups_come_back(store: Store) -> None:
    first = company(
        extension=[extension("1001", "one"), extension("1002", "two")],
        group=[{"name": "sales", "strategy": "ring-all", "members": ["1002", "1001"], "ring_time": 5}],
    )
    second = company("2029", group=[{"name": "sales"}])
    put(store, config(companies=[first, second]))
    directory = directory_of(store)
    assert directory.groups == {
        ("2028", "sales"): Group("2028", "sales", Strategy.RING_ALL, ("1002", "1001"), 5, 60),
        ("2029", "sales"): Group("2029", "sales", Strategy.LONGEST_IDLE, (), 20, 60),
    }
    assert directory.password("1001") == "one"
    assert directory.extensions["1002"].company_code == "2028"
    assert directory.password("9999") is None
    assert "two" not in repr(directory.extensions["1002"])


def test_applying_twice_changes_nothing(store: Store) -> None:
    text = config(
        trunks=[trunk()],
        companies=[company(extension=[extension("1001")], group=[{"name": "g", "members": ["1001"]}])],
    )
    put(store, text)
    before = (trunks_of(store), directory_of(store))
    put(store, text, LATER)
    assert (trunks_of(store), directory_of(store)) == before


def test_members_are_replaced_where_the_file_names_them_and_kept_where_not(store: Store) -> None:
    extensions = [extension("1001"), extension("1002")]
    for group, expected in (
        ({"name": "g", "members": ["1001", "1002"], "ring_time": 9}, ("1001", "1002")),
        ({"name": "g", "max_wait": 30}, ("1001", "1002")),
        ({"name": "g", "members": ["1002"]}, ("1002",)),
        ({"name": "g", "members": []}, ()),
    ):
        put(store, config(companies=[company(extension=extensions, group=[group])]))
        assert directory_of(store).groups["2028", "g"].members == expected
    assert directory_of(store).groups["2028", "g"].ring_time == 9
    assert directory_of(store).groups["2028", "g"].max_wait == 30


def test_what_the_file_leaves_out_stays(store: Store) -> None:
    put(store, config(companies=[company(extension=[extension("1001")], group=[{"name": "g"}])]))
    put(store, config())
    assert list(directory_of(store).extensions) == ["1001"]
    assert list(directory_of(store).groups) == [("2028", "g")]


def test_an_extension_that_changes_its_company_leaves_the_groups_of_the_old_one(store: Store) -> None:
    group = {"name": "g", "members": ["1001"]}
    put(store, config(companies=[company(extension=[extension("1001")], group=[group])]))
    put(store, config(companies=[company("2029", extension=[extension("1001")], group=[group])]))
    directory = directory_of(store)
    assert directory.extensions["1001"].company_code == "2029"
    assert directory.groups["2028", "g"].members == ()
    assert directory.groups["2029", "g"].members == ("1001",)


@pytest.mark.parametrize("enabled", [True, False])
def test_an_extension_stays_switched_off_whatever_the_file_says(lines_store: Store, enabled: bool) -> None:
    text = config(companies=[company(extension=[extension("1001")])])
    put(lines_store, text)
    lines_store.write_now(lambda conn: conn.execute(tables.extensions.update().values(enabled=enabled)).rowcount)
    put(lines_store, text)
    assert directory_of(lines_store).password("1001") == ("secret" if enabled else None)
