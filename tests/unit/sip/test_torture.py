"""RFC 4475 and RFC 5118: what becomes of each of their messages, in the parser and in what goes out in answer."""

import re
from dataclasses import dataclass

import pytest
from tests.unit.sip import rfc4475, rfc5118
from tests.unit.sip.torture import header, read, send

from playvoice.sip.errors import MalformedMessage
from playvoice.sip.message import addresses_of, from_of, parse, tag_of, to_of, vias_of

ANSWERS: dict[str, int | None] = {
    # valid, however odd: what the user agent answers by its rules, and its owner 200 to requests and 404 to calls
    "wsinv": 481,  # To has a tag, and there is no such dialog
    "intmeth": 405,
    "esc01": 404,
    "escnull": 200,
    "esc02": 405,  # an escape is none in a method
    "lwsdisp": 200,
    "longreq": 404,
    "dblreq": 200,
    "semiuri": 200,
    "transports": 200,
    "mpart01": 405,
    "unreason": None,
    "noreason": None,
    # invalid
    "badinv01": None,  # no answer can be addressed by such a Via
    "clerr": 400,
    "ncl": 400,
    "scalar02": 400,
    "scalarlg": None,
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "trws": 400,
    "escruri": 400,
    "baddate": 404,  # Date means nothing to us
    "regbadct": 200,  # the registrar refuses it, below
    "badaspec": 400,
    "baddn": 400,
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 400,
    "bigcode": None,
    # transaction layer
    "badbranch": 200,
    # application layer
    "insuf": None,
    "unkscm": 416,
    "novelsc": 416,
    "unksm2": 400,
    "bext01": 420,
    "invut": 415,
    "regaut01": 200,  # the owner of the registrar challenges, `test_lines`
    "multi01": None,  # nobody knows which From and Call-ID to answer with
    "mcl01": 400,
    "bcast": None,
    "zeromf": 200,  # it has arrived where it was to go
    "cparam01": 200,
    "cparam02": 200,
    "regescrt": 200,
    "sdp01": 404,
    # backward compatibility
    "inv2543": 400,  # no Contact: there can be no dialog
}

ANSWERS_IPV6: dict[str, int | None] = {
    "ipv6-good": 200,
    "ipv6-bad": 400,
    "port-ambiguous": 200,
    "port-unambiguous": 200,
    "via-received-param-with-delim": 481,
    "via-received-param-no-delim": 200,
    "ipv6-in-sdp": 404,
    "mult-ip-in-header": 481,
    "mult-ip-in-sdp": 404,
    "ipv4-mapped-ipv6": 404,
    "ipv6-bug-abnf-3-colons": 200,
    "ipv6-correct-abnf-2-colons": 200,
}

UNREADABLE_TO = {header(rfc4475.ALL[name], "To") for name in ("quotbal", "badaspec", "baddn", "unksm2")}
"""What goes back as it came, without a tag."""


def test_every_message_of_both_rfcs_has_its_expectation() -> None:
    assert (len(rfc4475.ALL), len(rfc5118.ALL)) == (49, 12)
    assert ANSWERS.keys() == rfc4475.ALL.keys()
    assert ANSWERS_IPV6.keys() == rfc5118.ALL.keys()


@pytest.mark.parametrize("name", ANSWERS)
def test_what_goes_out_in_answer(name: str) -> None:
    check_answer(rfc4475.ALL[name], ANSWERS[name])


@pytest.mark.parametrize("name", ANSWERS_IPV6)
def test_what_goes_out_in_answer_with_ipv6(name: str) -> None:
    check_answer(rfc5118.ALL[name], ANSWERS_IPV6[name])


def check_answer(data: bytes, status: int | None) -> None:
    """An answer has the status, and repeats what it must, octet by octet."""
    heard = send(data)
    assert heard.status == status
    if status is None:
        assert sum(heard.dropped.values()) == 1, "what gets no answer is counted"
        return
    (answer,) = heard.answers
    for name in ("From", "Call-ID", "CSeq"):
        assert answer.headers[name] == header(data, name)
    to = header(data, "To")
    tagged = answer.headers["To"]
    if "tag" in to or to in UNREADABLE_TO:
        assert tagged == to
    else:
        assert re.fullmatch(re.escape(to) + ";tag=[0-9a-f]+", tagged)
    sent_vias = "".join(header(data, "Via").split())
    first = "".join(answer.headers["Via"].split())
    for parameter in first.split(";")[1:]:
        assert parameter.startswith(("received=", "rport=")) or parameter in sent_vias.split(",")[0]


# --- field by field -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fields:
    """What a valid request says."""

    method: str
    user: str | None
    host: str
    from_user: str
    from_tag: str | None
    to_tag: str | None
    cseq: int
    branches: tuple[str | None, ...]
    contacts: tuple[str, ...] = ()


