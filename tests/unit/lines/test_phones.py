"""Phones as they are: behind NATs, on connections of their own, several for an extension, with wrong passwords."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

import pytest
import structlog
from sipmessage import Address, Request, Response
from tests.unit.lines.configs import config
from tests.unit.lines.far_end import FarEnd, far_end
from tests.unit.lines.serving import COMPANY, Server, serving
from tests.unit.sip import rfc4475
from tests.waiting import until

from playvoice.lines.registrations import ContactBinding
from playvoice.sip import URI, CallState, Credentials, DigestClient, Flow, OutgoingCall, Transport
from playvoice.sip.framing import StreamFramer
from playvoice.sip.guesses import MAX_GUESSES
from playvoice.sip.message import make_response, parse
from playvoice.store import Store


def message(method: str, via: str, *headers: str) -> bytes:
    lines = [
        f"{method} sip:127.0.0.1 SIP/2.0",
        f"Via: {via}",
        "From: <sip:1001@127.0.0.1>;tag=a",
        "To: <sip:1001@127.0.0.1>",
        "Call-ID: one",
        *headers,
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


BEHIND_NAT = "<sip:1001@10.0.0.1:5060;transport=tcp>"


class TcpPhone:
    """A phone with one connection, which listens nowhere."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._framer = StreamFramer()
        self._messages: list[bytes] = []
        self._requests: list[Request] = []
        self.writer = writer
        self.local: tuple[str, int] = writer.get_extra_info("sockname")

    async def receive(self) -> Request | Response:
        async with asyncio.timeout(5.0):
            while not self._messages:
                data = await self._reader.read(65_536)
                assert data, "the connection is closed"
                self._messages += self._framer.feed(data)
        return parse(self._messages.pop(0), stream=True)

    async def expect(self, method: str) -> Request:
        """The next request, which has to be of this method."""
        request = self._requests.pop(0) if self._requests else await self.receive()
        assert isinstance(request, Request)
        assert request.method == method
        return request

    async def _answer(self) -> Response:
        """The next response; requests that come before it wait."""
        while not isinstance(message := await self.receive(), Response):
            self._requests.append(message)
        return message

    async def register(self, contact: str, first: int = 1, *headers: str) -> Response:
        """Register in two requests, of which the first one has this CSeq."""
        client = DigestClient(Credentials("1001", "secret"), Random(1))
        authorization: tuple[str, ...] = ()
        for cseq in (first, first + 1):
            branch = f"SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bK{self.local[1]}-{cseq}"
            self.writer.write(
                message("REGISTER", branch, f"CSeq: {cseq} REGISTER", f"Contact: {contact}", *headers, *authorization)
            )
            response = await self._answer()
            if response.code != 401:
                return response
            assert client.learn(response)
            request = Request("REGISTER", URI.parse("sip:127.0.0.1"))
            client.authorize(request)
            authorization = (f"Authorization: {request.headers['Authorization']}",)
        raise AssertionError("challenged again")


@asynccontextmanager
async def tcp_phone(server: Server) -> AsyncIterator[TcpPhone]:
    reader, writer = await asyncio.open_connection(*server.flow.local)
    try:
        yield TcpPhone(reader, writer)
    finally:
        writer.close()


def ask(server: Server, contact: ContactBinding) -> None:
    """Send OPTIONS to a phone, as an INVITE would go."""
    who = Address.parse("<sip:server@127.0.0.1>")
    server.agent.request(
        "OPTIONS", contact.uri, flow=contact.flow, from_=who, to=who, now=server.endpoint.now(), headers=()
    )
    server.endpoint.flush()


