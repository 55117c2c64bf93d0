"""What comes over the wire other than it should: what is understood all the same, what gets 400, what gets silence."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import Request
from sipmessage.message import COMPACT_FORMS
from tests.unit.sip import rfc4475, rfc5118
from tests.unit.sip.torture import read, send

from playvoice.sip import Flow, IncomingCallReceived, RequestReceived, Transport, UserAgent, framing, message
from playvoice.sip.errors import MalformedMessage
from playvoice.sip.framing import StreamFramer
from playvoice.sip.message import (
    MAX_HEADER_LINES,
    MAX_MESSAGE,
    MAX_VIAS,
    addresses_of,
    from_of,
    parse,
    top_via,
    vias_of,
)

OPTIONS = (
    b"OPTIONS sip:bob@example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b"From: <sip:alice@192.0.2.1>;tag=a\r\n"
    b"To: <sip:bob@example.com>\r\n"
    b"Call-ID: one@192.0.2.1\r\n"
    b"CSeq: 1 OPTIONS\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"body"
)


def changed(old: bytes, new: bytes) -> bytes:
    assert old in OPTIONS
    return OPTIONS.replace(old, new)


def with_header(line: bytes) -> bytes:
    return changed(b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\r\n" + line + b"\r\n")


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("short", "long"), COMPACT_FORMS.items())
@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_every_compact_form_stands_for_its_header(short: str, long: str, change: Callable[[str], str]) -> None:
    mandatory = {"Via": "Via: SIP/2.0/UDP", "From": "From: <", "To": "To: <", "Call-ID": "Call-ID: "}
    if long == "Content-Length" or long in mandatory:
        start = mandatory.get(long, "Content-Length: 4").encode()
        data = changed(start, start.replace(long.encode(), change(short).encode()))
    else:
        data = with_header(f"{change(short)}: value".encode())
    assert read(data).headers.get(long) is not None
    assert send(data).status == 200


@pytest.mark.parametrize(
    "line",
    [b"MAX-forwards: 70", b"Max-Forwards : 70", b"Max-Forwards\t:\t70", b"Max-Forwards:70", b"Max-Forwards:\r\n 70"],
)
def test_names_in_any_case_and_white_space_around_the_colon_are_understood(line: bytes) -> None:
    data = changed(b"Max-Forwards: 70", line)
    assert read(data).headers["max-forwards"] == "70"
    assert send(data).status == 200


@pytest.mark.parametrize("separator", [b",", b" ,", b", ", b" \r\n ,\t", b"\r\nContact: "])
def test_values_may_stand_in_one_line_or_in_several(separator: bytes) -> None:
    values = [b'"One, <two>" <sip:a@192.0.2.1>;q=0.5', b"<sip:b,c@192.0.2.2;lr>", b"sip:c@192.0.2.3;expires=60"]
    request = read(with_header(b"Contact: " + separator.join(values)))
    found = addresses_of(request, "Contact")
    assert [address.name for address in found] == ["One, <two>", "", ""]
    assert [address.uri.user for address in found] == ["a", "b,c", "c"]
    assert found[2].parameters["expires"] == "60"


@pytest.mark.parametrize("separator", [b" , ", b"\r\nVia: "])
def test_hops_may_stand_in_one_line_or_in_several(separator: bytes) -> None:
    data = changed(b";rport", b";rport" + separator + b"SIP/2.0/TCP 192.0.2.7;branch=z9hG4bK2")
    assert [via.host for via in vias_of(read(data))] == ["192.0.2.1", "192.0.2.7"]
    (answer,) = send(data).answers
    assert answer.headers.getlist("Via") == [
        "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;received=192.0.2.1;rport=5060",
        "SIP/2.0/TCP 192.0.2.7;branch=z9hG4bK2",
    ]


@pytest.mark.parametrize(
    "data",
    [
        OPTIONS.replace(b"\r\n", b"\n"),
        OPTIONS.replace(b"\r\n", b"\r"),
        changed(b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\n"),
        changed(b"To: <sip:bob@example.com>", b"To: <sip:bob@example.com>\nVia: SIP/2.0/UDP 192.0.2.66"),
        changed(b"To: <sip:bob@example.com>", b"To: <sip:bob@example.com>\rX: y"),
        with_header(b"Subject: a\0b"),
        with_header(b"Sub\0ject: a"),
        with_header(b"no colon"),
        with_header(b": no name"),
        with_header(b"two words: no name"),
    ],
)
def test_a_line_that_receivers_may_understand_differently_gets_silence(data: bytes) -> None:
    assert send(data).status is None


def test_a_folded_line_is_one_line_and_goes_back_as_one() -> None:
    data = changed(b"<sip:bob@example.com>", b'"Bob\r\n\tthe\r\n   builder"\r\n <sip:bob@example.com>')
    (answer,) = send(data).answers
    assert answer.headers["To"].startswith('"Bob the builder" <sip:bob@example.com>;tag=')


# --- octets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "latin-1"])
@pytest.mark.parametrize("quote", ['"', ""])
def test_a_display_name_in_any_encoding_costs_no_request(encoding: str, quote: str) -> None:
    name = "Grüße" if encoding == "latin-1" else "坐席一"
    data = changed(b"<sip:alice", f"{quote}{name}{quote} <sip:alice".encode(encoding))
    request = read(data)
    assert (from_of(request).uri.user, from_of(request).parameters["tag"]) == ("alice", "a")
    assert from_of(request).name == (name if encoding != "gbk" else name.encode("gbk").decode("latin-1"))
    (answer,) = send(data).answers
    assert (answer.code, answer.headers["From"]) == (200, request.headers["From"])


def test_one_line_in_another_encoding_leaves_the_others_as_they_are() -> None:
    data = with_header("Subject: 坐席".encode("gbk") + "\r\nOrganization: 坐席".encode())
    assert read(data).headers["Organization"] == "坐席"


@pytest.mark.parametrize("octets", [b"\xff", b"\xd7\xf8"])
def test_a_uri_beyond_ascii_gets_400(octets: bytes) -> None:
    assert send(changed(b"sip:alice", b"sip:al" + octets)).status == 400
    assert send(changed(b"sip:bob@example.com SIP", b"sip:b" + octets + b"@example.com SIP")).status == 400


@pytest.mark.parametrize(
    ("user", "meant"),
    [
        ("b%6Fb", "bob"),
        ("%62%6f%62", "bob"),
        ("b%20b", "b b"),
        ("%e5%9d%90", "坐"),
        ("a%40b", "a@b"),
        ("+49(30)1", "+49(30)1"),
    ],
)
def test_escapes_in_a_user_part_are_what_they_stand_for(user: str, meant: str) -> None:
    request = read(changed(b"sip:bob@example.com SIP", f"sip:{user}@example.com SIP".encode()))
    assert request.uri.user == meant
    again = read(bytes(request))
    assert again.uri.user == meant


# --- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "status"),
    [
        *((taken, 200) for taken in ("4", "0004", "2")),
        *(
            (refused, 400)
            for refused in ("5", "999999999", "9" * 400, "-4", "+4", "4.0", "0x4", "", "4 4", "٤", "4, 4")
        ),
    ],
)
def test_a_content_length_on_udp(length: str, status: int) -> None:
    assert send(changed(b"Content-Length: 4", f"Content-Length: {length}".encode())).status == status


def test_a_datagram_without_content_length_ends_where_it_ends() -> None:
    assert read(changed(b"Content-Length: 4\r\n", b"")).body == b"body"


def test_two_lengths_that_differ_get_400_and_two_that_agree_an_answer() -> None:
    assert send(with_header(b"l: 3")).status == 400
    assert send(with_header(b"l: 4")).status == 200


@pytest.mark.parametrize("line", [b"l: 3", b"Content-Length: 40"])
def test_two_lengths_on_a_stream_close_it_and_may_be_answered(line: bytes) -> None:
    with pytest.raises(MalformedMessage, match="more than one Content-Length") as caught:
        list(StreamFramer().feed(with_header(line)))
    with pytest.raises(MalformedMessage) as answerable:
        parse(caught.value.head, stream=True)
    assert answerable.value.status == 400


def test_a_length_that_is_too_short_on_a_stream_leaves_the_rest_to_the_next_message() -> None:
    framer = StreamFramer().feed(changed(b"Content-Length: 4", b"Content-Length: 2") + b"\r\n\r\n")
    assert parse(next(framer), stream=True).body == b"bo"
    with pytest.raises(MalformedMessage):
        next(framer)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Content-Length: 4", b"Content-Length: 5"),
        (b"Content-Length: 4", b"Content-Length: many"),
        (b"Content-Length: 4", b"Content-Length: 4\r\nl: 5"),
        (b"CSeq: 1 OPTIONS", b"CSeq: 1 INVITE"),
        (b"CSeq: 1 ", b"CSeq: 2147483648 "),
        (b"<sip:alice@192.0.2.1>", b"<nobody>"),
        (b"sip:bob@example.com SIP/2.0", b"sip:bob@example.com SIP/3.0"),
        (b"sip:bob@example.com SIP/2.0", b"http://example.com SIP/2.0"),
        (b"sip:bob@example.com SIP/2.0", b"sip:bob@example.com  SIP/2.0"),
    ],
)
def test_what_gets_an_error_as_any_other_request_gets_silence_as_an_ack(old: bytes, new: bytes) -> None:
    data = changed(old, new)
    assert send(data).status in (400, 416, 505)
    ack = data.replace(b"OPTIONS ", b"ACK ", 1).replace(b" OPTIONS\r\n", b" ACK\r\n")
    assert send(ack).answers == []


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cseq", "status"),
    [("0", 200), ("1", 200), ("000001", 200), ("2147483647", 200), ("2147483648", 400), ("9" * 4_000, 400)],
)
def test_a_cseq_is_below_2_to_the_31(cseq: str, status: int) -> None:
    assert send(changed(b"CSeq: 1 ", f"CSeq: {cseq} ".encode())).status == status


@pytest.mark.parametrize(
    "cseq", [b"-1 OPTIONS", b"1.5 OPTIONS", b"OPTIONS", b"1", b"", "١ OPTIONS".encode(), b"1 OPT IONS"]
)
def test_a_cseq_that_is_none_gets_silence(cseq: bytes) -> None:
    assert send(changed(b"CSeq: 1 OPTIONS", b"CSeq: " + cseq)).status is None


@pytest.mark.parametrize("value", ["0", "255", "256", "9" * 4_000, "-1", "seventy", ""])
@pytest.mark.parametrize("name", ["Max-Forwards", "Expires", "Min-Expires", "Timestamp"])
def test_a_number_that_means_nothing_to_us_may_be_anything(name: str, value: str) -> None:
    data = OPTIONS.replace(b"Max-Forwards: 70", f"{name}: {value}".encode())
    assert send(data).status == 200


@pytest.mark.parametrize("port", ["0", "65536", "99999", "9" * 400, "-1", "x"])
def test_a_port_that_is_none_gets_silence_or_400(port: str) -> None:
    assert send(changed(b"192.0.2.1:5060", f"192.0.2.1:{port}".encode())).status is None, "nobody to answer"
    assert send(changed(b"bob@example.com SIP", f"bob@example.com:{port} SIP".encode())).status == 400


# --- headers that there may be once ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line", [b"From: <sip:x@y>;tag=b", b"t: <sip:x@y>", b"CSeq: 2 OPTIONS", b"i: two", b"Call-ID: one@192.0.2.1"]
)
def test_a_second_one_of_what_a_response_repeats_gets_silence(line: bytes) -> None:
    assert send(with_header(line)).status is None


@pytest.mark.parametrize("line", [b"Max-Forwards: 5", b"Content-Type: text/plain", b"Subject: again", b"User-Agent: x"])
def test_a_second_one_of_any_other_header_means_nothing(line: bytes) -> None:
    assert send(with_header(line)).status == 200


@pytest.mark.parametrize("name", [b"From", b"To", b"Call-ID", b"CSeq", b"Via"])
def test_without_what_a_response_repeats_there_is_none(name: bytes) -> None:
    lines = OPTIONS.split(b"\r\n")
    assert send(b"\r\n".join(line for line in lines if not line.startswith(name + b":"))).status is None


# --- received and rport ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("via", "stamped"),
    [
        ("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
        ("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=192.0.2.1"),
        (
            "SIP/2.0/UDP 10.0.0.1:9;rport;branch=z9hG4bK1",
            "SIP/2.0/UDP 10.0.0.1:9;branch=z9hG4bK1;received=192.0.2.1;rport=5060",
        ),
        (
            "SIP/2.0/UDP 10.0.0.1;RPORT;branch=z9hG4bK%41;received=192.0.2.66",
            "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK%41;received=192.0.2.1;rport=5060",
        ),
        (
            'SIP/2.0/UDP phone.example.org;x="a;b, \\"c";branch=z9hG4bK1',
            'SIP/2.0/UDP phone.example.org;x="a;b, \\"c";branch=z9hG4bK1;received=192.0.2.1',
        ),
        (
            "SIP/2.0/UDP [2001:db8::9]:5062;branch=z9hG4bK1",
            "SIP/2.0/UDP [2001:db8::9]:5062;branch=z9hG4bK1;received=192.0.2.1",
        ),
    ],
)
def test_the_top_via_tells_where_the_request_came_from_and_is_else_as_it_was(via: str, stamped: str) -> None:
    data = changed(b"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport", via.encode())
    (answer,) = send(data).answers
    assert answer.headers["Via"] == stamped


# --- limits -----------------------------------------------------------------------------------------------------------


def test_the_most_header_lines_and_the_longest_message_are_taken_and_one_more_is_not() -> None:
    spare = MAX_HEADER_LINES - OPTIONS.count(b"\r\n") + 1
    assert send(with_header(b"\r\n".join([b"X: y"] * spare))).status == 200
    assert send(with_header(b"\r\n".join([b"X: y"] * (spare + 1)))).status is None
    assert send(OPTIONS + b"x" * (MAX_MESSAGE - len(OPTIONS))).status == 200
    assert send(OPTIONS + b"x" * (MAX_MESSAGE - len(OPTIONS) + 1)).status is None


def test_more_hops_than_max_forwards_allows_get_silence() -> None:
    hop = b",SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK2"
    assert send(changed(b";rport", b";rport" + hop * (MAX_VIAS - 1))).status == 200
    assert send(changed(b";rport", b";rport" + hop * MAX_VIAS)).status is None


LONG = MAX_MESSAGE // 8 - 200
"""About as much as one line holds."""


@pytest.mark.parametrize(
    "line",
    [
        b'"' + b'\\"' * (LONG // 2),
        b"<" * LONG,
        b"<>" * (LONG // 2) + b"<",
        b"a " * (LONG // 2),
        b'"a"' + b" " * LONG,
        b"<sip:a@b>" + b";a=b" * (LONG // 4) + b";",
        b"<sip:" + b"a" * LONG + b">",
        b"<sip:" + b"%41" * (LONG // 3) + b">",
        b"<sip:a@" + b"a-1." * (LONG // 4) + b"-",
        b"<sip:[" + b":" * LONG + b"]>",
        b"<sip:a@b" + b";c=d" * (LONG // 4) + b'">',
    ],
)
def test_a_line_made_to_be_slow_is_read_like_any_other(line: bytes) -> None:
    assert send(changed(b"<sip:alice@192.0.2.1>", line)).status == 400
    assert send(changed(b"SIP/2.0/UDP 192.0.2.1", b"SIP/2.0/UDP " + line)).status is None


def test_a_stream_in_single_octets_costs_one_look_at_each_head(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[bytes] = []
    measure = framing._content_length_of

    def counted(head: bytes) -> int:
        heads.append(head)
        return measure(head)

    monkeypatch.setattr(framing, "_content_length_of", counted)
    framer = StreamFramer()
    data = changed(b"Content-Length: 4", b"Content-Length: 4000").replace(b"body", b"x" * 4_000)
    found = [each for octet in data * 2 for each in framer.feed(bytes([octet]))]
    assert found == [data, data]
    assert len(heads) == 2


# --- properties -------------------------------------------------------------------------------------------------------

token = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=12)
host = st.sampled_from(["example.com", "a-b.example", "192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]"])
port = st.none() | st.integers(1, 65_535)
user = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12)
words = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\0"), max_size=20)


@given(token, token, token, user, host, port, words, st.integers(0, 2**31 - 1), st.binary(max_size=50))
def test_what_is_written_is_read_as_what_it_was(
    method: str, branch: str, tag: str, who: str, where: str, at: int | None, name: str, cseq: int, body: bytes
) -> None:
    number = "" if at is None else f":{at}"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    written = Request(method, message.parse_uri(f"sip:{where}{number};lr"))
    for field, value in (
        ("Via", f"SIP/2.0/UDP {where}{number};branch={branch}"),
        ("From", f'"{escaped}" <sip:a@{where}{number};transport=tcp>;tag={tag}'),
        ("To", f"<sip:{where}>"),
        ("Call-ID", f"{tag}@{where}"),
        ("CSeq", f"{cseq} {method}"),
        ("Content-Length", str(len(body))),
    ):
        written.headers.add(field, value)
    written.uri = type(written.uri)("sip", where, who, None, at, written.uri.parameters)
    written.body = body
    request = read(bytes(written))
    assert (request.method, request.uri, request.cseq.sequence) == (method, written.uri, cseq)
    assert (top_via(request).parameters["branch"], top_via(request).port) == (branch, at)
    assert (from_of(request).name, from_of(request).parameters["tag"]) == (name, tag)
    assert (request.body, bytes(request)) == (body, bytes(written))


SPECIAL = [
    b"\r\n",
    b"\r\n ",
    b"\0",
    b"\xff",
    b'"',
    b"<",
    b">",
    b",",
    b";",
    b":",
    b"@",
    b"%",
    b"[",
    b"]",
    b" ",
    b"\\",
    b"=",
    b"*",
    b"?",
]
seeds = st.sampled_from([*rfc4475.ALL.values(), *rfc5118.ALL.values(), OPTIONS])
edits = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 12), st.sampled_from(SPECIAL) | st.binary(max_size=4)),
    min_size=1,
    max_size=6,
)


def edit(data: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for place, removed, added in changes:
        at = int(place * len(data))
        data = data[:at] + added + data[at + removed :]
    return data


@settings(max_examples=400)
@given(seeds, edits, st.sampled_from(Transport))
def test_no_message_whatever_was_done_to_it_brings_a_user_agent_down(
    data: bytes, changes: list[tuple[float, int, bytes]], transport: Transport
) -> None:
    agent = UserAgent(generator=random.Random(1))
    flow = Flow(transport, ("192.0.2.1", 5060), ("192.0.2.2", 5060))
    agent.receive(edit(data, changes), flow, 0.0)
    for event in agent.take_events():
        match event:
            case RequestReceived(request):
                request.respond(200, 0.0)
            case IncomingCallReceived(call):
                call.answer(0.0, b"answer")
                call.bye(1.0)
    for sent, to in agent.take_sends():
        assert b"\r\n\r\n" in sent
        assert 0 < to.remote[1] < 65_536
    agent.handle_deadline(100.0)


@given(st.lists(st.tuples(seeds, edits), max_size=3), st.lists(st.integers(1, 400), max_size=20))
def test_a_stream_of_anything_is_cut_or_given_up_as_declared(
    messages: list[tuple[bytes, list[tuple[float, int, bytes]]]], cuts: list[int]
) -> None:
    stream, framer, start = b"".join(edit(*each) for each in messages), StreamFramer(), 0
    for cut in [*cuts, len(stream)]:
        try:
            for each in framer.feed(stream[start : start + cut]):
                parse(each, stream=True)
        except MalformedMessage:
            return
        start += cut
