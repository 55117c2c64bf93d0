"""SIP of strangers, of trunks and of phones that is not what it should be: who gets which answer, and nobody harm."""

import os
import random
import socket

import pytest
from tests.acceptance.hostile.attack import SECOND, Attack
from tests.acceptance.hostile.strangers import PHONE, STRANGER, TRUNK, Udp, sip, status_of

from playvoice.sip import URI, Credentials, DigestClient, Request, Response
from playvoice.sip.message import parse


def invite(host: str = "127.0.0.9", **changes: object) -> bytes:
    return sip("INVITE", f"{host}:5060", **changes)  # type: ignore[arg-type]


UNANSWERABLE: dict[str, bytes] = {
    "random octets": random.Random(1).randbytes(1_000),
    "a truncated INVITE": invite()[:200],
    "no Via": invite(without="Via"),
    "no Call-ID": invite(without="Call-ID"),
    "no CSeq": invite(without="CSeq"),
    "no From": invite(without="From"),
    "two Call-IDs": invite(headers=["Call-ID: other"]),
    "a line feed alone": invite(headers=["Subject: x"]).replace(b"Subject: x", b"Subject: x\nVia: y"),
    "a null octet": invite(headers=["Subject: x"]).replace(b"Subject: x", b"Subject: \0"),
    "a Via whose port is none": invite("127.0.0.9:5060:99999"),
    "a line that is no header": invite(headers=["nonsense"]),
    "a header line without an end": invite(headers=["X: " + "x" * 60_000]),
    "too many header lines": invite(headers=["X: y"] * 5_000),
    "HTTP": b"GET / HTTP/1.1\r\nHost: sip\r\n\r\n",
    "a malformed ACK": sip("ACK", "127.0.0.9", cseq="1 INVITE"),
    "a malformed response": b"SIP/2.0 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("name", UNANSWERABLE)
def test_what_no_answer_can_be_made_of_is_dropped_whoever_sends_it(attack: Attack, who: Udp, name: str) -> None:
    attack.unanswered(who, UNANSWERABLE[name], "malformed")


ANSWERABLE: dict[str, tuple[dict[str, object], int]] = {
    "a Content-Length beyond the body": ({"length": 500, "body": b"v=0\r\n"}, 400),
    "a Content-Length that is no number": ({"length": "many"}, 400),
    "a negative Content-Length": ({"length": -1}, 400),
    "another method in CSeq": ({"cseq": "1 BYE"}, 400),
    "a CSeq beyond 2**31": ({"cseq": f"{2**31} INVITE"}, 400),
    "a request URI that is none": ({"uri": "sip:[::1"}, 400),
    "a request URI of another kind": ({"uri": "http://127.0.0.1"}, 416),
    "white space in the request line": ({"uri": "sip:a@127.0.0.1 "}, 400),
    "two lengths": ({"headers": ["l: 7"]}, 400),
    "another version": ({"version": "SIP/3.0"}, 505),
}


@pytest.mark.parametrize("name", ANSWERABLE)
def test_a_malformed_request_of_the_trunk_is_answered_and_of_a_stranger_not(attack: Attack, name: str) -> None:
    changes, status = ANSWERABLE[name]
    with attack.udp(TRUNK) as trunk, attack.udp(STRANGER) as stranger:
        trunk.send(trunk.message("INVITE", **changes))
        attack.dropped["malformed"] += 1
        assert trunk.status() == status
        attack.unanswered(stranger, stranger.message("INVITE", **changes), "malformed")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"headers": ["Subject: a", " folded", "\tline"]},
        {"length": 5, "body": b"v=0\r\nand more than was said"},
        {"headers": ["X-" + "x" * 4_000 + ": y" * 1_000]},
        {"headers": ["Subject: \u5750\u5e2d"]},
        {"headers": ["Contact: nonsense"], "without": "Contact"},
    ],
    ids=["plain", "folded lines", "a body beyond Content-Length", "long lines", "beyond ASCII", "no Contact"],
)
def test_an_invite_of_the_trunk_gets_404_and_of_a_stranger_nothing(attack: Attack, changes: dict[str, object]) -> None:
    with attack.udp(TRUNK) as trunk, attack.udp(STRANGER) as stranger:
        since = attack.log.size()
        trunk.send(trunk.message("INVITE", **changes))
        status = trunk.status()
        if "without" in changes:
            assert status == 400
        else:
            assert status == 404
            attack.log.wait_for("invite_refused", "status=404", since=since)
        attack.unanswered(stranger, stranger.message("INVITE", **changes), "stranger")


STRAY = {
    "ACK": (sip("ACK", "127.0.0.9"), None, "stray_ack"),
    "ACK in a dialog": (sip("ACK", "127.0.0.9", to_tag="gone"), None, "stray_ack"),
    "CANCEL": (sip("CANCEL", "127.0.0.9"), 481, "stranger"),
    "BYE": (sip("BYE", "127.0.0.9", to_tag="gone"), 481, "stranger"),
    "INFO": (sip("INFO", "127.0.0.9", to_tag="gone"), 481, "stranger"),
    "re-INVITE": (sip("INVITE", "127.0.0.9", to_tag="gone"), 481, "stranger"),
    "PUBLISH": (sip("PUBLISH", "127.0.0.9"), 405, "stranger"),
    "OPTIONS": (sip("OPTIONS", "127.0.0.9"), 200, "stranger"),
}


