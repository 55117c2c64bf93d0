"""Lines on loopback, with user agents as phones and carriers."""

import asyncio
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace

import pytest
import structlog
from tests.unit.lines.configs import company, config, extension, trunk
from tests.unit.lines.far_end import FarEnd, far_end
from tests.unit.lines.serving import AT, COMPANY, Server, serving
from tests.waiting import until

from playvoice import clock
from playvoice.lines import LinesError, apply, lines, tables
from playvoice.lines.health import State
from playvoice.lines.keepalive import flows_of
from playvoice.lines.registrations import read_bindings
from playvoice.lines.resolving import Resolver, Service
from playvoice.lines.targets import Tried
from playvoice.sip import (
    Address,
    Credentials,
    DigestClient,
    Flow,
    Provisional,
    Response,
    Transport,
)
from playvoice.sip.digest import Algorithm, Challenge
from playvoice.store import Store


async def assert_unheard(end: FarEnd, server: Server, method: str = "OPTIONS") -> None:
    """A request of a stranger is dropped and counted."""
    before = server.strangers()
    waiting = asyncio.create_task(end.request(method))
    await until(lambda: server.strangers() > before)
    waiting.cancel()
    assert end.responses.empty()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_phone_registers_with_digest(lines_store: Store, transport: str) -> None:
    async with serving(lines_store, transport=transport) as server, far_end(server.flow, "1001") as phone:
        assert not server.lines.contacts("1001")
        response = await phone.register()
        assert response.code == 200
        assert response.headers["Contact"] == f"{phone.contact};expires=120"
        (contact,) = server.lines.contacts("1001")
        assert str(contact.uri) == phone.contact.strip("<>")
        assert contact.flow.local == server.flow.local
        if transport == "udp":
            assert contact.flow.remote == phone.local
        assert [binding.aor for binding in lines_store.read_now(read_bindings)] == ["1001"]


