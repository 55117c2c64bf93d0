from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from playvoice.lines.registrations import Registrations, read_bindings
from playvoice.sip import URI, Flow, Request, SipError, Transport
from playvoice.sip.registrar import Registrar
from playvoice.store import Store, StoreUnavailable

T = TypeVar("T")
AT = datetime(2026, 1, 1, tzinfo=UTC)
LOCAL = ("192.0.2.9", 5060)
PHONE = Flow(Transport.UDP, ("192.0.2.1", 40000), LOCAL)
NOW_LISTENING_AT = ("192.0.2.9", 5099)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def flow_to(transport: str, host: str, port: int) -> Flow:
    if transport == "tcp" and host.startswith("10."):
        raise SipError("no tcp address")
    return Flow(Transport(transport), (host, port), NOW_LISTENING_AT)


def register(contact: str = "<sip:1001@10.0.0.1:5060>", cseq: int = 1, **headers: str) -> Request:
    request = Request("REGISTER", URI.parse("sip:example.org"))
    for name, value in {"Call-ID": "c1", "CSeq": f"{cseq} REGISTER", "Contact": contact, **headers}.items():
        request.headers.add(name, value)
    return request


class Failing:
    """A store that is away for a while."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.away = False

    async def write(self, fact: Callable[[Connection], T]) -> T:
        if self.away:
            raise StoreUnavailable("the disk is full")
        return await self._store.write(fact)

    async def read(self, query: Callable[[Connection], T]) -> T:
        return await self._store.read(query)


def stored(store: Store) -> list[str]:
    return [str(binding.contact) for binding in store.read_now(read_bindings)]


async def bind(registrations: Registrations, request: Request, flow: Flow = PHONE) -> None:
    outcome = registrations.handle("1001", request, flow, AT, source=flow.remote, believe_path=False)
    assert outcome.status == 200
    await registrations.save("1001")


async def restored(store: Store, at: datetime = AT) -> Registrations:
    registrations = Registrations(store, Registrar())
    await registrations.restore(flow_to, at)
    return registrations


async def test_a_restart_forgets_no_phone(store: Store) -> None:
    await bind(Registrations(store, Registrar()), register())
    again = await restored(store, after(3599))
    (contact,) = again.contacts("1001", after(3599))
    assert str(contact.uri) == "sip:1001@10.0.0.1:5060"
    assert contact.flow == Flow(Transport.UDP, ("192.0.2.1", 40000), NOW_LISTENING_AT)
    assert contact.path == ()
    assert contact.route == ()
    assert again.contacts("1001", after(3600)) == []
    assert again.numbers_at(("192.0.2.1", 40000), AT) == ["1001"]


async def test_a_restored_binding_keeps_its_call_id_and_cseq(store: Store) -> None:
    await bind(Registrations(store, Registrar()), register(cseq=7))
    again = await restored(store)
    assert again.handle("1001", register(cseq=7), PHONE, AT, source=PHONE.remote, believe_path=False).status == 500


async def test_what_is_saved_is_what_there_is(lines_store: Store) -> None:
    registrations = Registrations(lines_store, Registrar())
    await bind(registrations, register("<sip:1001@10.0.0.1>, <sip:1001@10.0.0.2>"))
    await bind(registrations, register("<sip:1001@10.0.0.1>;expires=0", cseq=2))
    assert stored(lines_store) == ["sip:1001@10.0.0.2"]
    await bind(registrations, register("*", cseq=3, Expires="0"))
    assert stored(lines_store) == []


async def test_a_path_is_believed_from_an_edge_only(lines_store: Store) -> None:
    registrations = Registrations(lines_store, Registrar())
    request = register(Path="<sip:192.0.2.10;lr>")
    registrations.handle("1001", request, PHONE, AT, source=PHONE.remote, believe_path=False)
    registrations.handle("1002", request, PHONE, AT, source=("203.0.113.5", 5060), believe_path=True)
    await registrations.save("1002")
    assert registrations.contacts("1001", AT)[0].route == ()
    (contact,) = (await restored(lines_store)).contacts("1002", AT)
    assert [str(address) for address in contact.route] == ["<sip:192.0.2.10;lr>"]


async def test_after_a_restart_a_phone_on_tcp_is_reached_where_its_contact_says(lines_store: Store) -> None:
    flow = Flow(Transport.TCP, ("192.0.2.1", 40000), LOCAL)
    await bind(Registrations(lines_store, Registrar()), register("<sip:1001@192.0.2.1:5071;transport=tcp>"), flow)
    (contact,) = (await restored(lines_store)).contacts("1001", AT)
    assert contact.flow.remote == ("192.0.2.1", 5071)


async def test_a_phone_that_cannot_be_reached_any_more_is_left_out(lines_store: Store) -> None:
    flow = Flow(Transport.TCP, ("192.0.2.1", 40000), LOCAL)
    await bind(Registrations(lines_store, Registrar()), register("<sip:1001@10.0.0.1;transport=tcp>"), flow)
    assert (await restored(lines_store)).contacts("1001", AT) == []


async def test_what_has_expired_leaves_the_store(lines_store: Store) -> None:
    registrations = Registrations(lines_store, Registrar())
    await bind(registrations, register("<sip:1001@10.0.0.1>;expires=60, <sip:1001@10.0.0.2>;expires=90"))
    registrations.expire(after(60))
    await registrations.save_unsaved()
    assert stored(lines_store) == ["sip:1001@10.0.0.2"]


async def test_what_expired_while_the_server_was_down_leaves_the_store(lines_store: Store) -> None:
    await bind(Registrations(lines_store, Registrar()), register())
    again = await restored(lines_store, after(4000))
    await again.save_unsaved()
    assert stored(lines_store) == []


async def test_while_the_store_is_away_phones_register_and_are_written_later(lines_store: Store) -> None:
    failing = Failing(lines_store)
    registrations = Registrations(failing, Registrar())  # type: ignore[arg-type]
    failing.away = True
    await bind(registrations, register())
    await registrations.save_unsaved()
    assert registrations.contacts("1001", AT)
    assert stored(lines_store) == []
    failing.away = False
    await registrations.save_unsaved()
    assert stored(lines_store) == ["sip:1001@10.0.0.1:5060"]
    assert repr(registrations) == "<Registrations <Registrar 1 bindings of 1> unsaved=0>"


@pytest.mark.parametrize(("kept", "left"), [(["1001"], 1), (["1002"], 0)])
async def test_phones_of_extensions_that_are_gone_go_too(lines_store: Store, kept: list[str], left: int) -> None:
    registrations = Registrations(lines_store, Registrar())
    await bind(registrations, register())
    registrations.keep_only(kept)
    await registrations.save_unsaved()
    assert len(registrations.contacts("1001", AT)) == left
    assert len(stored(lines_store)) == left


@pytest.mark.parametrize("contact", ["<sip:1001@10.0.0.1;transport=tcp>", "<sip:1001@192.0.2.1:5071;transport=tcp>"])
async def test_a_phone_on_tcp_that_registers_after_a_restart_leaves_its_old_connection_once(
    lines_store: Store, contact: str
) -> None:
    """What the earlier process began over that one is ended over the new one."""
    before, now = (Flow(Transport.TCP, ("192.0.2.1", port), LOCAL) for port in (40000, 40001))
    await bind(Registrations(lines_store, Registrar()), register(contact), before)
    again = await restored(lines_store)
    found = []
    for cseq in (2, 3):
        outcome = again.handle("1001", register(contact, cseq), now, AT, source=now.remote, believe_path=False)
        found.append([binding.flow.remote for change in outcome.changes for binding in again.left(change)])
    assert before.remote in found[0]
    assert found[1] == []