@pytest.mark.parametrize("name", STRAY)
def test_requests_out_of_nowhere(attack: Attack, name: str) -> None:
    data, status, kind = STRAY[name]
    with attack.udp(TRUNK) as trunk, attack.udp(STRANGER) as stranger:
        attack.unanswered(stranger, data.replace(b"127.0.0.9", _sent_by(stranger)), kind)
        mine = data.replace(b"hostile", b"trunk").replace(b"127.0.0.9", _sent_by(trunk))
        if status is None:
            attack.unanswered(trunk, mine, kind)
        else:
            trunk.send(mine)
            assert trunk.status() == status


def _sent_by(udp: Udp) -> bytes:
    return f"{udp.host}:{udp.port}".encode()


@pytest.mark.parametrize("status", [100, 180, 200, 404])
@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_responses_to_nothing_are_dropped(attack: Attack, who: Udp, status: int, method: str) -> None:
    response = who.message(method).replace(f"{method} sip:13333333333@127.0.0.1 SIP/2.0".encode(), b"")
    attack.unanswered(who, f"SIP/2.0 {status} Who Knows".encode() + response, "stray_response")


DIGEST = {
    "none": "",
    "no scheme": "Authorization: nonsense",
    "another scheme": "Authorization: Basic bWFsbG9yeTpzZWNyZXQ=",
    "the bare word": "Authorization: Digest",
    "no response": 'Authorization: Digest username="20280003", realm="127.0.0.1", nonce="1", uri="sip:127.0.0.1"',
    "an unknown user": 'Authorization: Digest username="nobody", realm="127.0.0.1", nonce="1", uri="sip:127.0.0.1", '
    f'response="{"0" * 32}"',
    "a known user": 'Authorization: Digest username="20280003", realm="127.0.0.1", nonce="1", uri="sip:127.0.0.1", '
    f'response="{"0" * 32}"',
    "a count that is none": 'Authorization: Digest username="20280003", realm="127.0.0.1", nonce="1", '
    f'uri="sip:127.0.0.1", response="{"0" * 32}", qop=auth, nc=zzzzzzzz, cnonce="1"',
    "an open quote": 'Authorization: Digest username="20280003, realm=127.0.0.1',
    "no end": "Authorization: Digest " + "a=b, " * 1_500,
    "not ASCII": 'Authorization: Digest username="坐席", realm="127.0.0.1", nonce="坐", uri="席", response="坐席"',
}


@pytest.mark.parametrize("name", DIGEST)
def test_every_register_without_right_credentials_gets_the_same_challenge(attack: Attack, name: str) -> None:
    with attack.udp(STRANGER) as stranger:
        stranger.send(stranger.message("REGISTER", headers=[DIGEST[name]] if DIGEST[name] else []))
        response = parse(stranger.response())
        assert isinstance(response, Response)
        assert response.code == 401
        challenge = dict(part.strip().split("=", 1) for part in response.headers["WWW-Authenticate"][7:].split(","))
        nonce = challenge.pop("nonce")
        assert len(nonce) > 40
        assert challenge == {"realm": '"127.0.0.1"', "algorithm": "MD5", "qop": '"auth"'}


def register(phone: Udp, password: str = "other", **changes: object) -> int:
    """Register as the second extension; the status after the challenge."""
    who = {"uri": "sip:127.0.0.1", **changes}
    asking = phone.message("REGISTER", **who).replace(b"13333333333", SECOND.encode())
    phone.send(asking)
    challenge = parse(phone.response())
    assert isinstance(challenge, Response)
    client = DigestClient(Credentials(SECOND, password), random.Random(1))
    assert client.learn(challenge)
    request = Request("REGISTER", URI.parse("sip:127.0.0.1"))
    client.authorize(request)
    answer = f"\r\nAuthorization: {request.headers['Authorization']}\r\nContent-Length:".encode()
    phone.send(
        asking.replace(b"\r\nContent-Length:", answer)
        .replace(b"CSeq: 1", b"CSeq: 2")
        .replace(b"z9hG4bKhostile", b"z9hG4bKagain")
    )
    return phone.status()


