import json
from typing import Any

import pytest
from tests.unit.commands.doctor.world import configuration

from playvoice.commands.doctor.finding import Outcome
from playvoice.commands.doctor.firewall import Ports, Rules, judge, read_iptables, read_nft, wanted

SIP, RTP = Ports("udp", 5060, 5060), Ports("udp", 10_000, 29_999)

IPTABLES = """\
*filter
:INPUT DROP [0:0]
:ufw-user-input - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p udp -m udp --dport 5060 -j ACCEPT
-A ufw-user-input -p udp -m multiport --dports 10000:29999,7000 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j DROP
COMMIT
"""


def chain(policy: str = "drop") -> dict[str, Any]:
    return {"chain": {"family": "inet", "table": "filter", "name": "input", "hook": "input", "policy": policy}}


def rule(*expressions: Any, name: str = "input") -> dict[str, Any]:
    return {"rule": {"family": "inet", "table": "filter", "chain": name, "expr": list(expressions)}}


def dport(right: Any, protocol: str = "udp") -> dict[str, Any]:
    return {"match": {"op": "==", "left": {"payload": {"protocol": protocol, "field": "dport"}}, "right": right}}


ACCEPT: dict[str, Any] = {"accept": None}
DROP: dict[str, Any] = {"drop": None}


def nft(*entries: dict[str, Any]) -> str:
    return json.dumps({"nftables": [{"metainfo": {"version": "1.0.6"}}, *entries]})


def test_iptables_are_read_with_ranges_and_lists_and_chains_of_users() -> None:
    rules = Rules()
    read_iptables(IPTABLES, rules)
    assert rules.drops
    assert rules.accepted == {SIP, RTP, Ports("udp", 7000, 7000)}


@pytest.mark.parametrize("line", [":INPUT ACCEPT [0:0]", "-A INPUT -s 192.0.2.1/32 -j DROP", "-A FORWARD -j DROP"])
def test_rules_that_keep_nobody_out_are_none(line: str) -> None:
    rules = Rules()
    read_iptables(line, rules)
    assert not rules.drops


def test_a_last_rule_that_drops_is_as_good_as_a_policy() -> None:
    rules = Rules()
    read_iptables(":INPUT ACCEPT [0:0]\n-A INPUT -j REJECT --reject-with icmp-port-unreachable", rules)
    assert rules.drops
    again = Rules()
    read_nft({"nftables": [chain("accept"), rule({"counter": {}}, DROP)]}, again)
    assert again.drops


def test_nft_rules_are_read_with_ranges_sets_and_both_protocols() -> None:
    entries = [
        chain(),
        rule(dport(5060), ACCEPT),
        rule(dport({"set": [{"range": [10000, 29999]}, 7000]}), ACCEPT),
        rule(dport(9, "th"), ACCEPT),
        rule(dport(23, "tcp"), DROP),
        rule({"match": {"op": "==", "left": {"meta": {"key": "iif"}}, "right": "lo"}}, ACCEPT),
        rule(dport("@ports"), ACCEPT),
    ]
    rules = Rules()
    read_nft({"nftables": entries}, rules)
    assert rules.drops
    assert rules.accepted == {SIP, RTP, Ports("udp", 7000, 7000), Ports("udp", 9, 9), Ports("tcp", 9, 9)}


def test_what_drops_elsewhere_keeps_nobody_out() -> None:
    rules = Rules()
    read_nft({"nftables": [chain("accept"), rule(DROP, name="forward"), rule({"xt": None}, DROP)]}, rules)
    assert not rules.drops


def test_ports_that_a_rule_accepts_are_fine_and_others_are_told_with_the_command() -> None:
    found = judge([SIP, RTP], [nft(chain(), rule(dport(5060), ACCEPT))])
    assert found.outcome is Outcome.WARNING
    assert found.seen.endswith("no rule was found for udp 10000-29999")
    assert "udp dport 10000-29999 accept" in found.do
    both = judge([SIP, RTP], [nft(chain(), rule(dport(5060), ACCEPT)), IPTABLES])
    assert both.outcome is Outcome.OK


def test_what_stands_before_the_machine_is_said_not_to_be_seen() -> None:
    found = judge([SIP], [nft(chain("accept"))])
    assert found.outcome is Outcome.OK
    assert "seen only from outside" in found.do
    assert "tcpdump -ni any udp port 5060" in found.do


def test_rules_that_may_not_be_read_are_no_verdict() -> None:
    found = judge([SIP], [None, IPTABLES])
    assert found.outcome is Outcome.OK
    assert "by root only" in found.seen
    assert "sudo" in found.do


def test_without_a_tool_to_read_them_nothing_is_said_of_the_rules() -> None:
    found = judge([SIP], [])
    assert found.outcome is Outcome.OK
    assert "there is no nft and no iptables-save here" in found.seen


@pytest.mark.parametrize(
    "output", ["{", "{}", '{"nftables": [7]}', '{"nftables": [{"rule": {"expr": [7]}}]}', "", "\0"]
)
def test_output_of_another_kind_is_no_verdict(output: str) -> None:
    assert judge([SIP], [output]).outcome is Outcome.OK


def test_loopback_needs_no_rule() -> None:
    assert wanted(configuration()) == []
    assert "loopback only" in judge([], []).seen


def test_what_others_have_to_reach_is_wanted() -> None:
    config = configuration(
        sip={"listen": ["udp:10.0.0.5:5060", "tcp:10.0.0.5:5060", "udp:127.0.0.1:5062", "udp:[::1]:5060"]},
        rtp={"address": "10.0.0.5"},
        server={"http": "0.0.0.0:8080"},
    )
    assert [str(each) for each in wanted(config)] == ["udp 5060", "tcp 5060", "udp 10000-29999", "tcp 8080"]