async def test_a_stranger_who_asks_to_register_leaves_no_transaction(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as stranger:
        before = server.agent.core.transaction_count
        for user in (None, "nobody"):
            response = await stranger.register("wrong", user=user)
            assert response.code == 401
        assert server.agent.core.transaction_count == before


async def test_a_phone_may_require_path(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        response = await phone.register(headers=[("Require", "path"), ("Supported", "path")])
        assert (response.code, response.headers["Supported"]) == (200, "path")
        response = await phone.request("REGISTER", ("Require", "path, gruu"))
        assert (response.code, response.headers["Unsupported"]) == (420, "gruu")


async def test_a_registration_ends_with_its_time_and_leaves_the_store(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        await phone.register()
        server.clock.at = AT + timedelta(seconds=120)
        assert not server.lines.contacts("1001")
        await until(lambda: not lines_store.read_now(read_bindings))


class Machine:
    """The clocks of a machine on which somebody sets one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.set_by, self.slept = timedelta(), 0.0
        monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=lambda _zone: self._wall()))
        monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: self.slept))

    def _wall(self) -> datetime:
        return AT + self.set_by + timedelta(seconds=self.slept)


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_registration_lasts_as_long_as_was_granted_whatever_the_wall_clock_says(
    lines_store: Store, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    machine = Machine(monkeypatch)
    async with serving(lines_store, wall=None) as server, far_end(server.flow, "1001") as phone:
        await phone.register()
        machine.set_by = timedelta(hours=hours)
        machine.slept = 119
        (contact,) = server.lines.contacts("1001")
        assert contact.expires_at - server.lines.at() == timedelta(seconds=1)
        machine.slept = 120
        assert not server.lines.contacts("1001")
        await until(lambda: not lines_store.read_now(read_bindings))


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_restart_after_the_clock_was_set_knows_the_phones_for_as_long_as_was_granted(
    lines_store: Store, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    machine = Machine(monkeypatch)
    async with serving(lines_store, wall=None) as server, far_end(server.flow, "1001") as phone:
        machine.set_by = timedelta(hours=hours)
        await phone.register()
        async with serving(lines_store, wall=None) as again:
            machine.slept = 119
            assert again.lines.contacts("1001")
            machine.slept = 120
            assert not again.lines.contacts("1001")


async def test_what_was_stored_before_the_clock_was_set_back_a_day_lasts_an_hour_at_most(
    lines_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch)
    async with serving(lines_store, wall=None) as server, far_end(server.flow, "1001") as phone:
        await phone.register()
        machine.set_by = timedelta(days=-1)
        async with serving(lines_store, wall=None) as again:
            machine.slept = 3599
            assert again.lines.contacts("1001")
            machine.slept = 3600
            assert not again.lines.contacts("1001")


async def test_a_phone_signs_off(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        await phone.register()
        assert (await phone.register(expires=0)).code == 200
        assert not server.lines.contacts("1001")


async def test_a_restarted_server_knows_its_phones(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        await phone.register()
        old_contacts = server.lines.contacts("1001")
        async with serving(lines_store) as again:
            (contact,) = again.lines.contacts("1001")
            assert contact.uri == old_contacts[0].uri
            assert contact.flow == Flow(contact.flow.transport, phone.local, again.flow.local)


async def test_a_refresh_with_the_same_nonce_is_not_challenged_again(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        challenge = await phone.request("REGISTER")
        client = DigestClient(Credentials("1001", "secret"), Random(1))
        assert client.learn(challenge)
        for _ in range(3):
            assert (await phone.request("REGISTER", phone.authorization(client))).code == 200


async def test_an_answer_that_was_used_before_is_stale(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        challenge = await phone.request("REGISTER")
        client = DigestClient(Credentials("1001", "secret"), Random(1))
        assert client.learn(challenge)
        header = phone.authorization(client)
        assert (await phone.request("REGISTER", header)).code == 200
        again = await phone.request("REGISTER", header)
        assert again.code == 401
        assert Challenge.parse(again.headers["WWW-Authenticate"]).stale


async def test_wrong_password_unknown_user_and_nobody_get_the_same_challenge(lines_store: Store) -> None:
    def shape(response: Response) -> tuple[object, ...]:
        (value,) = response.headers.getlist("WWW-Authenticate")
        challenge = Challenge.parse(value)
        return response.code, response.headers.keys(), challenge.realm, challenge.algorithm, challenge.stale

    async with (
        serving(lines_store) as server,
        far_end(server.flow, "1001") as phone,
        far_end(server.flow, "9999") as nobody,
    ):
        shapes = [
            shape(await phone.request("REGISTER")),
            shape(await nobody.request("REGISTER")),
            shape(await phone.register("wrong")),
            shape(await nobody.register()),
            shape(await nobody.register("")),
        ]
        assert len({str(item) for item in shapes}) == 1
        assert not server.lines.contacts("1001")


async def test_nobody_registers_for_somebody_else(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        assert (await phone.register("other", user="1002")).code == 403
        assert not server.lines.contacts("1001")
        assert not server.lines.contacts("1002")


async def test_an_extension_that_is_switched_off_loses_its_phone_and_is_refused(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        await phone.register()
        await lines_store.write(lambda conn: conn.execute(tables.extensions.update().values(enabled=False)) and None)
        await server.lines.refresh()
        assert not server.lines.contacts("1001")
        assert (await phone.register()).code == 401


async def test_too_short_a_registration_is_423(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        response = await phone.register(expires=10)
        assert (response.code, response.headers["Min-Expires"]) == (423, "60")


async def test_a_nonsensical_registration_is_400_once_it_is_authenticated(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        assert (await phone.register(headers=[("Contact", "*")])).code == 400


async def test_sha_256_is_offered_where_it_is_asked_for(lines_store: Store) -> None:
    algorithms = (Algorithm.SHA256, Algorithm.MD5)
    async with serving(lines_store, algorithms=algorithms) as server, far_end(server.flow, "1001") as phone:
        assert (await phone.register()).code == 200


async def test_options_are_answered_to_those_who_are_known(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        await assert_unheard(phone, server)
        await phone.register()
        response = await phone.request("OPTIONS")
        assert response.code == 200
        assert "INVITE" in response.headers["Allow"]


async def test_a_registered_phone_s_neighbour_stays_a_stranger(lines_store: Store) -> None:
    async with (
        serving(lines_store) as server,
        far_end(server.flow, "1001") as phone,
        far_end(server.flow, "1002") as neighbour,
    ):
        await phone.register()
        await assert_unheard(neighbour, server)


async def test_an_invite_of_a_phone_is_403(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        await phone.register()
        assert (await phone.invite()).code == 403


async def test_an_invite_of_a_trunk_is_404_and_its_options_200(lines_store: Store) -> None:
    text = config(trunks=[trunk(address="sip:192.0.2.1", hosts=["127.0.0.0/8"], keepalive=0)])
    async with serving(lines_store, text) as server, far_end(server.flow, "carrier") as carrier:
        assert (await carrier.invite()).code == 404
        assert (await carrier.request("OPTIONS")).code == 200


async def test_behind_an_edge_a_phone_is_told_by_what_the_edge_wrote(lines_store: Store) -> None:
    text = config(companies=[COMPANY], edges=["127.0.0.1"])
    path = ("Path", "<sip:127.0.0.1:5070;lr>")
    via = ("Via", "SIP/2.0/UDP 10.0.0.1:5060;received=203.0.113.5;rport=40000;branch=z9hG4bKx")
    async with serving(lines_store, text) as server, far_end(server.flow, "1001") as edge:
        response = await edge.register(headers=[via, path])
        assert response.code == 200
        assert response.headers["Path"] == path[1]
        (binding,) = lines_store.read_now(read_bindings)
        assert binding.source == ("203.0.113.5", 40000)
        (contact,) = server.lines.contacts("1001")
        assert [str(address) for address in contact.route] == ["<sip:127.0.0.1:5070;lr>"]
        assert contact.flow.remote == edge.local


async def test_a_trunk_gets_options_and_comes_up_with_its_answer(lines_store: Store) -> None:
    nowhere = Flow(Transport.UDP, ("", 0), ("127.0.0.1", 0))
    async with far_end(nowhere, "carrier") as carrier:
        host, port = carrier.local
        text = config(trunks=[trunk(address=f"sip:{host}:{port}")])
        async with serving(lines_store, text) as server:
            (line,) = server.lines.trunks
            await until(lambda: server.lines.trunks.health(line).state is State.UP)
            assert carrier.requests == ["OPTIONS"]
            assert flows_of(line, server.lines.trunks.targets(line, 0.0), server.endpoint)[0].remote == (host, port)


async def test_a_trunk_that_cannot_be_reached_says_why(lines_store: Store) -> None:
    text = config(
        trunks=[trunk("tcp", "sip:192.0.2.1;transport=tcp"), trunk("name", "sip:nowhere.invalid:5060", keepalive=0)]
    )
    async with serving(lines_store, text) as server:
        for name, reason in (("tcp", "no tcp address"), ("name", "can't be resolved")):
            line = server.lines.trunks.get(name)
            assert line is not None
            targets = server.lines.trunks.targets(line, 0.0)
            with pytest.raises(LinesError, match=reason):
                flows_of(line, targets, server.endpoint)


async def test_that_a_trunk_is_passed_over_is_told_once_however_often_a_call_looks_for_one(lines_store: Store) -> None:
    text = config(trunks=[trunk("tcp", "sip:192.0.2.1;transport=tcp", keepalive=0)])
    async with serving(lines_store, text) as server:
        with structlog.testing.capture_logs() as logs:
            assert [server.lines.take(None, Tried(), at) for at in (0.0, 0.1, 0.2)] == [None] * 3
        assert [(line["event"], line["trunk"]) for line in logs] == [("trunk_passed_over", "tcp")]
        await server.lines.refresh()
        with structlog.testing.capture_logs() as logs:
            assert server.lines.take(None, Tried(), 0.3) is None
        assert len(logs) == 1, "once more after a change"


async def test_a_call_takes_the_first_trunk_with_an_address_and_a_place(lines_store: Store) -> None:
    text = config(
        trunks=[
            trunk("unreachable", "sip:192.0.2.1;transport=tcp", keepalive=0),
            trunk("first", "sip:127.0.0.1:5080", keepalive=0, max_calls=1),
            trunk("second", "sip:127.0.0.2", keepalive=0),
        ]
    )
    async with serving(lines_store, text) as server:
        taken = server.lines.take(None, Tried(), 0.0)
        assert taken is not None
        first, flow = taken
        assert (first.name, flow) == ("first", Flow(Transport.UDP, ("127.0.0.1", 5080), server.flow.local))
        second = server.lines.take(None, Tried(), 0.0)
        assert second is not None
        assert second[0].name == "second"
        both = ("first", "unreachable")
        assert server.lines.take(both, Tried(), 0.0) is None
        assert server.lines.remain(both, Tried(), 0.0), "the first one has a place later"
        unreachable, full = server.lines.obstacle(both, 0.0).split("; ")
        assert "trunk 'unreachable' can't be reached at sip:192.0.2.1" in unreachable
        assert full == "trunk 'first' has all of its 1 calls (max_calls)"
        assert not server.lines.remain(both, Tried(frozenset({"first"})), 0.0), "the other one can't be reached"
        assert not server.lines.remain(("first",), Tried(addresses=frozenset({("first", flow)})), 0.0)
        server.lines.trunks.give_back(first)
        assert server.lines.take(("first", "second"), Tried(frozenset({"first", "second"})), 0.0) is None
        again = server.lines.take(("first", "second"), Tried(), 1.0)
        assert again is not None
        assert again[0] == first


async def test_a_call_goes_over_the_addresses_of_a_trunk_before_it_goes_to_the_next_trunk(lines_store: Store) -> None:
    async def look_up_service(_name: str) -> list[Service]:
        return [Service(2, 0, "second", 5072), Service(1, 0, "first", 5071)]

    async def look_up_address(name: str) -> list[str]:
        return [{"first": "127.0.0.2", "second": "127.0.0.3"}[name]]

    resolver = Resolver(Random(1), look_up_service=look_up_service, look_up_address=look_up_address)
    text = config(
        trunks=[trunk("named", "sip:carrier.example.org", keepalive=0), trunk("other", "sip:127.0.0.4", keepalive=0)]
    )
    async with serving(lines_store, text, resolver=resolver) as server:
        (named, _) = server.lines.trunks
        await until(lambda: server.lines.trunks.targets(named, 0.0))

        def take(tried: Tried, now: float) -> tuple[str, Flow]:
            taken = server.lines.take(None, tried, now)
            assert taken is not None
            return taken[0].name, taken[1]

        first, second = (
            Flow(Transport.UDP, remote, server.flow.local) for remote in (("127.0.0.2", 5071), ("127.0.0.3", 5072))
        )
        assert take(Tried(), 100.0) == ("named", first)
        server.lines.failed(named, first, 100.0)
        tried = Tried().and_address("named", first)
        assert take(tried, 100.0) == ("named", second)
        assert take(tried.and_address("named", second), 100.0)[0] == "other"
        assert take(tried.and_trunk("named"), 100.0)[0] == "other"
        assert take(Tried(), 100.0) == ("named", second), "the next call begins with the address that has not failed"
        assert take(Tried(), 160.0) == ("named", first), "a minute later it is tried again"


async def test_groups_and_extensions_follow_a_change(lines_store: Store) -> None:
    async with serving(lines_store) as server:
        group = server.lines.group("2028", "sales")
        assert group is not None
        assert group.members == ("1001", "1002")
        assert server.lines.group("2029", "sales") is None
        changed = config(companies=[company(extension=[extension("1003")], group=[{"name": "new"}])])
        await lines_store.write(lambda conn: apply(conn, changed, AT))
        await server.lines.refresh()
        assert server.lines.group("2028", "new") is not None


async def test_what_is_not_about_lines_is_left_to_others(lines_store: Store) -> None:
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        await phone.request("REGISTER")
        us = server.agent.contact(server.flow)
        call = server.agent.prepare_invite(target=us, flow=server.flow, from_=Address(uri=us))
        assert not server.lines.handle(Provisional(call, 180, b""))


async def test_nothing_is_left_running_after_stop(lines_store: Store) -> None:
    before = asyncio.all_tasks()
    async with serving(lines_store) as server, far_end(server.flow, "1001") as phone:
        await phone.register()
    await until(lambda: asyncio.all_tasks() == before)
    assert repr(server.lines).startswith("<Lines <Trunks ")


async def test_upkeep_that_fails_is_tried_again_after_a_tick_and_not_at_once(
    lines_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "TICK", 3_600.0)
    with structlog.testing.capture_logs() as logs:
        async with serving(lines_store, config(companies=[COMPANY], trunks=[trunk()])) as server:
            monkeypatch.setattr(server.lines._keepalive, "send_due", lambda _endpoint: 1 / 0)
            await until(lambda: [line for line in logs if line["event"] == "upkeep_failed"])
            async with far_end(server.flow, "1001") as phone:
                for _ in range(20):
                    assert (await phone.register()).code == 200
    assert [line["event"] for line in logs].count("upkeep_failed") == 1