def test_a_registered_phone_gets_403_for_an_invite_and_400_for_what_is_malformed(attack: Attack) -> None:
    with attack.udp(PHONE) as phone, attack.udp(PHONE) as other_port:
        attack.unanswered(phone, phone.message("INVITE"), "stranger")
        assert register(phone) == 200
        phone.send(phone.message("INVITE"))
        assert phone.status() == 403
        phone.send(phone.message("INVITE", length=99))
        attack.dropped["malformed"] += 1
        assert phone.status() == 400
        attack.unanswered(other_port, other_port.message("INVITE"), "stranger")
        assert register(phone, headers=["Expires: 0"]) == 200
        attack.unanswered(phone, phone.message("INVITE"), "stranger")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Contact: nonsense"], 400),
        (["Contact: *"], 400),
        (["Contact: <tel:+1>"], 400),
        (["Contact: " + ", ".join(f"<sip:a{n}@127.0.0.3>" for n in range(50))], 400),
        (["Contact: <sip:" + "a" * 2_000 + "@127.0.0.3>"], 400),
        (["Contact: <sip:a@127.0.0.3>;expires=5"], 423),
        (["Require: outbound"], 420),
    ],
)
def test_a_register_with_right_credentials_and_wrong_contents(attack: Attack, headers: list[str], status: int) -> None:
    with attack.udp(PHONE) as phone:
        if status == 420:
            phone.send(phone.message("REGISTER", headers=headers))
            assert phone.status() == 420
        else:
            assert register(phone, without="Contact", headers=headers) == status
        attack.unanswered(phone, phone.message("INVITE"), "stranger")


def test_a_phone_can_not_register_another_number(attack: Attack) -> None:
    with attack.udp(PHONE) as phone:
        since = attack.log.size()
        asking = phone.message("REGISTER", uri="sip:127.0.0.1")
        phone.send(asking)
        challenge = parse(phone.response())
        assert isinstance(challenge, Response)
        client = DigestClient(Credentials(SECOND, "other"), random.Random(1))
        client.learn(challenge)
        request = Request("REGISTER", URI.parse("sip:127.0.0.1"))
        client.authorize(request)
        headers = [f"Authorization: {request.headers['Authorization']}"]
        phone.send(phone.message("REGISTER", uri="sip:127.0.0.1", headers=headers))
        assert phone.status() == 403
        attack.log.wait_for("register_for_another", SECOND, since=since)


def test_a_wrong_password_is_told_in_the_log_without_it(attack: Attack) -> None:
    with attack.udp(PHONE) as phone:
        since = attack.log.size()
        assert register(phone, password="guessed-password") == 401
        attack.log.wait_for("register_refused", SECOND, PHONE, since=since)
        assert not [line for line in attack.log.lines(since) if "guessed-password" in line]


# --- TCP --------------------------------------------------------------------------------------------------------------


STREAMS = {
    "random octets": (random.Random(2).randbytes(4_000) + b"\r\n\r\n", None),
    "a header without an end": (b"OPTIONS sip:a SIP/2.0\r\nX: " + b"x" * 70_000, None),
    "no Content-Length": (sip("OPTIONS", "127.0.0.9", transport="TCP", without="Content-Length"), 400),
    "a Content-Length that is no number": (sip("OPTIONS", "127.0.0.9", transport="TCP", length="many"), 400),
    "a message of 70 kB": (sip("OPTIONS", "127.0.0.9", transport="TCP", body=b"x" * 70_000), 400),
    "HTTP": (b"POST / HTTP/1.1\r\nHost: sip\r\n\r\n", None),
}


@pytest.mark.parametrize("host", [STRANGER, TRUNK])
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_can_not_be_cut_is_closed(attack: Attack, host: str, name: str) -> None:
    data, status = STREAMS[name]
    with attack.tcp(host) as connection:
        attack.dropped["malformed"] += 1
        try:
            connection.sendall(data)
        except ConnectionError:
            assert status is None, "closed before all of it was taken"
        received = read_to_the_end(connection)
    if status is None or host == STRANGER:
        assert received == b""
    elif len(data) < 60_000:
        assert status_of(received) == status
    # what was not read when the connection was closed may take the answer with it


def test_a_content_length_that_is_too_short_makes_the_next_message_malformed(attack: Attack) -> None:
    with attack.tcp(TRUNK) as connection:
        connection.sendall(sip("OPTIONS", "127.0.0.1", transport="TCP", length=2, body=b"v=0\r\n\r\n"))
        attack.dropped["malformed"] += 1
        received = read_to_the_end(connection)
    assert status_of(received) == 200
    assert received.count(b"SIP/2.0 ") == 1


def test_many_messages_in_one_write_and_one_message_in_many(attack: Attack) -> None:
    with attack.tcp(TRUNK) as connection:
        messages = [sip("OPTIONS", "127.0.0.1", transport="TCP") for _ in range(50)]
        connection.sendall(b"\r\n\r\n".join(messages))
        received = b""
        while received.count(b"SIP/2.0 200") < len(messages):
            received += connection.recv(65_536)
        for octet in sip("OPTIONS", "127.0.0.1", transport="TCP"):
            connection.sendall(bytes([octet]))
        assert status_of(connection.recv(65_536)) == 200


def test_a_flood_of_garbage_is_counted_in_few_lines(attack: Attack) -> None:
    since = attack.log.size()
    with attack.udp(STRANGER) as stranger:
        for _ in range(100):
            for _ in range(5):
                stranger.send(os.urandom(300) + b"\r\n\r\n")
            attack.dropped["malformed"] += 5
            stranger.send(stranger.message("REGISTER"))  # which waits until these are taken: none may be lost here
            assert stranger.status() == 401
    assert len(attack.log.lines(since)) < 10


def read_to_the_end(connection: socket.socket) -> bytes:
    received = b""
    try:
        while data := connection.recv(65_536):
            received += data
    except ConnectionError:
        pass
    return received
