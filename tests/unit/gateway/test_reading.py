import json
import tracemalloc
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.gateway import reading
from playvoice.gateway.errors import RequestRefused
from playvoice.gateway.reading import (
    MAX_FIELDS,
    Form,
    Parameters,
    ReceivedFile,
    boundary_of,
    read_body,
    read_form,
    read_query,
)

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def body(content_type: str, data: bytes) -> dict[str, str]:
    pairs = read_body(content_type, data)
    parameters = Parameters([], pairs)
    return {name: parameters.get(name) for name, _ in pairs}


def test_a_form_is_read_with_plus_and_percent() -> None:
    assert body(FORM, b"a=1+2&b=%E4%B8%AD&c=&d") == {"a": "1 2", "b": "中", "c": "", "d": ""}


def test_spaces_and_characters_that_are_not_percent_encoded_are_what_they_are() -> None:
    assert body(FORM + "; charset=UTF-8", "a=my file 中.mp3& b =1%zz&&".encode()) == {
        "a": "my file 中.mp3",
        "b": "1%zz",
    }


def test_a_json_object_is_read_and_numbers_are_their_text() -> None:
    data = b'{"a":"x","n":13333333333,"f":1.50,"e":1e400,"z":null,"u":"\\u4e2d"}'
    assert body(JSON, data) == {"a": "x", "n": "13333333333", "f": "1.50", "e": "1e400", "u": "中"}


def test_a_json_member_that_is_no_text_is_an_error_only_where_it_is_asked_for() -> None:
    parameters = Parameters([], read_body(JSON, b'{"a":true,"b":[1],"c":{},"d":"x"}'))
    assert parameters.get("d") == "x"
    for name in "abc":
        with pytest.raises(RequestRefused, match=f"parameter {name} must be a text"):
            parameters.get(name)


def test_a_byte_order_mark_before_json_is_no_harm() -> None:
    assert body(JSON, b'\xef\xbb\xbf{"a":"1"}') == {"a": "1"}


@pytest.mark.parametrize("content_type", ["", FORM, "text/plain", "text/plain; charset=utf-8", "application/x+json"])
def test_json_is_understood_whatever_plain_type_it_was_given(content_type: str) -> None:
    assert body(content_type, b' {"a":"1"}') == {"a": "1"}


def test_a_form_that_begins_with_a_brace_is_a_form() -> None:
    assert body(FORM, b"{x=1&a=2") == {"{x": "1", "a": "2"}


@pytest.mark.parametrize("content_type", ["", "text/plain", FORM.upper()])
def test_a_form_without_a_usable_type_is_understood(content_type: str) -> None:
    assert body(content_type, b"a=1") == {"a": "1"}


@pytest.mark.parametrize("data", [b"[]", b"[[1]]", b'"a"', b"1", b"null"])
def test_json_that_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(RequestRefused, match="must be an object"):
        read_body(JSON, data)


@pytest.mark.parametrize("data", [b"{", b"{'a':1}", b'{"a":NaN}', b"[" * 100_000, b'{"a":1,}', b"a=1"])
def test_malformed_json_is_refused(data: bytes) -> None:
    with pytest.raises(RequestRefused, match="malformed"):
        read_body(JSON, data)


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        (FORM, b"a=%FF"),
        (FORM, b"a=\xd6\xd0"),
        (FORM, b"%ff=1"),
        (JSON, b'{"a":"\xff"}'),
        (JSON, b'{"a":"\\ud800"}'),
        (JSON, b'{"\\udfff":1}'),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--'),
    ],
)
def test_what_is_not_utf_8_is_refused(content_type: str, data: bytes) -> None:
    with pytest.raises(RequestRefused, match="not UTF-8"):
        read_body(content_type, data)


def test_a_query_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(RequestRefused, match="not UTF-8"):
        read_query(b"a=%FF")


@pytest.mark.parametrize("content_type", ["text/xml", "application/octet-stream", "image/png"])
def test_a_body_of_another_type_is_refused(content_type: str) -> None:
    with pytest.raises(RequestRefused, match=content_type):
        read_body(content_type, b"<a/>")


@pytest.mark.parametrize("content_type", ["text/xml", "multipart/form-data", JSON, ""])
def test_no_body_is_no_error_whatever_its_type(content_type: str) -> None:
    assert read_body(content_type, b" \r\n") == []


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        (FORM, b"a=1&" * (MAX_FIELDS + 1)),
        (FORM, b"a=1&" * MAX_FIELDS + b"a=1"),
        (FORM, b"&" * (MAX_FIELDS + 1)),
        (JSON, json.dumps({str(number): "" for number in range(MAX_FIELDS + 1)}).encode()),
    ],
)
def test_the_number_of_fields_is_bounded(content_type: str, data: bytes) -> None:
    with pytest.raises(RequestRefused, match="more than 1000 fields"):
        read_body(content_type, data)


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        (FORM, b"a=1&" * MAX_FIELDS),
        (JSON, json.dumps({str(number): "" for number in range(MAX_FIELDS)}).encode()),
    ],
)
def test_as_many_fields_as_the_bound_says_are_read(content_type: str, data: bytes) -> None:
    assert len(read_body(content_type, data)) == MAX_FIELDS


def test_the_names_of_a_file_that_nobody_asks_for_may_be_of_any_encoding() -> None:
    read = read_form(
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="\xd3\xef"; filename="a"\r\n\r\n1\r\n'
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="\xd3\xef.mp3"\r\n\r\nvoice\r\n'
        b'--x\r\nContent-Disposition: form-data; name="s"\r\n\r\nx\r\n--x--\r\n',
    )
    parameters = Parameters([], read.pairs, read.files)
    assert (parameters.get("s"), parameters.file("s")) == ("x", None)
    with pytest.raises(RequestRefused, match="not UTF-8"):
        parameters.file("f")


