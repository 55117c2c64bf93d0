import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import URI, Request, Response

from playvoice.sip.digest import (
    MAX_CHALLENGES,
    MAX_HEADER,
    Algorithm,
    Answer,
    Challenge,
    Credentials,
    DigestClient,
    MalformedDigest,
    answer,
    parse_parameters,
)

ALICE = Credentials("alice", "secret")


def response_with(*challenges: str, field: str = "WWW-Authenticate", code: int = 401) -> Response:
    response = Response(code, "Unauthorized")
    for challenge in challenges:
        response.headers.add(field, challenge)
    return response


def register() -> Request:
    return Request("REGISTER", URI.parse("sip:example.org"))


def client() -> DigestClient:
    return DigestClient(ALICE, random.Random(1))


def test_the_example_of_rfc_2617_section_3_5() -> None:
    challenge = Challenge.parse(
        'Digest realm="testrealm@host.com", qop="auth,auth-int",'
        ' nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    written = answer(challenge, Credentials("Mufasa", "Circle Of Life"), "GET", "/dir/index.html", cnonce="0a4f113b")
    assert written.response == "6629fae49393a05397450978507c4ef1"
    assert written == Answer.parse(
        'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
        ' uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b",'
        ' response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_section_3_9_1(algorithm: str, expected: str) -> None:
    challenge = Challenge.parse(
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},'
        ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",'
        ' opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    written = answer(
        challenge,
        Credentials("Mufasa", "Circle of Life"),
        "GET",
        "/dir/index.html",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert written.response == expected
    assert written.algorithm is Algorithm(algorithm)


def test_a_challenge_without_qop_is_answered_as_rfc_2069_says() -> None:
    # The example of RFC 2069 section 2.4 with the response that its erratum 749 gives.
    challenge = Challenge.parse(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
        ' opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    written = answer(challenge, Credentials("Mufasa", "CircleOfLife"), "GET", "/dir/index.html", cnonce="x")
    assert written.response == "1949323746fe6a43ef61f9606e7febea"
    assert "qop" not in str(written)
    assert "nc=" not in str(written)
    assert "algorithm" not in str(written)


def test_baresip_s_own_header_is_read() -> None:
    read = Answer.parse(
        'Digest username="1001", realm="pv", nonce="abcMD5", uri="sip:127.0.0.1:5999",'
        ' response="347ad86d8d1ec4a18868dbed02872706", cnonce="b877309ad4fe895f", qop=auth, nc=00000001'
    )
    assert read.expected_response("REGISTER", "secret") == read.response


def test_the_count_is_hashed_as_it_was_written() -> None:
    read = Answer.parse(
        'Digest username="u", realm="r", nonce="n", uri="sip:x", response="aa", cnonce="c", qop=auth, nc=A'
    )
    assert read.count == 10
    written = Answer.parse(str(read).replace("nc=A", "nc=0000000a"))
    assert read.expected_response("INVITE", "p") != written.expected_response("INVITE", "p")


def test_an_answer_echoes_the_algorithm_and_opaque_of_the_challenge() -> None:
    challenge = Challenge("r", "n", Algorithm.SHA256, opaque="o")
    text = str(answer(challenge, ALICE, "INVITE", "sip:x", cnonce="c", count=10))
    assert "algorithm=SHA-256" in text
    assert 'opaque="o"' in text
    assert text.endswith('cnonce="c", qop=auth, nc=0000000a')


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic dXNlcjpwYXNz",
        'Digest realm="r"',
        'Digest nonce="n"',
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r", nonce="n", algorithm=MD5-sess',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r", realm="s", nonce="n"',
        'Digest realm="r, nonce="n"',
        "Digest " + "a" * MAX_HEADER,
    ],
)
def test_a_challenge_that_we_cannot_answer_is_one_error(value: str) -> None:
    with pytest.raises(MalformedDigest):
        Challenge.parse(value)


@pytest.mark.parametrize(
    "change",
    [
        ("qop=auth", "qop=auth-int"),
        ("nc=00000001", "nc=x"),
        ("nc=00000001", "nc=000000001"),
        (", nc=00000001", ""),
        ('cnonce="c", ', ""),
        ('response="aa"', 'response="zz"'),
        ('username="u", ', ""),
    ],
)
def test_an_answer_that_cannot_be_checked_is_one_error(change: tuple[str, str]) -> None:
    good = 'Digest username="u", realm="r", nonce="n", uri="sip:x", response="aa", cnonce="c", qop=auth, nc=00000001'
    Answer.parse(good)
    with pytest.raises(MalformedDigest):
        Answer.parse(good.replace(*change))


def test_names_are_read_in_any_case_and_spacing_and_the_order_is_free() -> None:
    read = Challenge.parse('digest  NONCE = "n" ,ALGORITHM=md5,,  Realm="r" , Stale=TRUE,QOP="Auth"')
    assert read == Challenge("r", "n", Algorithm.MD5, qop=True, stale=True)


def test_quotes_and_backslashes_in_a_name_survive() -> None:
    challenge = Challenge('a "realm" \\ here, x=y', "n")
    assert Challenge.parse(str(challenge)) == challenge


text = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)


