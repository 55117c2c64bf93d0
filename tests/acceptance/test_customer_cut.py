"""A customer who is cut off before the answer to PlayVoice reaches him asks again, and nobody is called twice."""

import socket
import struct
from pathlib import Path
from urllib.parse import urlencode

from tests.acceptance.outage import carrier_of, make_world

from playvoice.simulator.configuration import GROUP, NUMBERS

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER (socket(7)): a close sends RST."""


def test_a_request_whose_answer_was_lost_is_repeated_by_its_key_and_dialled_once(tmp_path: Path) -> None:
    with make_world(tmp_path) as world:
        client = world.client()
        number = "13335550001"
        fields = {
            "voicetype": "1",
            "destnumber": number,
            "voicefile": "notice.wav",
            "chengshudu": "1",
            "userid": f"1@{GROUP}",
            "disnumber": NUMBERS[0],
        }
        body = urlencode({"service": "App.Sip_Call.PlayVoice", "token": client.token, **fields}).encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: {world.http}\r\nIdempotency-Key: once\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        host, _, port = world.http.rpartition(":")
        with socket.create_connection((host, int(port))) as sock:
            sock.sendall(head.encode() + body)
            carrier_of(world).wait_for("invite", 20, number=number)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        answer, uuid = client.play_voice(idempotency_key="once", **fields)
        assert answer["ret"] == 200
        carrier_of(world).wait_for("hung_up", 20, number=number)
        found = world.receiver.wait_for("callback", 30, lambda line: uuid in line["body"], path="/cdr")
        assert found["payload"]["destnumber"] == number
        assert len(carrier_of(world).all("invite", number=number)) == 1
