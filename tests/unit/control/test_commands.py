"""What each command does to the rooms, and what it refuses."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.samples import REQUEST
from tests.unit.control.conftest import FILE, Desk

from playvoice.calls.queue import CallQueue
from playvoice.companies import TokenUnknown
from playvoice.control import CommandFailed
from playvoice.lines import ContactBinding
from playvoice.media.g711 import SAMPLE_RATE, Codec
from playvoice.simulator.sound import write_g711
from playvoice.sip import URI, Flow, Transport

ADDED: list[tuple[str, dict[str, Any]]] = [
    ("trunk.add", {"name": "north", "fields": {"address": "sip:192.0.2.1"}}),
    ("company.add", {"code": "2029", "fields": {"name": "Second", "appid": "second", "accesskey": "k"}}),
    ("number.add", {"code": "2029", "number": "2120290001"}),
    ("extension.add", {"company": "2029", "number": "20290001", "fields": {"password": "x"}}),
    ("group.add", {"company": "2029", "name": "support", "fields": {"members": "20290001"}}),
]


async def test_what_is_added_is_used_at_once(desk: Desk) -> None:
    for command, arguments in ADDED:
        result = await desk.run(command, **arguments)
        assert "was added" in result["done"]
        assert result["notes"] == []
    company = desk.rooms.companies.get("2029")
    assert company is not None
    assert await desk.rooms.companies.caller_number(company, "") == "2120290001"
    assert [trunk.name for trunk in desk.rooms.lines.trunks] == ["carrier", "north"]
    group = desk.rooms.lines.group("2029", "support")
    assert group is not None
    assert group.members == ("20290001",)


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("trunk.add", {"name": "t", "fields": {}}, "address is missing; expected a SIP URI"),
        (
            "trunk.add",
            {"name": "carrier", "fields": {"address": "sip:192.0.2.1"}},
            "there is a trunk 'carrier' already",
        ),
        (
            "trunk.add",
            {"name": "t", "fields": {"address": "sip:192.0.2.1;transport=tcp"}},
            r"address is reached over tcp; expected a tcp: address in \[sip\] listen",
        ),
        ("trunk.set", {"name": "carrier", "fields": {"name": "x"}}, "name can't be changed"),
        ("trunk.remove", {"name": "carrier"}, "company 2028 uses; set its trunks first"),
        ("trunk.remove", {"name": "x"}, "there is no trunk 'x'"),
        ("company.set", {"code": "2028", "fields": {"trunks": "x"}}, "there is no trunk x"),
        ("company.set", {"code": "2028", "fields": {"voice_dir": "/etc"}}, "voice_dir can only be set in the"),
        ("company.set", {"code": "2028", "fields": {"code": "1"}}, "code can't be changed"),
        ("company.set", {"code": "1", "fields": {"name": "x"}}, "there is no company 1"),
        ("number.add", {"code": "2028", "number": "12x"}, "numbers can't be"),
        ("number.add", {"code": "2028", "number": ""}, "number is missing"),
        ("number.add", {"code": "2028", "number": "2120280001"}, "belongs to company 2028 already"),
        ("number.set", {"number": "1", "enabled": True}, "there is no caller number 1"),
        ("extension.add", {"company": "1", "number": "11", "fields": {"password": "x"}}, "there is no company 1"),
        ("extension.add", {"company": "2028", "number": "1", "fields": {"password": "x"}}, "number can't be '1'"),
        ("extension.set", {"number": "11", "fields": {"enabled": "false"}}, "there is no extension 11"),
        ("extension.set", {"number": "20280003", "fields": {"number": "12"}}, "number can't be changed"),
        (
            "extension.set",
            {"number": "20280003", "fields": {}},
            "nothing is to be changed; expected KEY=VALUE",
        ),
        ("extension.set", {"number": "20280003", "fields": {"enabled": "perhaps"}}, "enabled can't be 'perhaps'"),
        ("extension.add", {"company": "2028", "number": "12", "fields": {"number": "13", "password": "x"}}, "number"),
        ("trunk.set", {"name": "carrier", "fields": {}}, "nothing is to be changed"),
        ("callback.show", {"id": 2**63}, "id can't be used: input should be less than or equal to 9223372036854775807"),
        ("callback.resend", {"ids": [0]}, "ids.0 can't be used: input should be greater than or equal to 1"),
        ("group.add", {"company": "2028", "name": "a b", "fields": {}}, "name can't be 'a b'"),
        ("group.set", {"company": "2028", "name": "x", "fields": {"ring_time": "3"}}, "has no group 'x'"),
        ("secret", {"code": "1"}, "there is no company 1"),
        ("token", {"code": "1"}, "there is no company 1"),
        ("extension.list", {"company": "1"}, "there is no company 1"),
        ("number.list", {"code": "1"}, "there is no company 1"),
        ("company.list", {"code": "1"}, "there is no company 1"),
    ],
)
async def test_what_can_not_be_done_says_why(desk: Desk, command: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(CommandFailed, match=said):
        await desk.run(command, **arguments)


@pytest.mark.parametrize("command", ["group.add", "group.set"])
async def test_a_member_that_is_named_twice_is_told(desk: Desk, command: str) -> None:
    name, fields = ("new" if command == "group.add" else "sales"), {"members": "20280003, 20280003"}
    with pytest.raises(CommandFailed, match=r"^members names 20280003 twice; expected each extension once$"):
        await desk.run(command, company="2028", name=name, fields=fields)


async def test_a_caller_number_that_is_named_twice_is_one(desk: Desk) -> None:
    numbers = {"numbers": "2120290001,2120290001"}
    await desk.run("company.add", code="2029", fields={"name": "New", "appid": "new", "accesskey": "k"} | numbers)
    await desk.run("company.set", code="2029", fields=numbers)
    assert [row["number"] for row in await desk.run("number.list", code="2029")] == ["2120290001"]


async def test_what_the_file_will_undo_is_told(desk: Desk) -> None:
    again = "sets max_calls again at the next start or reload"
    assert (
        again in (await desk.run("trunk.set", name="carrier", fields={"max_calls": "5", "keepalive": "0"}))["notes"][0]
    )
    assert (await desk.run("trunk.set", name="carrier", fields={"keepalive": "9"}))["notes"] == []
    back = "it comes back at the next start or reload"
    for command, arguments in (
        ("number.remove", {"number": "2120280001"}),
        ("group.remove", {"company": "2028", "name": "sales"}),
        ("extension.remove", {"number": "20280003"}),
        ("company.remove", {"code": "2028"}),
    ):
        assert back in (await desk.run(command, **arguments))["notes"][0]


async def test_a_company_with_an_open_call_stays(desk: Desk) -> None:
    queue = CallQueue(desk.rooms.store, tell=lambda _stored: None)
    await queue.accept(REQUEST, datetime.now(UTC))
    with pytest.raises(CommandFailed, match="company 2028 has 1 calls that wait or run; set enabled=false"):
        await desk.run("company.remove", code="2028")
    assert desk.rooms.companies.get("2028") is not None
    assert desk.rooms.lines.group("2028", "sales") is not None


async def test_a_removed_company_leaves_nothing_behind(desk: Desk) -> None:
    await desk.run("company.remove", code="2028")
    assert desk.rooms.companies.get("2028") is None
    assert desk.rooms.lines.group("2028", "sales") is None
    for listed in ("company.list", "number.list", "extension.list", "group.list"):
        assert await desk.run(listed) == []


async def test_a_token_of_a_removed_company_is_none_of_a_new_one_with_its_code(desk: Desk) -> None:
    token, at = await desk.run("token", code="2028"), datetime.now(UTC)
    await desk.rooms.companies.authenticate(token, source="192.0.2.1", at=at)
    await desk.run("company.remove", code="2028")
    with pytest.raises(TokenUnknown):
        await desk.rooms.companies.authenticate(token, source="192.0.2.1", at=at)
    await desk.run("company.add", code="2028", fields={"name": "New", "appid": "new", "accesskey": "k"})
    with pytest.raises(TokenUnknown):
        await desk.rooms.companies.authenticate(token, source="192.0.2.1", at=at)


async def test_a_phone_behind_a_nat_is_listed_with_where_it_is_called(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = Flow(Transport.UDP, ("203.0.113.9", 41234), ("192.0.2.1", 5060))
    until = datetime.now(UTC) + timedelta(seconds=240.4)
    contact = ContactBinding(URI.parse("sip:20280003@10.0.0.5:5060"), flow, (), until)
    monkeypatch.setattr(desk.rooms.lines, "contacts", lambda _number: [contact])
    (listed,) = await desk.run("extension.list")
    assert listed["phones"] == ["sip:20280003@10.0.0.5:5060"]
    assert listed["called_at"] == ["udp:203.0.113.9:41234 for 240 s"]


async def test_a_token_is_as_good_as_one_of_login(desk: Desk) -> None:
    token = await desk.run("token", code="2028")
    company = await desk.rooms.companies.authenticate(token, source="192.0.2.1", at=datetime.now(UTC))
    assert company.code == "2028"


async def test_a_new_secret_signs_from_now_on(desk: Desk) -> None:
    before = await desk.run("secret", code="2028")
    new = await desk.run("secret", code="2028", new=True)
    company = desk.rooms.companies.get("2028")
    assert company is not None
    assert company.signing_secret == new["signing_secret"] != before["signing_secret"]
    assert new["notes"] == []


async def test_a_new_secret_that_the_file_undoes_is_told_so(desk: Desk) -> None:
    desk.file.write_text(FILE.replace('name = "Demo"', f'name = "Demo"\nsigning_secret = "whsec_{"A" * 32}"'))
    await desk.run("reload")
    new = await desk.run("secret", code="2028", new=True)
    assert new["notes"] == ["the configuration file sets signing_secret again at the next start or reload"]


async def test_no_list_shows_a_secret(desk: Desk) -> None:
    secret = (await desk.run("secret", code="2028"))["signing_secret"]
    for listed in ("company.list", "trunk.list", "extension.list", "group.list", "number.list"):
        text = str(await desk.run(listed))
        assert secret not in text
        assert "'secret'" not in text


async def test_a_voice_file_is_added_listed_and_removed(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "notice.wav"
    write_g711(file, bytes([Codec.PCMA.silence]) * SAMPLE_RATE, Codec.PCMA)
    asked = {"company": "2028", "name": "notice.wav", "path": str(file)}
    result = await desk.run("voice.add", **asked)
    assert (result["voice"]["format"], result["voice"]["seconds"]) == ("wav", 1.0)
    (listed,) = await desk.run("voice.list", company="2028")
    assert (listed["name"], listed["from"]) == ("notice.wav", "upload")
    await desk.run("voice.add", **asked)  # the same octets again are no error
    file.write_bytes(b"no audio")
    with pytest.raises(CommandFailed, match="notice"):
        await desk.run("voice.add", **asked, overwrite=True)
    await desk.run("voice.remove", company="2028", name="notice.wav")
    assert await desk.run("voice.list", company="2028") == []


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("voice.list", {"company": "1"}, "there is no company 1"),
        ("voice.add", {"company": "2028", "name": "x", "path": "x.wav"}, "x.wav is no absolute path"),
        ("voice.add", {"company": "2028", "name": "x", "path": "/nowhere/x.wav"}, "can't be read"),
        ("voice.add", {"company": "2028", "name": "../x", "path": "/etc/passwd"}, "name"),
        ("voice.remove", {"company": "2028", "name": "x"}, "company 2028 has no voice file 'x'"),
    ],
)
async def test_a_voice_file_that_can_not_be_had_says_why(
    desk: Desk, command: str, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(CommandFailed, match=said):
        await desk.run(command, **arguments)


async def test_of_two_changes_at_once_what_was_read_first_does_not_come_last(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh, inside, most = desk.rooms.companies.refresh, 0, 0

    async def watched() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await refresh()
        inside -= 1

    monkeypatch.setattr(desk.rooms.companies, "refresh", watched)
    added = ({"name": name, "fields": {"address": "sip:192.0.2.1"}} for name in ("north", "south", "west"))
    await asyncio.gather(*(desk.run("trunk.add", **each) for each in added))
    assert most == 1, "they read one after the other"
