import dataclasses
import json
import struct
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.media import protocol as p

MESSAGES: st.SearchStrategy[p.Message] = st.one_of(
    *(st.from_type(kind) for kind in (*typing.get_args(p.ToWorker), *typing.get_args(p.FromWorker)))
)


def frame(body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + body


@given(st.lists(MESSAGES, max_size=8), st.data())
def test_what_was_written_parses_back_however_it_is_cut(messages: list[p.Message], data: st.DataObject) -> None:
    octets = b"".join(map(p.encode, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=6)))
    framer = p.Framer()
    pieces = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    assert [message for piece in pieces for message in framer.feed(piece)] == messages


@given(st.binary(max_size=120))
def test_a_body_that_is_no_message_is_the_declared_error(body: bytes) -> None:
    with pytest.raises(p.ProtocolError):
        p.decode(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([kind.__name__ for kind in typing.get_args(p.ToWorker)]) | JSON, st.lists(JSON, max_size=4))
def test_json_of_another_shape_is_the_declared_error(name: object, values: list[object]) -> None:
    try:
        message = p.decode(json.dumps([name, *values]).encode())
    except p.ProtocolError:
        return
    assert [type(message).__name__, *dataclasses.astuple(message)] == [name, *values]


@given(st.binary(max_size=200))
def test_a_stream_of_garbage_is_the_declared_error_or_waits_for_more(data: bytes) -> None:
    try:
        assert p.Framer().feed(data) == []
    except p.ProtocolError:
        pass


def test_a_frame_that_is_too_long_is_refused_by_its_length_and_is_never_written() -> None:
    with pytest.raises(p.ProtocolError, match="a frame of 65537 octets"):
        p.Framer().feed(struct.pack("!I", p.MAX_FRAME + 1))
    with pytest.raises(p.ProtocolError, match="a SendKeys of"):
        p.encode(p.SendKeys(1, "1" * p.MAX_FRAME))


def test_a_number_that_is_a_truth_value_is_refused() -> None:
    with pytest.raises(p.ProtocolError, match=r"StopPlaying\.stream is True"):
        p.decode(b'["StopPlaying",true]')
    with pytest.raises(p.ProtocolError, match="has 2 fields, not 1"):
        p.decode(b'["StopPlaying",1,2]')
