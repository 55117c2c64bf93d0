"""Uploads as hostile and sloppy clients send them: each gets an answer of the contract, and nothing is left behind."""

import json
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.acceptance.inputs.site import FILE, FOREIGN_FILE, Answer, Site, form
from tests.acceptance.inputs.test_wire import Connection, refusal, resident
from tests.unit.gateway.forms import CONTENT_TYPE, Part
from tests.unit.gateway.forms import form as multipart

from playvoice.gateway.services.voices import MAX_OCTETS
from playvoice.simulator.sound import ASSETS

NOTICE = (ASSETS / "notice.mp3").read_bytes()
PNG = b"\x89PNG\r\n\x1a\n" + zlib.compress(bytes(10_000))
PLAYLIST = b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n"
TOO_LARGE = (400, f"非法请求：文件超过{MAX_OCTETS}字节")


@pytest.fixture
def site(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server, which has no uploaded file before and after each test."""
    yield site
    for name in names(site):
        if name != FILE:
            delete(site, name)
    directory = site.directory / "data" / "voices"
    assert [*(directory / "uploads").iterdir(), *(directory / "incoming").iterdir()] == []


def upload(site: Site, *parts: Part, token: str = "") -> Answer:
    body = multipart(("service", "App.Sip_Voice.Upload"), ("token", token or site.token), *parts)
    return site.send(body, CONTENT_TYPE)


def ask(site: Site, service: str, **fields: str) -> Answer:
    return site.send(form({"service": service, "token": site.token, **fields}))


def names(site: Site) -> list[str]:
    return [voice["voicefile"] for voice in ask(site, "App.Sip_Voice.List").json["data"]["result"]["voices"]]


def delete(site: Site, name: str) -> int:
    return ask(site, "App.Sip_Voice.Delete", voicefile=name).code


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "文件中没有声音"),
        (b"<html>Sorry</html>" * 1000, "文件不是可识别的音频"),
        (PNG, "文件不是可识别的音频"),
        (PLAYLIST, "文件不是可识别的音频"),
        (bytes(100_000), "文件不是可识别的音频"),
        (NOTICE[:20], "文件不是可识别的音频"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", "文件不是可识别的音频"),
    ],
    ids=["empty", "page", "picture", "playlist", "zeros", "stump", "head"],
)
def test_what_is_no_audio_is_refused_whatever_it_is_called(site: Site, content: bytes, why: str) -> None:
    answer = upload(site, ("file", "notice.mp3", content), ("voicefile", "a.mp3"))
    assert answer.code == 1002
    assert answer.json["data"]["desc"] == f"语音上传失败：{why}"
    assert names(site) == [FILE]


def test_a_file_that_was_cut_off_is_taken_as_far_as_it_goes(site: Site) -> None:
    answer = upload(site, ("file", "half.mp3", NOTICE[: len(NOTICE) // 2]))
    assert 3 < answer.json["data"]["result"]["seconds"] < 5.5


def test_a_file_that_lies_about_its_type_is_told_by_its_octets(site: Site, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.zeros(8000, np.int16), 8000)
    answer = upload(site, ("file", "a.mp3", (tmp_path / "a.flac").read_bytes()))
    result = answer.json["data"]["result"]
    assert (result["voicefile"], result["format"], result["seconds"]) == ("a.mp3", "flac", 1.0)


def test_a_small_file_of_more_than_an_hour_is_refused(site: Site, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.zeros(3601 * 8000, np.int16), 8000)
    answer = upload(site, ("file", "a.flac", (tmp_path / "a.flac").read_bytes()))
    assert (answer.code, answer.json["data"]["desc"]) == (1002, "语音上传失败：语音过长")


@pytest.mark.parametrize("name", ["../notice.mp3", "..", "a/b", "\\a", ".a", "a\u202eb", "/etc/passwd", "data/x"])
def test_a_name_that_is_none_is_400_and_writes_nowhere(site: Site, name: str) -> None:
    answer = upload(site, ("file", "a.mp3", NOTICE), ("voicefile", name))
    assert answer.refusal[0] == 400
    assert answer.refusal[1].startswith("非法请求：参数voicefile应为1到255个可显示字符")


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "\x7f", "x" * 256])
def test_control_characters_and_more_than_255_are_no_name(site: Site, name: str) -> None:
    assert upload(site, ("file", "a.mp3", NOTICE), ("voicefile", name)).refusal[0] == 400


def test_the_operators_file_and_another_companys_stay(site: Site) -> None:
    assert upload(site, ("file", FILE, NOTICE), ("overwrite", "yes")).code == 1003
    assert delete(site, FILE) == 1003
    for name in (FOREIGN_FILE, "../other/theirs.mp3", "", "x" * 100_000, "secret.mp3"):
        answer = ask(site, "App.Sip_Voice.Delete", voicefile=name)
        assert answer.json["ret"] == 400 if not name else answer.code == 1029
    token = site.login("other-appid", "other-accesskey")
    assert upload(site, ("file", "mine.mp3", NOTICE), token=token).code == 0
    assert (names(site), delete(site, "mine.mp3")) == ([FILE], 1029)
    fields: dict[str, str | None] = {"service": "App.Sip_Voice.Delete", "token": token, "voicefile": "mine.mp3"}
    assert site.send(form(fields)).code == 0


PHP = """<?php
$curl = curl_init($argv[1]);
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
curl_setopt($curl, CURLOPT_POSTFIELDS, [
    "service" => "App.Sip_Voice.Upload", "token" => $argv[2], "file" => new CURLFile($argv[3]),
]);
echo curl_exec($curl);
"""


@pytest.mark.peer("php")
def test_php_uploads_a_large_file_as_its_manual_says(site: Site, tmp_path: Path) -> None:
    (tmp_path / "upload.php").write_text(PHP)
    (tmp_path / "通知.mp3").write_bytes(NOTICE * 200)
    host, port = site.address
    command = ["php", str(tmp_path / "upload.php"), f"http://{host}:{port}/", site.token, str(tmp_path / "通知.mp3")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    result = json.loads(done.stdout)["data"]["result"]
    assert (result["voicefile"], result["size"]) == ("通知.mp3", len(NOTICE) * 200)


def head(length: int, *headers: str) -> bytes:
    lines = ["POST / HTTP/1.1", "Host: x", f"Content-Type: {CONTENT_TYPE}", f"Content-Length: {length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_hundred_megabytes_are_refused_and_take_no_memory(site: Site) -> None:
    size = 100_000_000
    for token, answer in ((site.token, TOO_LARGE), ("x", (600, "token无效或已过期"))):
        start = multipart(("service", "App.Sip_Voice.Upload"), ("token", token), ("file", "a.mp3", b"X" * 10))[:-50]
        before = resident(site)
        with Connection(site) as connection:
            connection.send(head(size) + start)
            assert refusal(connection.response()) == answer, "the answer does not wait for the rest"
            for _ in range(60):
                connection.send(bytes(1_048_576))
        assert resident(site) - before < 16 * 1_048_576


def test_a_hundred_megabytes_that_nobody_announced_are_refused_where_they_are_too_much(site: Site) -> None:
    start = multipart(("service", "App.Sip_Voice.Upload"), ("token", site.token), ("file", "a.mp3", b"X" * 10))[:-50]
    before = resident(site)
    with Connection(site) as connection:
        lines = head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        connection.send(lines + b"%x\r\n%b\r\n" % (len(start), start))
        block = b"100000\r\n" + bytes(1_048_576) + b"\r\n"
        for _ in range(70):
            connection.send(block)
        assert refusal(connection.response()) == TOO_LARGE
    assert resident(site) - before < 16 * 1_048_576


def test_a_client_that_waits_for_100_continue_hears_of_its_wrong_token_before_the_file(site: Site) -> None:
    body = multipart(("service", "App.Sip_Voice.Upload"), ("token", "x"), ("file", "a.mp3", bytes(200_000)))
    with Connection(site) as connection:
        connection.send(head(len(body), "Expect: 100-continue"))
        assert connection.response()[0] == 100
        connection.send(body[:1000])
        assert refusal(connection.response()) == (600, "token无效或已过期")


def test_the_next_request_on_a_connection_is_answered_behind_a_file_that_was_refused(site: Site) -> None:
    refused = multipart(("service", "App.Sip_Voice.Upload"), ("token", "x"), ("file", "a.mp3", bytes(300_000)))
    taken = multipart(("service", "App.Sip_Voice.Upload"), ("token", site.token), ("file", "a.mp3", NOTICE * 10))
    with Connection(site) as connection:
        for body, ret in ((refused, 600), (taken, 200)):
            connection.send(head(len(body)) + body)
            assert json.loads(connection.response()[2])["ret"] == ret


def test_many_who_upload_at_once_get_the_file_taken_or_are_told_to_come_back(site: Site) -> None:
    body = multipart(("service", "App.Sip_Voice.Upload"), ("token", site.token), ("file", "a.mp3", NOTICE * 20))
    connections = [Connection(site) for _ in range(6)]
    try:
        for connection in connections:
            connection.send(head(len(body)) + body[:300_000])
        early = connections[:4]
        late = [json.loads(connection.response()[2])["data"]["errors"]["code"] for connection in connections[4:]]
        assert late == [1003, 1003]
        for connection in early:
            connection.send(body[300_000:])
        answers = [json.loads(connection.response()[2])["data"]["status"] for connection in early]
        assert answers == [0, 0, 0, 0], "the same octets under the same name are no error"
    finally:
        for connection in connections:
            connection.__exit__()
