"""`App.Sip_Voice`: a company's voice files, put into its library, listed and removed."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Protocol

from playvoice.calls.queue import voices_of_waiting
from playvoice.codes import BusinessCode, Text
from playvoice.gateway.errors import OperationFailed, RequestRefused, bad_request
from playvoice.gateway.registry import TOKEN, Done, FileParameter, Parameter, Request, Service, Values
from playvoice.gateway.rules import Between, FileOf, Free, Trimmed, YesNo, local_time, shown
from playvoice.voices import LibraryVoice, Refusal, VoiceRefused
from playvoice.voices.names import normal
from playvoice.voices.tables import MAX_NAME
from playvoice.voices.uploads import Needed, UploadLimits

RETRY_AFTER = 10
"""Seconds after which a client may ask again where the decoder is busy or the disk full."""
RETRY_NEEDED = 60
"""Seconds after which a file that a waiting call needs may be free."""
MAX_PAGE_SIZE = 1_000
MAX_PAGE = 999_999_999
MAX_OCTETS = UploadLimits().octets


class VoiceFiles(Protocol):
    """The voice files of all companies."""

    @property
    def incoming(self) -> Path:
        """A folder for files on their way."""
        ...

    async def add(
        self, company_code: str, name: str, data: bytes | Path, at: datetime, *, overwrite: bool
    ) -> LibraryVoice: ...

    async def entries(self, company_code: str) -> list[LibraryVoice]: ...

    async def remove(self, company_code: str, name: str, needed: Needed) -> None: ...


FILE = FileParameter(
    "file",
    FileOf(MAX_OCTETS),
    Text(
        "语音文件；支持wav、mp3、ogg、flac、m4a，以内容为准；超过4 MiB时应放在service和token之后",
        "the voice: wav, mp3, ogg, flac, m4a, told by its octets; past 4 MiB it stands behind service and token",
    ),
    required=True,
    example="@notice.mp3",
    max_octets=MAX_OCTETS,
)
NEW_NAME = Parameter(
    "voicefile",
    Free(MAX_NAME),
    Text(
        "保存的名称，即PlayVoice中voicetype为1时的voicefile；不含/和\\，不以.开头；为空时使用文件本身的名称",
        "what PlayVoice calls it by, with voicetype 1: without / and \\, and no full "
        "stop in front; empty: the file's own name",
    ),
    default="",
    example="notice.mp3",
)
OVERWRITE = Parameter(
    "overwrite",
    YesNo(),
    Text(
        "同名文件已存在时是否替换；正在播放的通话不受影响；no时内容相同的文件仍返回成功",
        "whether it takes the place of a file of this name; calls that play that go on; with no the same octets again "
        "are a success, too",
    ),
    default="no",
)
VOICEFILE = Parameter(
    "voicefile",
    Trimmed(Text("为语音库中的文件名", "is the name of a file of the library")),
    Text("要删除的语音文件名", "the file to remove"),
    required=True,
    example="notice.mp3",
)
ONLY = Parameter(
    "voicefile",
    Trimmed(Text("为语音库中的文件名", "is the name of a file of the library")),
    Text("只查询该名称的文件；为空时查询全部", "the file of this name alone; empty: all"),
    default="",
)
CURRENTPAGE = Parameter("currentpage", Between(1, MAX_PAGE), Text("第几页", "which page"), default=1, example="1")
ITEMSPERPAGE = Parameter(
    "itemsperpage", Between(1, MAX_PAGE_SIZE), Text("每页条数", "files on a page"), default=10, example="100"
)

_FIELDS = (
    ("voicefile", Text("文件名，用于PlayVoice的voicefile", "its name, for voicefile of PlayVoice")),
    ("seconds", Text("时长，秒，数字", "its length in seconds, a number")),
    (
        "level",
        Text(
            "平均音量，dBFS，数字（满幅正弦波为-3）；静音为-100",
            "the level of the whole in dBFS (RMS), a number: a sine of full scale has -3; silence -100",
        ),
    ),
    ("peak", Text("最大音量，dBFS，数字", "its loudest sample in dBFS, a number")),
    ("format", Text("按内容识别的格式，如wav、mp3", "the format that its octets have, wav or mp3, say")),
    ("size", Text("文件大小，字节，数字", "octets of the file, a number")),
    ("uploadtime", Text("上传时间，YYYY-MM-DD HH:MM:SS", "when it was uploaded, YYYY-MM-DD HH:MM:SS")),
    (
        "source",
        Text(
            "upload为公司上传；operator为运营方放置，不能替换或删除",
            "upload: the company's; operator: put there by the operator, not to be replaced or removed",
        ),
    ),
)
_LIST_FIELDS = (
    ("totalitems", Text("总条数，数字", "how many files there are on all pages, a number")),
    ("currentpage", Text("第几页，数字", "which page this is, a number")),
    ("itemsperpage", Text("每页条数，数字", "files on a page, a number")),
    ("voices", Text("文件数组，按名称排序；没有时为[]", "the files by name; [] without any")),
    *((f"voices[].{name}", about) for name, about in _FIELDS),
)
_OPERATORS_FIELDS = Text(
    "查询语音库中的语音文件；运营方放置而尚未播放过的文件，seconds、level、peak、format为null",
    "list the voice files of the company's library; seconds, level, peak and format of a file of the operator's are "
    "null before it was played",
)

_ABNORMAL, _FAILED = BusinessCode.ABNORMAL, BusinessCode.FAILED
_FAILURES: Mapping[Refusal, tuple[BusinessCode, Text, int | None]] = {
    Refusal.EMPTY: (_ABNORMAL, Text("文件中没有声音", "there is no audio in the file"), None),
    Refusal.NOT_AUDIO: (_ABNORMAL, Text("文件不是可识别的音频", "the file is no audio that can be read"), None),
    Refusal.TOO_BIG: (_ABNORMAL, Text("文件过大", "the file is too big"), None),
    Refusal.TOO_LONG: (_ABNORMAL, Text("语音过长", "the voice is too long"), None),
    Refusal.TAKEN: (_FAILED, Text("同名文件已存在", "there is a file of this name"), None),
    Refusal.OPERATORS: (
        _FAILED,
        Text("同名文件由运营方放置，不能替换或删除", "the operator has put a file of this name there, which stays"),
        None,
    ),
    Refusal.FULL: (_FAILED, Text("语音库已满", "the library is full"), None),
    Refusal.UNKNOWN: (BusinessCode.FILE_UNKNOWN, Text("文件不存在", "there is no such file"), None),
    Refusal.NEEDED: (_FAILED, Text("等待中的呼叫需要该文件", "a waiting call is going to play it"), RETRY_NEEDED),
    Refusal.BUSY: (_FAILED, Text("服务器繁忙，请稍后再试", "the server is busy, try again later"), RETRY_AFTER),
    Refusal.FAILED: (_FAILED, Text("文件暂时无法处理，请稍后再试", "it could not be done now, try later"), RETRY_AFTER),
}
_RETRY_AFTER = (
    "Retry-After",
    Text("应答头，可重试的错误码1003：多少秒后", "of the answer, with a code 1003 that passes: seconds to wait"),
)


def voice_services(library: VoiceFiles, zone: tzinfo) -> tuple[Service, ...]:
    """Return Upload, List and Delete; `zone` is where times are told."""

    async def upload(request: Request, values: Values) -> Done:
        file = values[FILE]
        name = values[NEW_NAME].strip() or _own_name(file.filename)
        overwrite = values[OVERWRITE] == "yes"
        try:
            added = await library.add(request.company.code, name, file.content, request.at, overwrite=overwrite)
        except VoiceRefused as error:
            raise _refusal(error, name) from None
        return Done(_shown(added, zone))

    async def list_voices(request: Request, values: Values) -> Done:
        wanted, page, size = normal(values[ONLY]), values[CURRENTPAGE], values[ITEMSPERPAGE]
        entries = await library.entries(request.company.code)
        if wanted:
            entries = [entry for entry in entries if entry.name == wanted]
        on_page = entries[(page - 1) * size : page * size]
        return Done(
            {
                "totalitems": len(entries),
                "currentpage": page,
                "itemsperpage": size,
                "voices": [_shown(entry, zone) for entry in on_page],
            }
        )

    async def delete(request: Request, values: Values) -> Done:
        try:
            await library.remove(request.company.code, values[VOICEFILE], voices_of_waiting)
        except VoiceRefused as error:
            raise _refusal(error, values[VOICEFILE]) from None
        return Done()

    return (
        Service(
            name="App.Sip_Voice.Upload",
            about=Text(
                "上传语音文件到公司语音库；先解码检查，可播放才保存，之后的呼叫即可使用",
                "put a voice file into the company's library: it is decoded first, kept if it can be played, and there "
                "for the next call",
            ),
            parameters=(TOKEN, FILE, NEW_NAME, OVERWRITE),
            done=Text("语音上传成功", "the voice file was uploaded"),
            failed=Text("语音上传失败", "the voice file was not uploaded"),
            handler=upload,
            failures=(BusinessCode.ABNORMAL, BusinessCode.FAILED),
            answers=_FIELDS,
            headers=(_RETRY_AFTER,),
        ),
        Service(
            name="App.Sip_Voice.List",
            about=_OPERATORS_FIELDS,
            parameters=(TOKEN, ONLY, CURRENTPAGE, ITEMSPERPAGE),
            done=Text("语音查询成功", "the voice files were listed"),
            failed=Text("语音查询失败", "the voice files were not listed"),
            handler=list_voices,
            answers=_LIST_FIELDS,
        ),
        Service(
            name="App.Sip_Voice.Delete",
            about=Text(
                "删除上传的语音文件；等待中的呼叫需要时拒绝，正在播放的通话不受影响",
                "remove an uploaded voice file: refused while a waiting call is going to play it; calls that play it "
                "go on",
            ),
            parameters=(TOKEN, VOICEFILE),
            done=Text("语音删除成功", "the voice file was removed"),
            failed=Text("语音删除失败", "the voice file was not removed"),
            handler=delete,
            failures=(BusinessCode.FILE_UNKNOWN, BusinessCode.FAILED),
            headers=(_RETRY_AFTER,),
        ),
    )


def _own_name(filename: str) -> str:
    """What a sender calls its file, without the folders that some programs put in front."""
    return filename.replace("\\", "/").rpartition("/")[2]


def _shown(voice: LibraryVoice, zone: tzinfo) -> Mapping[str, object]:
    sound = voice.sound
    return {
        "voicefile": voice.name,
        "seconds": None if sound is None else round(sound.seconds, 2),
        "level": None if sound is None else sound.rms,
        "peak": None if sound is None else sound.peak,
        "format": None if sound is None else sound.format,
        "size": voice.octets,
        "uploadtime": local_time(voice.changed_at, zone),
        "source": "upload" if voice.is_uploaded else "operator",
    }


def _refusal(error: VoiceRefused, name: str) -> OperationFailed | RequestRefused:
    if error.reason is Refusal.BAD_NAME:
        value = shown(name)
        return bad_request(
            f"参数voicefile应为1到{MAX_NAME}个可显示字符，不含/和\\，不以.开头，收到“{value}”",
            f"parameter voicefile must be 1 to {MAX_NAME} characters that can be shown, without / and \\, and no full "
            f'stop in front, got "{value}"',
        )
    code, detail, retry_after = _FAILURES[error.reason]
    return OperationFailed(code, str(error), retry_after=retry_after, detail=detail)
