from pathlib import Path

import pytest

from playvoice.commands.init.guesses import (
    local_zone,
    may_be_behind_nat,
    networks_beside,
    networks_to_allow,
    own_address,
)


def test_towards_loopback_we_are_at_loopback() -> None:
    assert own_address("127.0.0.1") == "127.0.0.1"
    assert own_address("[::1]") == "::1"


def test_towards_a_name_we_are_where_the_internet_is() -> None:
    assert own_address("sip.example.com") == own_address("192.0.2.1")


@pytest.mark.parametrize(
    ("address", "behind"),
    [
        ("10.0.0.5", True),
        ("100.64.0.1", True),
        ("fd00::1", True),
        ("127.0.0.1", False),
        ("9.9.9.9", False),
        ("::1", False),
    ],
)
def test_only_an_address_that_the_internet_can_not_reach_may_be_behind_a_nat(address: str, behind: bool) -> None:
    assert may_be_behind_nat(address) is behind


def test_who_is_beside_us_is_in_our_private_network() -> None:
    assert networks_beside("10.1.2.3") == ["10.0.0.0/8", "127.0.0.0/8"]
    assert networks_beside("172.20.0.1") == ["172.16.0.0/12", "127.0.0.0/8"]
    assert networks_beside("9.9.9.9") == ["127.0.0.0/8"]


@pytest.mark.parametrize(
    ("urls", "networks"),
    [
        ([None, "https://crm.example.com/x"], []),
        (["http://127.0.0.1:9/a", "http://127.9.9.9/b"], ["127.0.0.0/8"]),
        (["http://localhost/a"], ["127.0.0.0/8", "::1"]),
        (["http://10.0.0.7/a", "http://[fd00::7]:8/b", "http://9.9.9.9/"], ["10.0.0.7", "fd00::7"]),
    ],
)
def test_private_addresses_of_callbacks_are_allowed_and_nothing_else(
    urls: list[str | None], networks: list[str]
) -> None:
    assert networks_to_allow(urls) == networks


def zone(tmp_path: Path, *, timezone: str | None = None, localtime: str | None = None, tz: str | None = None) -> str:
    if timezone is not None:
        (tmp_path / "timezone").write_text(timezone)
    if localtime is not None:
        (tmp_path / "localtime").symlink_to(localtime)
    return local_zone([("TZ", tz)] if tz is not None else [], tmp_path)


def test_the_time_zone_is_found_where_machines_keep_it(tmp_path: Path) -> None:
    for number, (fields, name) in enumerate(
        [
            ({"tz": ":Europe/Berlin", "timezone": "Asia/Tokyo\n"}, "Europe/Berlin"),
            ({"timezone": "Asia/Tokyo\n"}, "Asia/Tokyo"),
            ({"localtime": "/usr/share/zoneinfo/Asia/Shanghai"}, "Asia/Shanghai"),
            ({"tz": "CET-1CEST", "localtime": "/usr/share/zoneinfo/Asia/Shanghai"}, "Asia/Shanghai"),
            ({"timezone": "../../etc/passwd"}, "UTC"),
            ({}, "UTC"),
        ]
    ):
        etc = tmp_path / str(number)
        etc.mkdir()
        assert zone(etc, **fields) == name