async def test_a_phone_on_tcp_is_reached_over_the_connection_that_it_opened(lines_store: Store) -> None:
    async with serving(lines_store, transport="tcp") as server, tcp_phone(server) as phone:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen: a new connection to the contact would fail
            host, port = nobody.getsockname()
            assert (await phone.register(f"<sip:1001@{host}:{port};transport=tcp>")).code == 200
            (contact,) = server.lines.contacts("1001")
            assert contact.flow.remote == phone.local
            for _ in range(3):
                phone.writer.write(b"\r\n\r\n")  # the keep-alive of RFC 5626 section 3.5.1
                ask(server, contact)
                request = await phone.receive()
                assert isinstance(request, Request)
                assert (request.method, str(request.uri)) == ("OPTIONS", f"sip:1001@{host}:{port};transport=tcp")
                phone.writer.write(bytes(make_response(request, 200, to_tag="p")))
        await until(lambda: server.agent.core.transaction_count == 0)


async def test_the_connection_of_a_phone_is_known_as_long_as_it_is_registered(lines_store: Store) -> None:
    async with serving(lines_store, transport="tcp") as server, tcp_phone(server) as phone:
        flow = Flow(Transport.TCP, phone.local, server.flow.local)
        assert not server.lines.knows(flow)
        assert (await phone.register("<sip:1001@127.0.0.1:5060;transport=tcp>")).code == 200
        assert server.lines.knows(flow)
        server.clock.at += timedelta(hours=2)
        assert not server.lines.knows(flow)


async def test_a_phone_on_tcp_whose_connection_has_ended_is_reached_where_it_listens(lines_store: Store) -> None:
    async with serving(lines_store, transport="tcp") as server, far_end(server.flow, "1001") as listening:
        async with tcp_phone(server) as phone:
            assert (await phone.register(listening.contact)).code == 200
            assert server.lines.contacts("1001")[0].flow.remote == phone.local
        await until(lambda: server.lines.contacts("1001")[0].flow.remote == listening.local)
        ask(server, server.lines.contacts("1001")[0])
        await until(lambda: listening.requests == ["OPTIONS"])


@pytest.mark.parametrize("again", [False, True])
async def test_a_phone_behind_a_proxy_that_closed_its_connection_is_reached_where_the_proxy_listens(
    lines_store: Store, again: bool
) -> None:
    """Also after a restart."""
    text = config(companies=[COMPANY], edges=["127.0.0.1"])
    async with serving(lines_store, text, "tcp") as server, far_end(server.flow, "1001") as proxy:
        path = f"Path: {proxy.contact.replace('1001@', '').replace('tcp', 'tcp;lr')}"
        async with tcp_phone(server) as connection:
            assert (await connection.register(BEHIND_NAT, 1, path)).code == 200
            assert server.lines.contacts("1001")[0].flow.remote == connection.local
        if again:
            async with serving(lines_store, text, "tcp") as after_restart:
                (contact,) = after_restart.lines.contacts("1001")
        else:
            await until(lambda: server.lines.contacts("1001")[0].flow.remote == proxy.local)
            (contact,) = server.lines.contacts("1001")
        assert contact.flow.remote == proxy.local
        assert [str(each.uri) for each in contact.route] == [path[7:-1]]


async def test_no_contact_leads_our_requests_to_somebody_else_when_a_connection_has_ended(lines_store: Store) -> None:
    async with serving(lines_store, transport="tcp") as server:
        async with tcp_phone(server) as phone:
            assert (await phone.register("<sip:1001@127.0.0.99:25;transport=tcp>")).code == 200
            flow = server.lines.contacts("1001")[0].flow
        await until(lambda: not server.endpoint.is_open(flow))
        assert server.lines.contacts("1001")[0].flow == flow
        async with serving(lines_store, transport="tcp") as again:
            assert not again.lines.contacts("1001"), "until it registers anew"


