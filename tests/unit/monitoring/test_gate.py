"""Only those whom the file names are let in, and nobody through a proxy."""

from ipaddress import ip_network

import pytest

from playvoice.config import Config, IPNetwork
from playvoice.monitoring.gate import FORWARDED, Gate

DEFAULT = Gate(lambda: Config().monitoring.allow)


@pytest.mark.parametrize("source", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_let_in_where_nothing_else_is_said(source: str) -> None:
    assert DEFAULT.admits(source, {"host": "127.0.0.1:8080"})


@pytest.mark.parametrize("source", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "", "testclient"])
def test_others_are_not(source: str) -> None:
    assert not DEFAULT.admits(source, {})


@pytest.mark.parametrize("header", sorted(FORWARDED))
def test_what_a_proxy_has_marked_is_not_let_in_though_it_comes_from_this_machine(header: str) -> None:
    assert not DEFAULT.admits("127.0.0.1", {header: ""})


def test_a_list_that_changes_counts_at_once() -> None:
    allowed: list[IPNetwork] = []
    gate = Gate(lambda: allowed)
    assert not gate.admits("192.0.2.10", {})
    allowed.append(ip_network("192.0.2.0/28"))
    assert gate.admits("192.0.2.10", {})
    assert not gate.admits("192.0.2.16", {})
