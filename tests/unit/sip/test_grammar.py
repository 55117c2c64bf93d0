"""URIs, addresses, Via and their parameters: what is read, what is refused, and that it is written as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.sip.grammar import (
    MAX_HOST,
    parse_address,
    parse_all,
    parse_uri,
    parse_via,
    replace_parameters,
    split_values,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", [""]),
        ("a", ["a"]),
        (" a , b,c ", ["a", "b", "c"]),
        ('"a, b" <c,d>,e', ['"a, b" <c,d>', "e"]),
        (r'"a\", b",c', [r'"a\", b"', "c"]),
        ("a,,b,", ["a", "", "b", ""]),
    ],
)
def test_a_header_is_cut_at_its_commas_and_not_inside_of_quotes_and_brackets(text: str, values: list[str]) -> None:
    assert split_values(text) == values


@pytest.mark.parametrize("text", ['"a', "<a", 'a,"b\\"', "a<b,c"])
def test_what_does_not_close_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not closed"):
        split_values(text)


@given(st.text('a",;<>\\ ', max_size=30))
def test_pieces_put_together_again_are_the_text(text: str) -> None:
    try:
        pieces = split_values(text)
    except ValueError:
        return
    assert "".join(",".join(pieces).split()) == "".join(text.split())


def test_parameters_are_replaced_in_the_text_and_the_others_stay_as_they_are() -> None:
    text = 'SIP/2.0/UDP a ; RPORT ;x="1;2";branch=z9hG4bK%41'
    changed = replace_parameters(text, {"rport": "5060", "received": "192.0.2.1"})
    assert changed == 'SIP/2.0/UDP a;x="1;2";branch=z9hG4bK%41;rport=5060;received=192.0.2.1'
    assert replace_parameters("<sip:a@b>", {"lr": None}) == "<sip:a@b>;lr"


def test_names_of_parameters_count_in_any_case_and_values_as_they_are() -> None:
    address = parse_address('"A" <sip:a@b;Transport=TCP;LR> ; TAG = x%41 ; Y="q;, \\" r" ; tag=later')
    assert dict(address.parameters) == {"tag": "x%41", "y": '"q;, \\" r"'}
    assert dict(address.uri.parameters) == {"transport": "TCP", "lr": None}
    tagged = address.parameters.replace(tag="new")
    assert (tagged["tag"], str(tagged)) == ("new", ';Y="q;, \\" r";tag=new')


@pytest.mark.parametrize(
    "text",
    [
        "sip:example.com",
        "sips:a:b@example.com:5061;transport=tcp",
        "sip:+49(30)1;ext=2@192.0.2.1",
        "sip:a@[2001:db8::1]:5060;maddr=[::1];x:y=/",
        "sip:a@example.com.",
        "sip:%00@example.com",
        "tel:+4930123;phone-context=x",
    ],
)
def test_a_uri_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_uri(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip:a@",
        "sip:@a",
        "sip:a b@c",
        "sip:a@b c",
        "sip:a@b;",
        "sip:a@b;=x",
        "sip:a@b;x=",
        'sip:a@b;x="y"',
        "sip:a@1.2.3",
        "sip:a@1.2.3.400",
        "sip:a@1.2.3.04",
        "sip:a@[::1",
        "sip:a@[1.2.3.4]",
        "sip:a@[::1%25eth0]",
        "sip:a@::1",
        "sip:a@b..c",
        "sip:a@b:0",
        "sip:a@b:65536",
        "sip:a@b:",
        "sip:%4@b",
        "sip:坐@b",
        "http://b",
        f"sip:a@{'b' * (MAX_HOST + 1)}",
    ],
)
def test_what_is_no_uri_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_uri(text)


def test_uri_headers_are_dropped_or_refused() -> None:
    assert str(parse_uri("sip:a@b?Route=%3Csip:c%3E&x=y")) == "sip:a@b"
    for read in (parse_uri, lambda text, headers: parse_address(f"<{text}>", headers=headers)):
        with pytest.raises(ValueError):
            read("sip:a@b?x=y", headers=False)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<sip:a@b>", ""),
        ("sip:a@b", ""),
        ("A. Bell <sip:a@b>", "A. Bell"),
        ("张三<sip:a@b>", "张三"),
        ('"张三 \\"x\\\\"<sip:a@b>', '张三 "x\\'),
        ('"" <sip:a@b>', ""),
    ],
)
def test_an_address_has_a_display_name_or_none(text: str, name: str) -> None:
    address = parse_address(text)
    assert (address.name, str(address.uri)) == (name, "sip:a@b")
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<>",
        "a",
        "<sip:a@b",
        "sip:a@b>",
        "A, B <sip:a@b>",
        "< sip:a@b >",
        "<sip:a@b> x",
        "<sip:a@b>;",
        "<sip:a@b>;x=",
        "<sip:a@b>;;x",
        "<sip:a@b>;x y",
        "sip:a@b?x=y",
        "sip:a@b <sip:c@d>",
        '"A" "B" <sip:a@b>',
        "*",
    ],
)
def test_what_is_no_address_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


def test_only_so_many_addresses_are_read() -> None:
    assert [str(each.uri) for each in parse_all(["<sip:a@b>, sip:c@d", "<sip:e@f>"], 3)] == [
        "sip:a@b",
        "sip:c@d",
        "sip:e@f",
    ]
    with pytest.raises(ValueError, match="more than 2"):
        parse_all(["<sip:a@b>, sip:c@d", "<sip:e@f>"], 2)
    assert parse_all([], 0) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0 a",
        "SIP/2/UDP a",
        "HTTP/1.1/TCP a",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP a;",
        "SIP/2.0/UDP a:0",
        "SIP/2.0/UDP 1.2.3",
        "SIP/2.0/UDP [::1",
        "SIP/2.0/UDP a,SIP/2.0/UDP b",
    ],
)
def test_what_is_no_via_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_via(text)
