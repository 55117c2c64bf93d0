from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sipmessage import URI, Request
from tests.unit.sip import rfc4475

from playvoice.sip.flow import Flow, Transport
from playvoice.sip.message import parse, parse_uri
from playvoice.sip.registrar import Binding, Change, ChangeKind, ExpiryBounds, Outcome, Registrar, is_same

AT = datetime(2026, 1, 1, tzinfo=UTC)
PHONE = "<sip:1001@192.0.2.1:5060>"
FLOW = Flow(Transport.UDP, ("192.0.2.1", 5060), ("192.0.2.9", 5060))
OTHER_FLOW = Flow(Transport.UDP, ("192.0.2.2", 5060), ("192.0.2.9", 5060))


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def register(*contacts: str, call_id: str = "c1", cseq: int = 1, **headers: str) -> Request:
    request = Request("REGISTER", URI.parse("sip:example.org"))
    request.headers.add("Call-ID", call_id)
    request.headers.add("CSeq", f"{cseq} REGISTER")
    for contact in contacts:
        request.headers.add("Contact", contact)
    for name, value in headers.items():
        request.headers.add(name, value)
    return request


def handle(registrar: Registrar, request: Request, *, at: datetime = AT, flow: Flow = FLOW) -> Outcome:
    return registrar.handle("1001", request, flow, at)


def contacts_of(registrar: Registrar, at: datetime = AT) -> list[str]:
    return [str(binding.contact) for binding in registrar.bindings("1001", at)]


def kinds(outcome: Outcome) -> list[ChangeKind]:
    return [change.kind for change in outcome.changes]


def values(outcome: Outcome, name: str) -> list[str]:
    return [value for header, value in outcome.headers if header == name]


def test_a_contact_is_bound_with_its_flow_for_the_time_it_asks() -> None:
    registrar = Registrar()
    outcome = handle(registrar, register(f"{PHONE};expires=120"))
    assert outcome.status == 200
    assert values(outcome, "Contact") == ["<sip:1001@192.0.2.1:5060>;expires=120"]
    binding = Binding("1001", URI.parse("sip:1001@192.0.2.1:5060"), FLOW, ("192.0.2.1", 5060), (), after(120), "c1", 1)
    assert outcome.changes == (Change(ChangeKind.ADDED, binding),)
    assert registrar.bindings("1001", AT) == [binding]
    assert registrar.bindings("1001", after(120)) == []


@pytest.mark.parametrize(
    ("contact", "expires", "granted"),
    [
        (PHONE, None, 3600),
        (PHONE, "600", 600),
        (f"{PHONE};expires=300", "600", 300),
        (f"{PHONE};expires=60", None, 60),
        (f"{PHONE};expires=7200", None, 3600),
        (f"{PHONE};expires=99999999999999999999", None, 3600),
        (f"{PHONE};expires=soon", None, 3600),
        (PHONE, "never", 3600),
    ],
)
def test_how_long_a_binding_lives(contact: str, expires: str | None, granted: int) -> None:
    request = register(contact)
    if expires is not None:
        request.headers.add("Expires", expires)
    outcome = handle(Registrar(), request)
    assert values(outcome, "Contact") == [f"{PHONE};expires={granted}"]


def test_too_short_a_time_is_refused_with_the_least_and_changes_nothing() -> None:
    registrar = Registrar()
    outcome = handle(registrar, register("<sip:1001@192.0.2.7>", f"{PHONE};expires=59"))
    assert (outcome.status, outcome.headers, outcome.changes) == (423, (("Min-Expires", "60"),), ())
    assert contacts_of(registrar) == []


def test_the_bounds_can_be_set() -> None:
    registrar = Registrar(ExpiryBounds(least=10, most=20))
    assert handle(registrar, register(f"{PHONE};expires=9")).status == 423
    assert values(handle(registrar, register(f"{PHONE};expires=30")), "Contact") == [f"{PHONE};expires=20"]


def test_a_request_without_contact_lists_what_there_is() -> None:
    registrar = Registrar()
    handle(registrar, register(f"{PHONE};expires=100"))
    outcome = handle(registrar, register(cseq=2), at=after(40.5))
    assert values(outcome, "Contact") == [f"{PHONE};expires=60"]
    assert outcome.changes == ()