async def test_two_phones_on_tcp_are_reached_each_over_its_own_connection(lines_store: Store) -> None:
    async with serving(lines_store, transport="tcp") as server, tcp_phone(server) as desk, tcp_phone(server) as mobile:
        assert (await desk.register("<sip:1001@10.0.0.1;transport=tcp>;q=0.5")).code == 200
        assert (await mobile.register("<sip:1001@10.0.0.2;transport=tcp>;q=0.7")).code == 200
        first, second = server.lines.contacts("1001")
        assert (first.flow.remote, second.flow.remote) == (mobile.local, desk.local)
        for contact, phone in ((first, mobile), (second, desk)):
            ask(server, contact)
            request = await phone.receive()
            assert isinstance(request, Request)
            assert request.uri == contact.uri


async def test_a_phone_behind_a_nat_is_reached_where_its_register_came_from(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        private = "sip:1001@10.0.0.1:5060;line=ab%2Fcd"
        await register(phone, f"<{private}>")
        (contact,) = server.lines.contacts("1001")
        assert contact.flow.remote == phone.local
        ask(server, contact)
        await until(lambda: phone.received)
        assert str(phone.received[0].uri) == private, "the request URI is the contact, in the phone's words"


async def test_the_phones_of_an_extension_come_in_the_order_of_their_q_also_after_a_restart(lines_store: Store) -> None:
    async with (
        serving(lines_store) as server,
        far_end(server.flow, "1001") as desk,
        far_end(server.flow, "1001") as mobile,
        far_end(server.flow, "1001") as spare,
    ):
        await register(mobile, f"{mobile.contact};q=0.5")
        await register(desk, f"{desk.contact};q=0.9")
        response = await register(spare, f"{spare.contact};q=0.1")
        order = [desk.local, mobile.local, spare.local]
        assert [value.split(";")[-2] for value in response.headers.getlist("Contact")] == ["q=0.9", "q=0.5", "q=0.1"]
        assert [contact.flow.remote for contact in server.lines.contacts("1001")] == order
        async with serving(lines_store) as again:
            assert [contact.flow.remote for contact in again.lines.contacts("1001")] == order


async def register(phone: FarEnd, contact: str, password: str = "secret", user: str = "1001") -> Response:
    client = DigestClient(Credentials(user, password), Random(1))
    assert client.learn(await phone.request("REGISTER"))
    return await phone.request("REGISTER", ("Contact", contact), phone.authorization(client))


async def test_who_guesses_passwords_is_not_told_when_he_is_right(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as thief:
        for guess in range(MAX_GUESSES):
            assert (await register(thief, thief.contact, f"guess-{guess}")).code == 401
        assert (await register(thief, thief.contact)).code == 401
        assert not server.lines.contacts("1001")


async def test_users_whom_nobody_knows_are_counted_and_wrong_passwords_told_one_by_one(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "nobody") as stranger:
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                assert (await register(stranger, stranger.contact, user="nobody")).code == 401
            async with far_end(server.flow, "1001") as phone:
                for _ in range(2):
                    assert (await register(phone, phone.contact, "wrong")).code == 401
        told = [(line["event"], line.get("user", line.get("reason"))) for line in logs]
        assert told == [("sip_dropped", "REGISTER of nobody"), *[("register_refused", "1001")] * 2]
        assert server.agent.core.counters["unknown_user"] == 3


async def test_a_scheme_that_nobody_knows_gets_a_challenge(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        response = await phone.request("REGISTER", ("Authorization", "NoOneKnowsThisScheme opaque-data=here"))
        assert response.code == 401
        assert response.headers["WWW-Authenticate"].startswith("Digest ")


async def test_every_torture_test_at_once_leaves_the_server_as_it_was(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.setblocking(False)
            stranger.bind(("127.0.0.1", 0))
            for data in rfc4475.ALL.values():
                await loop.sock_sendto(stranger, data, server.flow.local)
        assert (await phone.register()).code == 200
        assert [str(contact.uri) for contact in server.lines.contacts("1001")] == [phone.contact.strip("<>")]


async def test_an_answer_that_no_socket_can_send_takes_no_other_one_along(lines_store: Store) -> None:
    async with serving(lines_store) as server:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.setblocking(False)
            stranger.bind(("127.0.0.1", 0))
            host, port = stranger.getsockname()
            for at in (99_999, 0, port):
                data = message("REGISTER", f"SIP/2.0/UDP {host}:{at};branch=z9hG4bK{at}", "CSeq: 1 REGISTER")
                await loop.sock_sendto(stranger, data, server.flow.local)
            async with asyncio.timeout(5.0):
                response = parse(await loop.sock_recv(stranger, 65_535))
        assert isinstance(response, Response)
        assert (response.code, response.headers["Via"]) == (401, f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{port}")


# --- calls to a phone whose connection ends ---------------------------------------------------------------------------


def call(server: Server) -> OutgoingCall:
    """An INVITE to the phone that is registered."""
    (contact,) = server.lines.contacts("1001")
    call = server.agent.prepare_invite(
        target=contact.uri,
        flow=contact.flow,
        from_=Address.parse("<sip:server@127.0.0.1>"),
        body=b"offer",
        pinned=True,
    )
    call.send(server.endpoint.now())
    server.endpoint.flush()
    return call


async def test_a_phone_that_registers_over_another_connection_is_called_and_cancelled_there(lines_store: Store) -> None:
    """Also where the old one seems to be open: a firewall may have forgotten it."""
    async with serving(lines_store, transport="tcp") as server, tcp_phone(server) as before:
        assert (await before.register(BEHIND_NAT)).code == 200
        ringing = call(server)
        invite = await before.expect("INVITE")
        async with tcp_phone(server) as after:
            assert (await after.register(BEHIND_NAT, 3)).code == 200
            assert bytes(await after.expect("INVITE")) == bytes(invite)
            after.writer.write(bytes(make_response(invite, 180, to_tag="p")))
            await until(lambda: ringing.state is CallState.EARLY)
            ringing.cancel(server.endpoint.now())
            server.endpoint.flush()
            await after.expect("CANCEL")


async def test_a_phone_whose_contact_names_its_connection_is_told_by_its_next_one_what_the_last_one_lost(
    lines_store: Store,
) -> None:
    async with serving(lines_store, transport="tcp") as server:
        async with tcp_phone(server) as before:
            contact = f"<sip:1001@10.0.0.1:{before.local[1]};transport=tcp>"
            assert (await before.register(contact)).code == 200
            lost = call(server)
            await before.expect("INVITE")
        await until(lambda: lost.state is CallState.ENDED)
        async with tcp_phone(server) as after:
            assert (await after.register(f"<sip:1001@10.0.0.1:{after.local[1]};transport=tcp>", 3)).code == 200
            await after.expect("CANCEL")


async def test_a_phone_with_two_connections_that_live_is_called_over_each_as_it_was_registered(
    lines_store: Store,
) -> None:
    async with serving(lines_store, transport="tcp") as server, tcp_phone(server) as one, tcp_phone(server) as other:
        assert (await one.register("<sip:1001@10.0.0.1:1;transport=tcp>")).code == 200
        ringing = call(server)
        await one.expect("INVITE")
        assert (await other.register("<sip:1001@10.0.0.1:2;transport=tcp>", 3)).code == 200
        assert ringing.invite.flow.remote == one.local


async def test_a_phone_that_comes_back_after_a_restart_is_told_the_end_of_what_rang_before(lines_store: Store) -> None:
    async with serving(lines_store, transport="tcp") as server, tcp_phone(server) as before:
        assert (await before.register(BEHIND_NAT)).code == 200
        invite = call(server).invite
        await before.expect("INVITE")
    async with serving(lines_store, transport="tcp") as again:
        left = again.agent.resume_invite(invite, again.endpoint.now())
        left.cancel(again.endpoint.now())
        again.endpoint.flush()
        await until(lambda: not again.endpoint.is_open(invite.flow))
        async with tcp_phone(again) as after:
            assert (await after.register(BEHIND_NAT, 3)).code == 200
            await after.expect("CANCEL")