METHOD = "!interesting-Method0123456789_*+`.%indeed'~"
FIELDS = {
    "wsinv": Fields(
        "INVITE",
        "vivekg",
        "chair-dnrc.example.com",
        "jdrosen",
        "98asjd8",
        "1918181833n",
        9,
        ("390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"),
        ("sip:jdrosen@example.com",),
    ),
    "intmeth": Fields(
        METHOD,
        "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
        "example.com",
        "mundane",
        "_token~1'+`*%!-.",
        None,
        139122385,
        ("z9hG4bK-.!%66*_+`'~",),
    ),
    "esc01": Fields(
        "INVITE",
        "sips:user@example.com",
        "example.net",
        "I have spaces",
        "938",
        None,
        234234,
        ("z9hG4bKkdjuw",),
        ("sip:caller@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31",),
    ),
    "escnull": Fields(
        "REGISTER",
        None,
        "example.com",
        "null-\0-null",
        "839923423",
        None,
        14398234,
        ("z9hG4bKkdjuw",),
        ("sip:%00@host5.example.com", "sip:%00%00@host5.example.com"),
    ),
    "esc02": Fields(
        "RE%47IST%45R",
        None,
        "registrar.example.com",
        "resource",
        "f232jadfj23",
        None,
        29344,
        ("z9hG4bK209%fzsnel234",),
        ("sip:alias1@host1.example.com", "sip:alias3@host3.example.com"),
    ),
    "lwsdisp": Fields("OPTIONS", "user", "example.com", "caller", "323", None, 60, ("z9hG4bKkdjuw",)),
    "longreq": Fields(
        "INVITE",
        "user",
        "example.com",
        "amazinglylongcallername" * 5,
        "12" + "982" * 50 + "424",
        None,
        3882340,
        (*(None,) * 33, "very" + "long" * 50 + "branchvalue"),
        (f"sip:{'amazinglylongcallername' * 5}@host5.example.net",),
    ),
    "dblreq": Fields(
        "REGISTER",
        None,
        "example.com",
        "j.user",
        "43251j3j324",
        None,
        8,
        ("z9hG4bKkdjuw23492",),
        ("sip:j.user@host.example.com",),
    ),
    "semiuri": Fields(
        "OPTIONS", "user;par=u@example.net", "example.com", "caller", "33242", None, 8, ("z9hG4bKkdjuw",)
    ),
    "transports": Fields(
        "OPTIONS",
        "user",
        "example.com",
        "caller",
        "323",
        None,
        60,
        ("z9hG4bKkdjuw", "z9hG4bKklasjdhf", "z9hG4bK2980unddj", "z9hG4bKasd0f3en", "z9hG4bK0a9idfnee"),
    ),
    "mpart01": Fields(
        "MESSAGE",
        "kumiko",
        "example.org",
        "fluffy",
        "2fb0dcc9",
        None,
        1,
        ("z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-",),
        ("sip:fluffy@127.0.0.1:5070",),
    ),
    "inv2543": Fields("INVITE", "UserB", "example.com", "+13035551111", None, None, 56, (None,)),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_valid_message_is_understood_field_by_field(name: str) -> None:
    request = read(rfc4475.ALL[name])
    assert FIELDS[name] == Fields(
        request.method,
        request.uri.user,
        request.uri.host,
        from_of(request).uri.user or "",
        tag_of(from_of(request)),
        tag_of(to_of(request)),
        request.cseq.sequence,
        tuple(via.parameters.get("branch") for via in vias_of(request)),
        tuple(str(address.uri) for address in addresses_of(request, "Contact")),
    )
    assert request.call_id == header(rfc4475.ALL[name], "Call-ID")


def test_the_tortuous_invite_has_its_transports_names_and_parameters() -> None:
    request = read(rfc4475.ALL["wsinv"])
    hops = [(via.transport, via.host) for via in vias_of(request)]
    assert hops == [("UDP", "192.0.2.2"), ("TCP", "spindle.example.com"), ("UDP", "192.168.255.111")]
    assert from_of(request).name == r"J Rosenberg \""
    (contact,) = addresses_of(request, "Contact")
    assert contact.name == 'Quoted string ""'
    assert dict(contact.parameters) == {"newparam": "newvalue", "secondparam": None, "q": "0.33"}
    assert (request.subject, request.max_forwards) == ("", 68)
    assert request.headers["NewFangledHeader"] == "newfangled value continued newfangled value"
    (route,) = addresses_of(request, "Route")
    assert dict(route.uri.parameters) == {"lr": None, "unknownwith": "value", "unknown-no-value": None}


def test_names_beyond_ascii_and_control_characters_are_taken_as_they_are() -> None:
    request = read(rfc4475.ALL["intmeth"])
    assert to_of(request).name == "BEL:\x07 NUL:\0 DEL:\x7f"
    assert from_of(request).parameters["fromparam''~+*_!.-%"] == '"работающий"'
    assert request.headers["extensionHeader-!.%*+_`'~"] == "\ufeff大停電"
    assert request.uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"


def test_a_body_is_what_the_content_length_says() -> None:
    assert read(rfc4475.ALL["dblreq"]).body == b"", "the second request of the datagram is ignored"
    body = read(rfc4475.ALL["mpart01"]).body
    assert (len(body), body.count(b"\0")) == (553, 2)


def test_a_reason_phrase_may_be_anything_or_nothing() -> None:
    assert parse(rfc4475.ALL["unreason"]).phrase == "= 2**3 * 5**2 но сто девяносто девять - простое"  # type: ignore[union-attr]
    assert parse(rfc4475.ALL["noreason"]).phrase == ""  # type: ignore[union-attr]


def test_a_parameter_belongs_to_the_header_or_to_the_uri() -> None:
    (outside,) = addresses_of(read(rfc4475.ALL["cparam01"]), "Contact")
    (inside,) = addresses_of(read(rfc4475.ALL["cparam02"]), "Contact")
    assert (list(outside.parameters), list(outside.uri.parameters)) == (["unknownparam"], [])
    assert (list(inside.parameters), list(inside.uri.parameters)) == ([], ["unknownparam"])
    assert str(outside.uri) == "sip:+19725552222@gw1.example.net"


def test_a_branch_that_is_only_the_cookie_tells_no_transactions_apart() -> None:
    first = rfc4475.ALL["badbranch"]
    second = first.replace(b"Call-ID: badbranch", b"Call-ID: another").replace(b"CSeq: 8", b"CSeq: 9")
    assert len(send(first, second).events) == 2, "two requests, not one and its repetition"
    assert len(send(first, first).events) == 1


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("bext01", {"Unsupported": "nothingSupportsThis, nothingSupportsThisEither"}),
        ("invut", {"Accept": "application/sdp"}),
        ("intmeth", {"Allow": "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE"}),
    ],
)
def test_a_refusal_says_what_would_be_understood(name: str, headers: dict[str, str]) -> None:
    (answer,) = send(rfc4475.ALL[name]).answers
    for field, value in headers.items():
        assert answer.headers[field].startswith(value)