def test_a_refresh_needs_a_higher_cseq_of_its_call_id() -> None:
    registrar = Registrar()
    handle(registrar, register(PHONE, cseq=5))
    for cseq in (5, 4):
        outcome = handle(registrar, register(PHONE, cseq=cseq), at=after(10))
        assert (outcome.status, outcome.changes) == (500, ())
    assert kinds(handle(registrar, register(PHONE, cseq=6), at=after(10))) == [ChangeKind.REFRESHED]
    assert registrar.bindings("1001", AT)[0].expires_at == after(3610)


def test_a_phone_that_restarted_has_another_call_id_and_any_cseq() -> None:
    registrar = Registrar()
    handle(registrar, register(PHONE, cseq=50))
    assert kinds(handle(registrar, register(PHONE, call_id="c2", cseq=1))) == [ChangeKind.REFRESHED]
    assert contacts_of(registrar) == ["sip:1001@192.0.2.1:5060"]


def test_one_contact_out_of_order_spoils_the_whole_request() -> None:
    registrar = Registrar()
    handle(registrar, register(PHONE, cseq=5))
    assert handle(registrar, register("<sip:1001@192.0.2.3>", PHONE, cseq=5)).status == 500
    assert contacts_of(registrar) == ["sip:1001@192.0.2.1:5060"]


def test_expires_0_removes_one_contact_and_an_unknown_one_is_no_mistake() -> None:
    registrar = Registrar()
    handle(registrar, register(PHONE))
    handle(registrar, register("<sip:1001@192.0.2.2>", call_id="c2"), flow=OTHER_FLOW)
    outcome = handle(registrar, register(f"{PHONE};expires=0", "<sip:x@192.0.2.3>;expires=0", cseq=2))
    assert kinds(outcome) == [ChangeKind.REMOVED]
    assert contacts_of(registrar) == ["sip:1001@192.0.2.2"]


def test_the_wildcard_removes_everything() -> None:
    registrar = Registrar()
    handle(registrar, register(PHONE))
    handle(registrar, register("<sip:1001@192.0.2.2>", call_id="c2"), flow=OTHER_FLOW)
    outcome = handle(registrar, register("*", cseq=2, Expires="0"))
    assert kinds(outcome) == [ChangeKind.REMOVED, ChangeKind.REMOVED]
    assert values(outcome, "Contact") == []
    assert repr(registrar) == "<Registrar 0 bindings of 0>"
    assert registrar.aors_at(("192.0.2.1", 5060), AT) == []


@pytest.mark.parametrize(
    "request_",
    [
        register("*"),
        register("*", Expires="60"),
        register("*", PHONE, Expires="0"),
        register("*, " + PHONE, Expires="0"),
        register("rubbish"),
        register("<tel:+4930123>"),
        register("<sip:1001@192.0.2.1>", "<sip:<>>"),
        register(*(f"<sip:{i}@192.0.2.1>" for i in range(11))),
        register(f"<sip:{'x' * 600}@192.0.2.1>"),
        register(PHONE, Path="<rubbish>"),
        register(PHONE, call_id="c" * 600),
    ],
)
def test_nonsense_is_400_and_changes_nothing(request_: Request) -> None:
    registrar = Registrar()
    handle(registrar, register(PHONE))
    outcome = handle(registrar, request_)
    assert (outcome.status, outcome.changes) == (400, ())
    assert contacts_of(registrar) == ["sip:1001@192.0.2.1:5060"]


def test_the_wildcard_out_of_order_removes_nothing() -> None:
    registrar = Registrar()
    handle(registrar, register(PHONE, cseq=2))
    assert handle(registrar, register("*", cseq=2, Expires="0")).status == 500
    assert contacts_of(registrar) == ["sip:1001@192.0.2.1:5060"]


def test_several_phones_of_one_user_are_all_listed() -> None:
    registrar = Registrar()
    handle(registrar, register(f"{PHONE};expires=100"))
    outcome = handle(registrar, register("<sip:1001@192.0.2.2>", call_id="c2"), flow=OTHER_FLOW)
    assert values(outcome, "Contact") == ["<sip:1001@192.0.2.2>;expires=3600", f"{PHONE};expires=100"]


def test_several_contacts_of_one_request_stand_together() -> None:
    registrar = Registrar()
    handle(registrar, register(f"{PHONE}, <sip:1001@192.0.2.1:5061>;expires=70"))
    assert contacts_of(registrar) == ["sip:1001@192.0.2.1:5060", "sip:1001@192.0.2.1:5061"]