@settings(max_examples=60)
@given(
    st.builds(
        Challenge,
        realm=text,
        nonce=text,
        algorithm=st.sampled_from([None, *Algorithm]),
        qop=st.booleans(),
        opaque=st.none() | text,
        stale=st.booleans(),
    )
)
def test_a_challenge_that_was_written_reads_back(challenge: Challenge) -> None:
    assert Challenge.parse(str(challenge)) == challenge


@settings(max_examples=60)
@given(
    st.builds(
        Answer,
        username=text,
        realm=text,
        nonce=text,
        uri=text,
        response=st.text("0123456789abcdef", min_size=1, max_size=64),
        algorithm=st.sampled_from([None, *Algorithm]),
        nc=st.none() | st.text("0123456789abcdefABCDEF", min_size=1, max_size=8),
        cnonce=text,
        opaque=st.none() | text,
    )
)
def test_an_answer_that_was_written_reads_back(written: Answer) -> None:
    if written.nc is None:
        written = replace(written, cnonce="")
    assert Answer.parse(str(written)) == written


@settings(max_examples=150)
@given(st.text(max_size=60) | st.text('Digest =",\\ qopnc', max_size=60).map("Digest ".__add__))
def test_garbage_gives_the_declared_error_or_parameters(value: str) -> None:
    for read in (parse_parameters, Challenge.parse, Answer.parse):
        try:
            read(value)
        except MalformedDigest:
            pass


def test_a_client_answers_a_challenge_and_counts_the_nonce() -> None:
    digest = client()
    assert digest.learn(response_with('Digest realm="r", nonce="n", qop="auth"'))
    counts = []
    for _ in range(3):
        request = register()
        digest.authorize(request)
        read = Answer.parse(request.headers["Authorization"])
        assert read.expected_response("REGISTER", "secret") == read.response
        assert read.uri == "sip:example.org"
        counts.append(read.count)
    assert counts == [1, 2, 3]


def test_a_client_takes_the_first_challenge_of_a_realm_that_it_can_answer() -> None:
    digest, request = client(), register()
    assert digest.learn(
        response_with(
            'Digest realm="r", nonce="a", algorithm=SHA-512-256, qop="auth"',
            "Basic whatever",
            'Digest realm="r", nonce="b", algorithm=SHA-256, qop="auth"',
            'Digest realm="r", nonce="c", algorithm=MD5, qop="auth"',
        )
    )
    digest.authorize(request)
    assert [Answer.parse(value).nonce for value in request.headers.getlist("Authorization")] == ["b"]


def test_a_client_answers_each_realm_and_keeps_proxies_apart() -> None:
    digest, request = client(), register()
    response = response_with(
        'Digest realm="one", nonce="1"', 'Digest realm="two", nonce="2"', field="Proxy-Authenticate", code=407
    )
    response.headers.add("WWW-Authenticate", 'Digest realm="one", nonce="3"')
    assert digest.learn(response)
    digest.authorize(request)
    digest.authorize(request)
    proxies = [Answer.parse(value) for value in request.headers.getlist("Proxy-Authorization")]
    assert [(item.realm, item.nonce) for item in proxies] == [("one", "1"), ("two", "2")]
    assert len(request.headers.getlist("Authorization")) == 1


def test_a_second_challenge_of_the_same_realm_is_a_refusal() -> None:
    digest = client()
    assert digest.learn(response_with('Digest realm="r", nonce="1"'))
    assert not digest.learn(response_with('Digest realm="r", nonce="2"'))


def test_a_stale_nonce_is_no_refusal_but_not_for_ever() -> None:
    digest = client()
    stale = 'Digest realm="r", nonce="2", stale=true'
    assert digest.learn(response_with('Digest realm="r", nonce="1"'))
    assert digest.learn(response_with(stale))
    assert digest.learn(response_with(stale))
    assert not digest.learn(response_with(stale))


def test_after_a_success_a_challenge_is_answered_anew() -> None:
    digest = client()
    assert digest.learn(response_with('Digest realm="r", nonce="1"'))
    digest.accepted()
    assert digest.learn(response_with('Digest realm="r", nonce="2"'))


def test_a_proxy_behind_a_proxy_may_challenge_next() -> None:
    digest = client()
    assert digest.learn(response_with('Digest realm="a", nonce="1"', field="Proxy-Authenticate", code=407))
    assert digest.learn(response_with('Digest realm="b", nonce="2"'))


def test_a_response_without_a_usable_challenge_cannot_be_answered() -> None:
    assert not client().learn(response_with())
    assert not client().learn(response_with("Digest nonsense", "Basic x"))


def test_the_password_stands_in_no_repr() -> None:
    assert "secret" not in repr(ALICE)
    assert repr(client()) == "<DigestClient 'alice' for no realm yet>"


def test_a_client_remembers_the_last_realms_of_a_peer_that_thinks_of_a_new_one_each_time() -> None:
    digest, request = client(), register()
    for number in range(20):
        assert digest.learn(response_with(f'Digest realm="{number}", nonce="n"'))
        digest.accepted()
    digest.authorize(request)
    realms = [Answer.parse(value).realm for value in request.headers.getlist("Authorization")]
    assert realms == [str(number) for number in range(20 - MAX_CHALLENGES, 20)]