@pytest.mark.parametrize(
    ("header_line", "status"),
    [
        (b"Content-Type: application/SDP ; charset=utf-8", 404),
        (b"Content-Type: multipart/mixed;boundary=x", 415),
        (b"Content-Type: application/sdp\r\nContent-Encoding: gzip", 415),
        (b"Content-Type: application/sdp\r\ne: identity", 404),
    ],
)
def test_a_call_with_a_body_that_is_no_description_is_refused(header_line: bytes, status: int) -> None:
    data = rfc4475.ALL["invut"].replace(b"Content-Type: application/unknownformat", header_line)
    assert send(data).status == status


# --- IPv6 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "host", "port"),
    [
        ("ipv6-good", "[2001:db8::10]", None),
        ("port-ambiguous", "[2001:db8::10:5070]", None),
        ("port-unambiguous", "[2001:db8::10]", 5070),
        ("ipv6-bug-abnf-3-colons", "[2001:db8::192.0.2.1]", None),
        ("ipv6-correct-abnf-2-colons", "[2001:db8::192.0.2.1]", None),
    ],
)
def test_where_an_ipv6_reference_ends_and_the_port_begins(name: str, host: str, port: int | None) -> None:
    request = read(rfc5118.ALL[name])
    assert (request.uri.host, request.uri.port) == (host, port)


def test_received_may_have_brackets_or_none() -> None:
    found = [
        vias_of(read(rfc5118.ALL[f"via-received-param-{name}"]))[0].parameters["received"]
        for name in ("with-delim", "no-delim")
    ]
    assert found == ["[2001:db8::9:255]", "2001:db8::9:255"]


def test_each_hop_has_its_address_and_port() -> None:
    hops = [(via.host, via.port) for via in vias_of(read(rfc5118.ALL["mult-ip-in-header"]))]
    assert hops == [("[2001:db8::9:1]", 6050), ("192.0.2.1", None), ("[2001:db8::9:255]", None)]
    mapped = read(rfc5118.ALL["ipv4-mapped-ipv6"])
    assert [(via.host, via.port) for via in vias_of(mapped)] == [
        ("[::ffff:192.0.2.10]", 19823),
        ("[::ffff:192.0.2.2]", None),
    ]
    (contact,) = addresses_of(mapped, "Contact")
    assert (contact.name, contact.uri.host) == ("T. desk phone", "[::ffff:192.0.2.2]")


@pytest.mark.parametrize("data", [*rfc4475.ALL.values(), *rfc5118.ALL.values()])
def test_a_message_that_is_understood_is_written_as_one_that_says_the_same(data: bytes) -> None:
    try:
        message = parse(data)
    except MalformedMessage:
        return
    again = parse(bytes(message))
    assert (str(again.headers), again.body) == (str(message.headers), message.body)
    assert bytes(again) == bytes(message)


def test_silence_is_counted_by_its_kind() -> None:
    kinds = {name: list(send(rfc4475.ALL[name]).dropped) for name, status in ANSWERS.items() if status is None}
    stray = {"unreason", "noreason", "bcast"}
    assert kinds == {name: ["stray_response" if name in stray else "malformed"] for name in kinds}