def test_a_new_contact_from_the_same_place_replaces_the_old_one() -> None:
    registrar = Registrar()
    handle(registrar, register("<sip:1001-a@192.0.2.1:5060>"))
    outcome = handle(registrar, register("<sip:1001-b@192.0.2.1:5060>", call_id="c2"))
    assert kinds(outcome) == [ChangeKind.REMOVED, ChangeKind.ADDED]
    assert contacts_of(registrar) == ["sip:1001-b@192.0.2.1:5060"]


def test_phones_behind_one_edge_do_not_replace_each_other() -> None:
    registrar = Registrar()
    path = "<sip:edge.example.org;lr>"
    handle(registrar, register("<sip:1001-a@10.0.0.1>", Path=path))
    handle(registrar, register("<sip:1001-b@10.0.0.2>", call_id="c2", Path=path))
    assert len(contacts_of(registrar)) == 2


def test_the_path_is_kept_in_order_and_echoed() -> None:
    registrar = Registrar()
    outcome = handle(registrar, register(PHONE, Path="<sip:p1.example.org;lr>, <sip:p2.example.org;lr>"))
    assert registrar.bindings("1001", AT)[0].path == ("<sip:p1.example.org;lr>", "<sip:p2.example.org;lr>")
    assert values(outcome, "Path") == ["<sip:p1.example.org;lr>", "<sip:p2.example.org;lr>"]


def test_a_path_that_is_not_believed_counts_as_none() -> None:
    registrar = Registrar()
    outcome = registrar.handle("1001", register(PHONE, Path="<sip:evil.example.org;lr>"), FLOW, AT, believe_path=False)
    assert registrar.bindings("1001", AT)[0].path == ()
    assert values(outcome, "Path") == []


def test_at_the_bound_the_binding_that_expires_first_makes_room() -> None:
    registrar = Registrar(max_bindings=2)
    for host, expires in ((1, 300), (2, 200), (3, 100)):
        flow = Flow(Transport.UDP, (f"192.0.2.{host}", 5060), FLOW.local)
        outcome = handle(
            registrar, register(f"<sip:1001@192.0.2.{host}>;expires={expires}", call_id=f"c{host}"), flow=flow
        )
    assert kinds(outcome) == [ChangeKind.REMOVED, ChangeKind.ADDED]
    assert contacts_of(registrar) == ["sip:1001@192.0.2.1", "sip:1001@192.0.2.3"]


def test_bindings_expire() -> None:
    registrar = Registrar()
    handle(registrar, register(f"{PHONE};expires=60", "<sip:1001@192.0.2.8>;expires=61"))
    assert registrar.expire(after(59)) == []
    (change,) = registrar.expire(after(60))
    assert change.kind is ChangeKind.EXPIRED
    assert str(change.binding.contact) == "sip:1001@192.0.2.1:5060"
    assert contacts_of(registrar, after(60)) == ["sip:1001@192.0.2.8"]


def test_a_source_is_known_by_address_and_port_while_it_is_registered() -> None:
    registrar = Registrar()
    registrar.handle("1001", register(f"{PHONE};expires=60"), FLOW, AT)
    registrar.handle("1002", register("<sip:1002@192.0.2.1:5060>"), FLOW, AT)
    assert registrar.aors_at(("192.0.2.1", 5060), AT) == ["1001", "1002"]
    assert registrar.aors_at(("192.0.2.1", 5061), AT) == []
    assert registrar.aors_at(("192.0.2.1", 5060), after(60)) == ["1002"]
    registrar.expire(after(60))
    assert registrar.aors_at(("192.0.2.1", 5060), AT) == ["1002"]


def test_a_source_behind_an_edge_is_the_phone_s_own() -> None:
    registrar = Registrar()
    registrar.handle("1001", register(PHONE), FLOW, AT, source=("203.0.113.5", 40000))
    assert registrar.aors_at(("203.0.113.5", 40000), AT) == ["1001"]
    assert registrar.aors_at(FLOW.remote, AT) == []


