"""A file is cut out of its form, in whatever pieces the body comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.forms import BOUNDARY, Part, form, pieces

from playvoice.gateway.errors import RequestRefused
from playvoice.gateway.file_part import FileCutter
from playvoice.gateway.multipart import parse_multipart

LIMIT = BOUNDARY.encode()


def cut(body: bytes, size: int) -> tuple[bytes, FileCutter]:
    cutter = FileCutter(LIMIT, {"file"})
    octets = b"".join(cutter.feed(piece) for piece in pieces(body, size))
    return octets, cutter


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000])
@pytest.mark.parametrize("content", [b"", b"voice", b"\r\n--" + LIMIT[:-1] + b"\r\n\r\n--", b"\r\n" * 50])
def test_a_file_comes_out_and_the_form_without_it_is_a_form(content: bytes, size: int) -> None:
    octets, cutter = cut(form(("service", "x"), ("file", "a.mp3", content), ("token", "t")), size)
    assert octets == content
    assert cutter.field == "file"
    assert not cutter.is_open
    fields, (file,) = parse_multipart(bytes(cutter.form), LIMIT)
    assert fields == [(b"service", b"x"), (b"token", b"t")]
    assert (file.name, file.filename, file.content) == (b"file", b"a.mp3", b"")


@pytest.mark.parametrize("size", [1, 50, 1000])
@pytest.mark.parametrize("parts", [[("file", "text")], [("photo", "a.png", b"\x89PNG")], [("a", ""), ("b", "2")], []])
def test_a_form_without_such_a_file_is_kept_as_it_came(parts: list[Part], size: int) -> None:
    body = form(*parts)
    octets, cutter = cut(body, size)
    assert (octets, cutter.field, bytes(cutter.form)) == (b"", "", body)


@pytest.mark.parametrize("size", [1, 50, 1000])
def test_what_stands_behind_the_last_delimiter_is_no_part(size: int) -> None:
    body = form(("service", "x")) + b"\r\n\r\n" + form(("file", "a.mp3", b"voice"))
    octets, cutter = cut(body, size)
    assert (octets, cutter.field, bytes(cutter.form)) == (b"", "", body)
    assert parse_multipart(body, LIMIT) == ([(b"service", b"x")], [])


def test_the_first_of_two_files_is_cut_out() -> None:
    octets, cutter = cut(form(("file", "a", b"one"), ("file", "b", b"two")), 10)
    assert octets == b"one"
    assert [file.content for file in parse_multipart(bytes(cutter.form), LIMIT)[1]] == [b"", b"two"]


def test_what_stands_before_the_file_can_be_read_before_the_file_is_there() -> None:
    cutter = FileCutter(LIMIT, {"file"})
    body = form(("service", "x"), ("file", "a.mp3", b"voice" * 1000))
    start = body.index(b"voice")
    assert cutter.feed(body[:start]) == b""
    assert cutter.is_open
    fields, files = parse_multipart(cutter.closed_form(), LIMIT)
    assert (fields, [file.filename for file in files]) == ([(b"service", b"x")], [b"a.mp3"])


def test_lines_that_end_in_line_feeds_alone_hold_no_file() -> None:
    body = form(("file", "a", b"one")).replace(b"\r\n", b"\n")
    assert cut(body, 10)[1].field == ""


@pytest.mark.parametrize("size", [1, 1000])
def test_an_empty_line_within_a_value_is_no_head_where_lines_end_in_line_feeds(size: int) -> None:
    body = form(("a", "1")).replace(b"\r\n", b"\n").replace(b"\n1\n", b"\n1\r\n\r\n2\n")
    octets, cutter = cut(body, size)
    assert (octets, cutter.field, bytes(cutter.form)) == (b"", "", body)
    assert parse_multipart(body, LIMIT) == ([(b"a", b"1\r\n\r\n2")], [])


def test_a_part_that_is_malformed_is_the_declared_error() -> None:
    with pytest.raises(RequestRefused, match="malformed"):
        FileCutter(b"x", {"file"}).feed(b"--x\r\nContent-Type: a\r\n\r\n")


def test_a_head_without_end_is_none() -> None:
    cutter = FileCutter(b"x", {"file"})
    for _ in range(10):
        assert cutter.feed(b"--x\r\n" + b"a" * 1000) == b""
    assert cutter.field == ""


@given(st.binary(max_size=300), st.integers(1, 300))
def test_whatever_comes_is_kept_or_cut_out_or_the_one_declared_error(body: bytes, size: int) -> None:
    for candidate in (body, b"--" + LIMIT + b"\r\n" + body, form(("file", "a", body))):
        try:
            octets, cutter = cut(candidate, size)
        except RequestRefused:
            continue
        assert len(octets) + len(cutter.form) <= len(candidate)
