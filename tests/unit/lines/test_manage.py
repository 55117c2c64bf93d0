"""Trunks, extensions and groups, one at a time."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection
from tests.unit.lines import configs

from playvoice.config import ExtensionConfig, GroupConfig, TrunkConfig
from playvoice.config.pieces import changed_piece, new_piece
from playvoice.lines import LinesError, apply, manage
from playvoice.store import Store

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _lines(store: Store) -> None:
    """Two trunks, and two companies with an extension and a group each."""
    described = configs.config(
        trunks=[configs.trunk("a"), configs.trunk("b")],
        companies=[
            configs.company(
                code,
                extension=[configs.extension(f"{code}0001")],
                group=[{"name": "sales", "members": [f"{code}0001"]}],
            )
            for code in ("2028", "9017")
        ],
    )
    store.write_now(lambda conn: apply(conn, described, NOW))


def names(store: Store) -> list[str]:
    return [row["name"] for row in store.read_now(manage.list_trunks)]


def test_a_trunk_that_is_added_is_tried_last(store: Store) -> None:
    trunk = new_piece(TrunkConfig, {"name": "aa", "address": "sip:192.0.2.1", "hosts": "192.0.2.0/28"})
    store.write_now(lambda conn: manage.add_trunk(conn, trunk, NOW))
    assert names(store) == ["a", "b", "aa"]
    (row,) = store.read_now(lambda conn: manage.list_trunks(conn, "aa"))
    assert (row["hosts"], row["register"], row["codecs"]) == (["192.0.2.0/28"], False, ["PCMA", "PCMU"])
    assert "password" not in row
    with pytest.raises(LinesError, match="there is a trunk 'aa' already"):
        store.write_now(lambda conn: manage.add_trunk(conn, trunk, NOW))


def test_a_changed_trunk_keeps_its_place_and_the_rest(store: Store) -> None:
    change = changed_piece(TrunkConfig, {"max_calls": "3"})
    store.write_now(lambda conn: manage.change_trunk(conn, "a", change, NOW))
    row = store.read_now(manage.list_trunks)[0]
    assert (row["name"], row["max_calls"], row["address"]) == ("a", 3, "sip:127.0.0.1:5080")


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"register": "true"}, "register is true; expected username"), ({"password": "x"}, "username is missing")],
)
def test_a_trunk_that_could_not_log_in_is_refused(store: Store, fields: dict[str, str], said: str) -> None:
    with pytest.raises(LinesError, match=said):
        store.write_now(lambda conn: manage.change_trunk(conn, "a", changed_piece(TrunkConfig, fields), NOW))
    assert store.read_now(manage.list_trunks)[0]["register"] is False


def test_trunks_that_there_are_not_are_told(store: Store) -> None:
    assert store.read_now(lambda conn: manage.missing_trunks(conn, ["a", "x", "y"])) == ["x", "y"]
    store.write_now(lambda conn: manage.remove_trunk(conn, "a"))
    assert names(store) == ["b"]


def test_an_extension_is_listed_with_its_groups(store: Store) -> None:
    rows = store.read_now(lambda conn: manage.list_extensions(conn, "2028"))
    assert rows == [{"number": "20280001", "company": "2028", "enabled": True, "groups": ["sales"]}]


def test_an_extension_is_added_changed_and_removed(store: Store) -> None:
    new = new_piece(ExtensionConfig, {"number": "20280002", "password": "x"})
    store.write_now(lambda conn: manage.add_extension(conn, "2028", new, NOW))
    with pytest.raises(LinesError, match="extension 20280002 belongs to company 2028 already"):
        store.write_now(lambda conn: manage.add_extension(conn, "9017", new, NOW))
    store.write_now(lambda conn: manage.change_extension(conn, "20280002", NOW, enabled=False))
    assert not store.read_now(lambda conn: manage.list_extensions(conn, "2028"))[1]["enabled"]
    store.write_now(lambda conn: manage.remove_extension(conn, "20280002"))
    assert len(store.read_now(lambda conn: manage.list_extensions(conn, "2028"))) == 1


def test_a_removed_extension_leaves_its_groups(store: Store) -> None:
    store.write_now(lambda conn: manage.remove_extension(conn, "20280001"))
    assert store.read_now(lambda conn: manage.list_groups(conn, "2028"))[0]["members"] == []


def test_a_group_takes_only_extensions_of_its_company(store: Store) -> None:
    group = new_piece(GroupConfig, {"name": "more", "members": "20280001,90170001"})
    with pytest.raises(LinesError, match="extension 90170001 is none of company 2028's"):
        store.write_now(lambda conn: manage.add_group(conn, "2028", group, NOW))


def test_a_group_is_added_changed_and_removed(store: Store) -> None:
    group = new_piece(GroupConfig, {"name": "more", "ring_time": "7"})
    store.write_now(lambda conn: manage.add_group(conn, "2028", group, NOW))
    change = changed_piece(GroupConfig, {"members": "20280001"})
    store.write_now(lambda conn: manage.change_group(conn, "2028", "more", change, NOW))
    (row,) = store.read_now(lambda conn: manage.list_groups(conn, "2028", "more"))
    assert (row["ring_time"], row["members"], row["strategy"]) == (7, ["20280001"], "longest-idle")
    store.write_now(lambda conn: manage.remove_group(conn, "2028", "more"))
    assert [row["name"] for row in store.read_now(lambda conn: manage.list_groups(conn, "2028"))] == ["sales"]


def test_all_of_a_company_goes_and_nothing_of_another(store: Store) -> None:
    store.write_now(lambda conn: manage.remove_all_of(conn, "2028"))
    assert store.read_now(lambda conn: manage.list_groups(conn, "2028")) == []
    assert [row["number"] for row in store.read_now(manage.list_extensions)] == ["90170001"]


def test_what_there_is_not_is_told(store: Store) -> None:
    refused: list[Callable[[Connection], object]] = [
        lambda conn: manage.list_trunks(conn, "x"),
        lambda conn: manage.change_trunk(conn, "x", changed_piece(TrunkConfig, {"prefix": "9"}), NOW),
        lambda conn: manage.remove_trunk(conn, "x"),
        lambda conn: manage.change_extension(conn, "x", NOW),
        lambda conn: manage.remove_extension(conn, "x"),
        lambda conn: manage.change_group(conn, "2028", "x", changed_piece(GroupConfig, {"ring_time": "9"}), NOW),
        lambda conn: manage.remove_group(conn, "2028", "x"),
    ]
    for work in refused:
        with pytest.raises(LinesError, match=r"there is no|has no"):
            store.write_now(work)