def test_restored_bindings_are_as_good_as_new_ones() -> None:
    first, second = Registrar(), Registrar()
    handle(first, register(PHONE, cseq=7))
    second.restore(first)
    assert second.bindings("1001", AT) == first.bindings("1001", AT)
    assert handle(second, register(PHONE, cseq=7)).status == 500
    assert second.aors_at(("192.0.2.1", 5060), AT) == ["1001"]


def test_a_phone_that_was_quicker_than_the_restoring_keeps_its_new_binding() -> None:
    first, second = Registrar(), Registrar()
    handle(first, register(PHONE, cseq=7))
    handle(second, register(PHONE, cseq=8), at=after(10))
    second.restore(first)
    assert [binding.cseq for binding in second] == [8]


def test_a_user_can_be_dropped() -> None:
    registrar = Registrar()
    handle(registrar, register(PHONE))
    assert [change.kind for change in registrar.remove("1001")] == [ChangeKind.REMOVED]
    assert registrar.remove("1001") == []
    assert contacts_of(registrar) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # the examples of RFC 3261 section 19.1.4 that are about contacts
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", True),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", True),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", True),
        ("sip:biloxi.com;transport=tcp;method=REGISTER", "sip:biloxi.com;method=REGISTER;transport=tcp", True),
        ("sip:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", False),
        ("sip:bob@biloxi.com:6000", "sip:bob@biloxi.com:6000;transport=tcp", False),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;newparam=6", False),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com", False),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", False),
        ("sip:bob:secret@biloxi.com", "sip:bob@biloxi.com", False),
        ("SIP:bob@[2001:DB8::1]", "sip:bob@[2001:db8::1]", True),
        ("sip:bob@biloxi.com;lr", "sip:bob@biloxi.com;LR", True),
    ],
)
def test_contacts_are_the_same_by_the_rules_of_uris(one: str, other: str, same: bool) -> None:
    assert is_same(parse_uri(one), parse_uri(other)) is same
    assert is_same(parse_uri(other), parse_uri(one)) is same
    registrar = Registrar()
    handle(registrar, register(f"<{one}>", cseq=1))
    outcome = handle(registrar, register(f"<{other}>", cseq=2))
    assert kinds(outcome) == [ChangeKind.REFRESHED if same else ChangeKind.ADDED]
    assert len(contacts_of(registrar)) == (1 if same else 2)
    assert str(parse_uri(other)) in contacts_of(registrar), "the later words count"


def test_the_contact_that_a_phone_prefers_rings_first_and_is_told_so() -> None:
    registrar = Registrar()
    contacts = ["<sip:a@192.0.2.1>;q=0.2;expires=600", "<sip:b@192.0.2.1>;expires=60", "<sip:c@192.0.2.1>;q=0.85"]
    outcome = handle(registrar, register(*contacts))
    assert [str(binding.contact)[4] for binding in registrar.bindings("1001", AT)] == ["b", "c", "a"]
    assert values(outcome, "Contact") == [
        "<sip:b@192.0.2.1>;expires=60",
        "<sip:c@192.0.2.1>;q=0.85;expires=3600",
        "<sip:a@192.0.2.1>;q=0.2;expires=600",
    ]


@pytest.mark.parametrize("q", ["2", "-1", "0.1234", "much", '"0.5"', "1.001", "0x"])
def test_a_preference_that_is_none_is_the_highest(q: str) -> None:
    registrar = Registrar()
    handle(registrar, register(f"{PHONE};q={q}"))
    assert [binding.preference for binding in registrar.bindings("1001", AT)] == [1.0]


@pytest.mark.parametrize(
    ("name", "contacts"),
    [
        ("escnull", ["sip:%00@host5.example.com", "sip:%00%00@host5.example.com"]),
        ("cparam01", ["sip:+19725552222@gw1.example.net"]),
        ("cparam02", ["sip:+19725552222@gw1.example.net;unknownparam"]),
        ("dblreq", ["sip:j.user@host.example.com"]),
        ("regbadct", None),
        ("regescrt", None),
    ],
)
def test_what_the_torture_tests_register(name: str, contacts: list[str] | None) -> None:
    registrar = Registrar()
    request = parse(rfc4475.ALL[name])
    assert isinstance(request, Request)
    outcome = handle(registrar, request)
    assert outcome.status == (400 if contacts is None else 200)
    assert contacts_of(registrar) == (contacts or [])