def test_a_form_has_its_fields_and_its_files() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="\xe6\xac\xa2.mp3"\r\n\r\nvoice\r\n'
        b'--x\r\nContent-Disposition: form-data; name="s"\r\n\r\n1\r\n--x--\r\n'
    )
    read = read_form("multipart/form-data; boundary=x", body)
    assert read == Form([("s", "1")], (ReceivedFile("f", "欢.mp3", b"voice"),))
    parameters = Parameters([], read.pairs, read.files)
    assert parameters.file("f") == read.files[0]
    assert (parameters.file("s"), parameters.get("f")) == (None, "")
    with pytest.raises(RequestRefused, match="file f is given twice"):
        Parameters([], [], read.files * 2).file("f")


def test_only_a_multipart_form_has_a_boundary() -> None:
    assert boundary_of("Multipart/Form-Data; boundary=x") == b"x"
    assert boundary_of("multipart/form-data") == b""
    assert boundary_of("application/json; boundary=x") is None
    assert read_form(FORM, b"a=1") == Form([("a", "1")])


def test_the_body_wins_over_the_query_string() -> None:
    parameters = Parameters(read_query(b"a=1&b=2"), read_body(FORM, b"b=3&c=4"))
    assert [parameters.get(name) for name in "abcd"] == ["1", "3", "4", ""]


def test_an_empty_value_in_the_body_wins_as_well() -> None:
    assert Parameters(read_query(b"a=1"), read_body(FORM, b"a=")).get("a") == ""


def test_a_field_that_stands_twice_is_understood_where_both_say_the_same() -> None:
    parameters = Parameters([], read_body(FORM, b"a=1&a=1&b=1&b=2"))
    assert parameters.get("a") == "1"
    with pytest.raises(RequestRefused, match="parameter b is given twice"):
        parameters.get("b")


def test_a_json_member_that_stands_twice_is_a_field_that_stands_twice() -> None:
    with pytest.raises(RequestRefused, match="twice"):
        Parameters([], read_body(JSON, b'{"a":"1","a":"2"}')).get("a")


TYPES = st.sampled_from(
    ["", FORM, JSON, "text/plain", "multipart/form-data; boundary=x", "multipart/form-data", ";;=", "a/b; c=\x80"]
)


@given(TYPES | st.text(st.characters(max_codepoint=255), max_size=60), st.binary(max_size=200), st.binary(max_size=60))
def test_garbage_gives_the_one_declared_error(content_type: str, data: bytes, query: bytes) -> None:
    try:
        parameters = Parameters(read_query(query), read_body(content_type, data))
        assert parameters.get("service").encode() is not None
    except RequestRefused:
        pass


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=6))
def test_what_was_written_as_json_is_read_back(values: dict[str, str]) -> None:
    assert body(JSON, json.dumps(values).encode()) == values


@given(st.lists(st.sampled_from([b"%", b"%4", b"%41", b"%e4%BD%a0", b"a", b"%%41"]), max_size=12))
def test_a_long_value_is_decoded_in_slices_as_at_once(pieces: list[bytes]) -> None:
    value = b"".join(pieces)
    for missing in range(4):
        before = b"x" * (reading.SLICE - missing - len(value) // 2)
        ((_, decoded),) = reading._parse_form(b"a=" + before + value)
        assert decoded == before + unquote_to_bytes(value)


_PART = b"--b\r\nContent-Disposition: form-data%s\r\n\r\nx\r\n"
EXPENSIVE: dict[str, tuple[str, bytes]] = {
    "empty objects": ("application/json", b'{"a":[' + b"{}," * 1_300_000 + b"1]}"),
    "small numbers": ("application/json", b'{"a":[' + b"1," * 2_000_000 + b"1]}"),
    "members": ("application/json", b"{" + b'"":0,' * 800_000 + b'"a":1}'),
    "nested arrays": ("application/json", b'{"a":' + b"[" * 4_000_000),
    "parameters of a part": ("multipart/form-data; boundary=b", _PART % (b";" * 4_000_000)),
    "parameters of a thousand parts": ("multipart/form-data; boundary=b", _PART % (b";" * 4_000) * 1_000),
    "headers of a part": ("multipart/form-data; boundary=b", b"--b\r\n" + b"a\r\n" * 1_300_000 + b"\r\nx\r\n--b--"),
    "parameters of the type": ("multipart/form-data" + ";" * 65_000, b"x"),
}


@pytest.mark.parametrize("name", EXPENSIVE)
def test_a_body_of_millions_of_tiny_pieces_is_refused_before_it_is_taken_apart(name: str) -> None:
    """Each of these took from a third of a second to twelve, for which nobody else was served."""
    content_type, data = EXPENSIVE[name]
    tracemalloc.start()
    try:
        with pytest.raises(RequestRefused, match=r"malformed|more than"):
            read_body(content_type, data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 * (len(data) + len(content_type)), "a few copies, and no object for each piece"


def test_the_phones_of_a_large_task_are_within_the_bound_of_json() -> None:
    phones = json.dumps([dict.fromkeys(("phone", "time", "userid", "memberid", "customuuid"), "1")] * 10_000)
    assert read_body("application/json", json.dumps({"telphone": phones}).encode()) == [("telphone", phones)]
