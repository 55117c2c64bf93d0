"""Connections on which nothing comes, or an octet now and then: each is ended in time."""

import json

import pytest
from tests.acceptance.hostile.attack import Attack


@pytest.mark.parametrize("name", ["http, no body", "http, a body by octets"])
def test_a_slow_body_is_400_and_the_connection_is_closed(attack: Attack, name: str) -> None:
    attack.slow.wait()
    received = attack.slow.connections[name].received
    assert json.loads(received.partition(b"\r\n\r\n")[2]) == {
        "ret": 400,
        "data": [],
        "msg": "非法请求：请求体未在30秒内发送完毕",
    }
    attack.log.wait_for("request_refused", "not complete within 30 seconds")


@pytest.mark.parametrize("whose", ["a stranger's", "the trunk's"])
@pytest.mark.parametrize("what", ["silence", "octets"])
def test_a_connection_without_a_whole_message_is_closed(attack: Attack, whose: str, what: str) -> None:
    attack.slow.wait()
    assert attack.slow.connections[f"sip, {whose} {what}"].received == b""
    attack.log.wait_for("sip_dropped", "kind=idle")