def test_a_contact_is_kept_as_the_phone_wrote_it() -> None:
    registrar = Registrar()
    contact = "sip:1001@192.0.2.1:5060;x-host=192.168.1.5:5061;OB;n%61me=v%61lue"
    outcome = handle(registrar, register(f'"A phone" <{contact}>;+sip.instance="<urn:uuid:0;1>"'))
    assert values(outcome, "Contact") == [f"<{contact}>;expires=3600"]


contact = st.sampled_from(
    ["*", PHONE, "<sip:a@192.0.2.1>", "sip:b@192.0.2.2", "<sip:c@h>;expires=0", "<sip:c@h>;expires=70"]
) | st.text(max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(contact, max_size=3),
            st.sampled_from(["c1", "c2"]),
            st.integers(1, 4),
            st.none() | st.sampled_from(["0", "60", "59", "x"]),
            st.sampled_from([FLOW, OTHER_FLOW]),
        ),
        max_size=8,
    )
)
def test_whatever_comes_a_request_changes_all_or_nothing_and_the_books_agree(
    requests: list[tuple[list[str], str, int, str | None, Flow]],
) -> None:
    registrar = Registrar(max_bindings=3)
    for contacts, call_id, cseq, expires, flow in requests:
        before = sorted(str(binding) for binding in registrar)
        request = register(*contacts, call_id=call_id, cseq=cseq)
        if expires is not None:
            request.headers.add("Expires", expires)
        outcome = handle(registrar, request, flow=flow)
        assert outcome.status in (200, 400, 423, 500)
        if outcome.status != 200:
            assert outcome.changes == ()
            assert sorted(str(binding) for binding in registrar) == before
        else:
            assert len(values(outcome, "Contact")) == len(list(registrar)) <= 3
        for known in (FLOW, OTHER_FLOW):
            expected = any(binding.source == known.remote for binding in registrar)
            assert (registrar.aors_at(known.remote, AT) == ["1001"]) is expected


# --- a phone that comes over another flow -----------------------------------------------------------------------------

TCP_PHONE = "<sip:1001@10.0.0.1:5060;transport=tcp>"


def tcp(port: int) -> Flow:
    return Flow(Transport.TCP, ("192.0.2.1", port), ("192.0.2.9", 5060))


def left(outcome: Outcome) -> list[tuple[str, Flow]]:
    return [(str(binding.contact), binding.flow) for change in outcome.changes for binding in change.left]


def test_a_refresh_over_another_flow_tells_the_one_that_it_leaves() -> None:
    registrar = Registrar()
    assert left(handle(registrar, register(TCP_PHONE), flow=tcp(1))) == []
    assert left(handle(registrar, register(TCP_PHONE, cseq=2), flow=tcp(1))) == []
    after_restart = register(TCP_PHONE, call_id="c2")
    assert left(handle(registrar, after_restart, flow=tcp(2))) == [("sip:1001@10.0.0.1:5060;transport=tcp", tcp(1))]
    assert left(handle(registrar, after_restart, flow=tcp(3))) == [], "it is refused for its CSeq"


def test_a_phone_whose_contact_is_its_connection_is_known_by_the_call_id_of_its_registrations() -> None:
    registrar = Registrar()
    handle(registrar, register("<sip:1001@192.0.2.1:1;transport=tcp>"), flow=tcp(1))
    handle(registrar, register("<sip:1001@192.0.2.1:9;transport=tcp>", call_id="another phone"), flow=tcp(9))
    outcome = handle(registrar, register("<sip:1001@192.0.2.1:2;transport=tcp>", cseq=2), flow=tcp(2))
    assert left(outcome) == [("sip:1001@192.0.2.1:1;transport=tcp", tcp(1))]


def test_a_phone_that_comes_over_another_transport_or_another_edge_leaves_nothing() -> None:
    """Who got a request by the one way would not know its CANCEL by the other."""
    registrar = Registrar()
    handle(registrar, register(TCP_PHONE), flow=tcp(1))
    assert left(handle(registrar, register(TCP_PHONE, cseq=2), flow=FLOW)) == []
    handle(registrar, register(TCP_PHONE, cseq=3, Path="<sip:192.0.2.50;lr>"), flow=tcp(50))
    assert left(handle(registrar, register(TCP_PHONE, cseq=4, Path="<sip:192.0.2.51;lr>"), flow=tcp(51))) == []
