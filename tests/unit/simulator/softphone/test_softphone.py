"""Two whole phones in one process, over loopback; and which address of ours a far end is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sipmessage import URI
from tests.unit.simulator.softphone.pair import Notes
from tests.waiting import until

from playvoice.simulator.errors import SimulatorError
from playvoice.simulator.softphone.key_way import KeyWay
from playvoice.simulator.softphone.manner import Manner
from playvoice.simulator.softphone.presses import Press
from playvoice.simulator.softphone.softphone import Options, Softphone, address_towards, advertised
from playvoice.simulator.softphone.status import State
from playvoice.simulator.softphone.telephone import NotNow, Telephone
from playvoice.sip import Flow, SipError, Transport

LISTEN = (Transport.UDP, "127.0.0.1", 0)


class Running:
    """A phone that runs."""

    def __init__(self, options: Options) -> None:
        self.notes = Notes()
        self.phone = Softphone(options, self.notes)
        self.task = asyncio.create_task(self.phone.run())

    async def until(self, event: str) -> None:
        await until(lambda: event in self.notes.events or self.task.done())
        assert event in self.notes.events, self.notes.lines


@asynccontextmanager
async def called(manner: Manner, transport: Transport = Transport.UDP) -> AsyncIterator[tuple[Running, URI]]:
    """A phone that listens, and its address; it has to end without a failure when it is told to leave."""
    running = Running(Options(listen=(transport, "127.0.0.1", 0), manner=manner))
    try:
        await running.until("ready")
        address = str(running.notes.fields("ready")["sip"]).partition(":")[2]
        yield running, URI.parse(f"sip:100@{address};transport={transport}")
    finally:
        running.phone.leave()
        await asyncio.wait_for(running.task, 10)


@pytest.mark.parametrize("transport", list(Transport))
async def test_a_phone_calls_presses_a_key_hangs_up_and_ends(transport: Transport) -> None:
    manner = Manner(keys=KeyWay.INFO, presses=(Press(0.0, "7"),))
    async with called(Manner(auto_answer=0.0), transport) as (far, address):
        caller = Running(Options(target=address, manner=manner))
        await far.until("key_heard")
        assert far.notes.fields("key_heard")["way"] == "info"
        assert (caller.phone.status().state, caller.phone.status().peer) == (State.TALKING, "100")
        caller.phone.do(Telephone.hang_up)
        await asyncio.wait_for(caller.task, 10)
        await far.until("ended")
        assert far.phone.status().state is State.IDLE
        with pytest.raises(NotNow):
            far.phone.do(Telephone.hang_up)


async def test_a_phone_that_calls_fails_with_the_reason_when_it_is_refused() -> None:
    async with called(Manner(reject=486)) as (_, address):
        with pytest.raises(SimulatorError, match="the call was refused: 486 Busy Here"):
            await Softphone(Options(target=address), Notes()).run()


async def test_a_phone_that_waits_goes_on_after_a_call_unless_it_is_for_once() -> None:
    manner = Manner(auto_answer=0.0)
    async with called(manner) as (far, address):
        for number in (1, 2):
            await Softphone(Options(target=address, manner=Manner(hang_up_after=0.0)), Notes()).run()
            await until(lambda expected=number: far.notes.events.count("ended") == expected)  # type: ignore[misc]
    once = Running(Options(listen=LISTEN, once=True, manner=manner))
    await once.until("ready")
    target = URI.parse(f"sip:1@{str(once.notes.fields('ready')['sip']).removeprefix('udp:')}")
    await Softphone(Options(target=target, manner=Manner(hang_up_after=0.0)), Notes()).run()
    await asyncio.wait_for(once.task, 10)


async def test_a_call_that_is_given_up_before_its_answer_is_a_failure() -> None:
    async with called(Manner()) as (far, address):
        caller = Running(Options(target=address))
        await far.until("incoming")
        caller.phone.leave()
        with pytest.raises(SimulatorError, match="cancelled before its answer"):
            await asyncio.wait_for(caller.task, 10)
        await far.until("missed")


async def test_what_can_not_be_had_is_named() -> None:
    with pytest.raises(SipError, match=r"udp:192\.0\.2\.9:5060 can't be listened on"):
        await Softphone(Options(listen=(Transport.UDP, "192.0.2.9", 5060)), Notes()).run()
    with pytest.raises(SimulatorError, match="nothing to listen on"):
        await Softphone(Options(), Notes()).run()


def test_our_address_is_the_one_that_the_far_end_is_reached_from() -> None:
    assert address_towards("127.0.0.9") == "127.0.0.1"


@pytest.mark.parametrize(("bound", "told"), [("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.1")])
def test_one_that_is_listened_on_is_told_as_it_is_and_all_of_them_as_the_fitting_one(bound: str, told: str) -> None:
    assert advertised(Flow(Transport.UDP, ("127.0.0.9", 5060), (bound, 5070))) == (told, 5070)


def test_an_address_without_a_way_is_named() -> None:
    with pytest.raises(SimulatorError, match=r"255\.255\.255\.255 can't be reached"):
        address_towards("255.255.255.255")
