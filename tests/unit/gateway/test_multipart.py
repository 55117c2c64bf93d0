from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_multipart import MultipartParser

from playvoice.gateway.errors import RequestRefused
from playvoice.gateway.multipart import MAX_PARTS, FilePart, parse_multipart

BOUNDARY = b"----------------d74496d66958873e"


def build(fields: list[tuple[bytes, bytes]], newline: bytes = b"\r\n", boundary: bytes = BOUNDARY) -> bytes:
    parts = [
        b"--" + boundary + newline + b'Content-Disposition: form-data; name="' + name + b'"' + newline * 2 + value
        for name, value in fields
    ]
    return newline.join([*parts, b"--" + boundary + b"--" + newline])


def fields_of(body: bytes, boundary: bytes | None) -> list[tuple[bytes, bytes]]:
    return parse_multipart(body, boundary)[0]


def test_a_form_as_curl_sends_it_is_read() -> None:
    fields = [(b"service", b"App.Sip_Call.PlayVoice"), (b"userid", b"1@extGroup-1")]
    assert fields_of(build(fields), BOUNDARY) == fields


def test_a_value_may_hold_line_breaks_and_nearly_a_delimiter() -> None:
    fields = [(b"a", b"one\r\n--two\r\n\r\n-" + BOUNDARY), (b"b", b"")]
    assert fields_of(build(fields), BOUNDARY) == fields


def test_more_headers_and_odd_cases_are_understood() -> None:
    body = (
        b"preamble\r\n--x \r\ncontent-type: text/plain; charset=utf-8\r\n"
        b"CONTENT-DISPOSITION:form-data;name=token\r\nX: y\r\n\r\nabc\r\n--x--\r\nepilogue"
    )
    assert fields_of(body, b"x") == [(b"token", b"abc")]


def test_bare_line_feeds_are_understood_where_they_always_stand() -> None:
    fields = [(b"a", b"1"), (b"b", b"2\n3")]
    assert fields_of(build(fields, b"\n"), BOUNDARY) == fields


def test_a_quoted_name_is_unquoted() -> None:
    assert fields_of(build([(rb"a\"b", b"1")]), BOUNDARY) == [(b'a"b', b"1")]


def test_an_uploaded_file_is_no_parameter() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nabc\r\n'
        b'--x\r\nContent-Disposition: form-data; name="s"\r\n\r\n1\r\n--x--\r\n'
    )
    assert parse_multipart(body, b"x") == ([(b"s", b"1")], [FilePart(b"f", b"a.txt", b"abc")])


def test_fields_and_files_are_counted_together() -> None:
    file = b'--x\r\nContent-Disposition: form-data; name="f"; filename=""\r\n\r\n\r\n'
    assert len(parse_multipart(file * MAX_PARTS + b"--x--", b"x")[1]) == MAX_PARTS
    with pytest.raises(RequestRefused, match="more than 1000 fields"):
        parse_multipart(file * (MAX_PARTS + 1) + b"--x--", b"x")


def test_a_form_without_fields_is_a_form() -> None:
    assert fields_of(b"--x--\r\n", b"x") == []


@pytest.mark.parametrize("boundary", [None, b"", b"x" * 201])
def test_without_a_usable_boundary_nothing_is_guessed(boundary: bytes | None) -> None:
    with pytest.raises(RequestRefused, match="boundary"):
        parse_multipart(build([(b"a", b"1")]), boundary)


@pytest.mark.parametrize(
    "body",
    [
        b"service=App.Sip_Call.PlayVoice",
        build([(b"a", b"1")])[:-4],
        build([(b"a", b"1")])[:-30],
        build([(b"a", b"1")], boundary=b"another"),
        b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
        b'--x\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n--x--',
        b"--x\r\nContent-Type: text/plain\r\n\r\n1\r\n--x--",
        b"--x\r\n\r\n1\r\n--x--",
        b"--xy\r\n",
    ],
)
def test_a_body_that_is_cut_off_or_malformed_is_refused(body: bytes) -> None:
    with pytest.raises(RequestRefused, match="malformed"):
        parse_multipart(body, BOUNDARY if b"x\r\n" not in body else b"x")


def test_the_number_of_fields_is_bounded() -> None:
    field = (b"a", b"1")
    assert len(fields_of(build([field] * MAX_PARTS), BOUNDARY)) == MAX_PARTS
    with pytest.raises(RequestRefused, match="more than 1000 fields"):
        parse_multipart(build([field] * (MAX_PARTS + 1)), BOUNDARY)


NAMES = st.from_regex(rb"[a-z_]{1,12}", fullmatch=True)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=60)), max_size=8))
def test_what_was_written_is_read_back_and_as_another_parser_reads_it(fields: list[tuple[bytes, bytes]]) -> None:
    body = build(fields)
    assert fields_of(body, BOUNDARY) == fields
    values: list[bytes] = []

    def append(data: bytes, start: int, end: int) -> None:
        values[-1] += data[start:end]

    callbacks: Any = {"on_part_begin": lambda: values.append(b""), "on_part_data": append}
    parser = MultipartParser(BOUNDARY, callbacks)
    parser.write(body)
    parser.finalize()
    assert values == [value for _, value in fields]


@given(st.binary(max_size=200), st.binary(max_size=10))
def test_garbage_gives_the_one_declared_error(body: bytes, boundary: bytes) -> None:
    for candidate in (body, b"--" + boundary + b"\r\n" + body, build([(b"a", body)], boundary=boundary)):
        try:
            parse_multipart(candidate, boundary)
        except RequestRefused:
            pass
