"""How keys come on a leg, in words."""

from typing import cast

import pytest

from playvoice.calls.described import DescribedStream
from playvoice.config import Dtmf
from playvoice.media import sdp
from playvoice.media.client import MediaClient, Stream


class Worker:
    """Stands for the media worker: takes every command."""

    def command(self, message: object) -> None:
        pass


@pytest.mark.parametrize(
    ("dtmf", "events", "keys"),
    [
        (Dtmf.AUTO, True, "telephone-events"),
        (Dtmf.AUTO, False, "INFO or tones"),
        (Dtmf.RFC4733, True, "telephone-events"),
        (Dtmf.RFC4733, False, "nothing that both sides have"),
        (Dtmf.INFO, True, "INFO"),
        (Dtmf.INBAND, True, "tones"),
    ],
)
def test_keys_come_as_the_trunk_and_the_far_end_have_agreed(dtmf: Dtmf, events: bool, keys: str) -> None:
    stream = Stream(cast(MediaClient, Worker()), 1, 20_000, lambda _event: None)
    described = DescribedStream(stream, "127.0.0.1", (sdp.Codec.PCMA,), dtmf, 1)
    answer, _ = sdp.answer(
        sdp.parse(described.last), "127.0.0.2", 30_000, (sdp.Codec.PCMA,), telephone_events=events, session_id=2
    )
    described.accept(bytes(answer), described.last, "127.0.0.2")
    assert described.keys == keys
