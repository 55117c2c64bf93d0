"""`docs/limits.md` says what the code does."""

import re
from collections.abc import Iterator
from pathlib import Path

from playvoice import app
from playvoice.callbacks import addresses, deliveries, lanes, outbox, schedule, sender, tables
from playvoice.calls import bills, links, queue, recordings, story, traces, userid, waiting
from playvoice.companies import attempts, tokens
from playvoice.config.models import CompanyConfig, GroupConfig, RetentionConfig, RtpConfig, TraceConfig, TrunkConfig
from playvoice.control import callbacks as control_callbacks
from playvoice.control import live
from playvoice.control import protocol as control_protocol
from playvoice.control import server as control_server
from playvoice.gateway import body, http, multipart, reading, uploads
from playvoice.gateway import recordings as gateway_recordings
from playvoice.gateway.http import BoundedHttp
from playvoice.gateway.services import cdr, play_voice
from playvoice.gateway.services import voices as voice_services
from playvoice.media import decoding, description, disk, stream, transcoder, worker
from playvoice.process import http as process_http
from playvoice.sip import core, endpoint, guesses, informing, message, registrar, sockets, trace_file, user_agent
from playvoice.voices import library
from playvoice.voices import tables as voice_tables
from playvoice.voices.downloads import DownloadLimits
from playvoice.voices.uploads import UploadLimits
from playvoice.web import client

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
DOWNLOAD, UPLOAD, PORTS = DownloadLimits(), UploadLimits(), RtpConfig().ports
FREE, LONGEST_URL = play_voice.CUSTOMUUID.rule, play_voice.VOICEFILE.rule
WAIT, CONNECTED = play_voice.WAITTIME.rule, play_voice.CONNTIME.rule


def default(section: type, field: str) -> object:
    return section.model_fields[field].default  # type: ignore[attr-defined]


def of(rule: object, name: str) -> object:
    return getattr(rule, name)


BOUNDS: dict[str, tuple[object, str]] = {
    "connections at once": (process_http.CONNECTIONS, ""),
    "a request's head": (http.MAX_HEAD, "octets"),
    "headers of a request": (http.MAX_HEADERS, ""),
    "requests that wait on a connection behind one that is being answered": (http.MAX_WAITING, ""),
    "time for a request's head": (BoundedHttp.HEAD_SECONDS, "s"),
    "rest between two requests": (process_http.REST, "s"),
    "time in which a client takes its answer": (BoundedHttp.SEND_SECONDS, "s"),
    "time for an answer that a client takes piece by piece, as a recording": (BoundedHttp.ANSWER_SECONDS, "s"),
    "a body": (body.MAX_BODY, "octets"),
    "a body that is read to its end before it is refused": (body.MAX_DRAINED, "octets"),
    "time for a body": (body.MAX_SECONDS, "s"),
    "memory for one body that others can't take": (body.FREE_OCTETS, "octets"),
    "memory of all bodies at once, beyond that": (body.MAX_HELD, "octets"),
    "chunks of a body, of whatever size": (http.FREE_CHUNKS, ""),
    "average size of more chunks": (http.MIN_CHUNK, "octets"),
    "what stands around the chunks, beyond twice the octets in them": (http.MAX_HEAD, "octets"),
    "fields of a form, parts of a multipart body, members of a JSON object": (reading.MAX_FIELDS, ""),
    "headers of a part": (multipart.MAX_PART_HEAD, "octets"),
    "parameters of Content-Type and Content-Disposition": (multipart.MAX_OPTIONS, ""),
    "boundary of a multipart body": (multipart.MAX_BOUNDARY, "octets"),
    "commas and brackets of a JSON body": (reading.MAX_JSON_VALUES, ""),
    "an uploaded file, which a body may have beyond its own bound": (voice_services.FILE.max_octets, "octets"),
    "what a form has beside such a file": (uploads.MAX_FORM, "octets"),
    "time for such a file": (uploads.MAX_SECONDS, "s"),
    "time without an octet of it": (uploads.MAX_IDLE, "s"),
    "files that a company uploads at once": (uploads.MAX_OF_COMPANY, ""),
    "files that are uploaded at once": (uploads.MAX_AT_ONCE, ""),
    "life of a token": (tokens.LIFETIME.total_seconds() / 3600, "h"),
    "tokens of a company at once": (tokens.MOST_LIVE, ""),
    "wrong keys for an appid from one source (IPv6: one /64) in a window": (attempts.MOST, ""),
    "that window, from the first wrong key": (attempts.WINDOW, "s"),
    "addresses and networks in `ipwhite`": (CompanyConfig.model_fields["ipwhite"].metadata[0].max_length, ""),
    "`customuuid`, `memberid`, `ext`, `chengshudu`": (of(FREE, "longest"), "characters"),
    "`voicefile`": (of(LONGEST_URL, "longest"), "characters"),
    "`userid`": (userid.MAX_LENGTH, "characters"),
    "a group's name": (userid.MAX_GROUP_LENGTH, "characters"),
    "`waittime`": (of(WAIT, "last"), "s"),
    "`conntime`": (of(CONNECTED, "last"), "s"),
    "`Idempotency-Key`": (play_voice.MAX_IDEMPOTENCY_KEY, "characters"),
    "`itemsperpage` of `App.Sip_Cdr.GetBill`": (cdr.MAX_PAGE_SIZE, ""),
    "extensions in `extnumber` of `App.Sip_Cdr.GetBill`": (cdr.MAX_EXTNUMBERS, ""),
    "bills from `starttime` to `endtime`; with `syncflag` 1 those not fetched yet": (bills.MAX_BILLS, ""),
    "requests for bills of a company at once; they are answered one by one": (bills.MAX_WAITING_OF_COMPANY, ""),
    "requests for bills in all at once": (bills.MAX_WAITING, ""),
    "time for which such a key is known": (queue.IDEMPOTENCY_KEPT.total_seconds() / 3600, "h"),
    "waiting calls of a company": (queue.MAX_WAITING_OF_COMPANY, ""),
    "waiting calls in all": (queue.MAX_WAITING, ""),
    "time that a call waits for a trunk": (default(CompanyConfig, "expire_after"), "s"),
    "voices of a company made ready at once": (waiting.PREPARING_OF_COMPANY, ""),
    "calls of a trunk at once": (default(TrunkConfig, "max_calls"), ""),
    "calls of a trunk in a second": (default(TrunkConfig, "calls_per_second"), ""),
    "time without a response before the next trunk is tried": (default(TrunkConfig, "trunk_timeout"), "s"),
    "time that an agent's phone rings": (default(GroupConfig, "ring_time"), "s"),
    "time that a customer waits in a group": (default(GroupConfig, "max_wait"), "s"),
    "time for a key when the voice has ended": (default(CompanyConfig, "key_time"), "s"),
    "dialogs at once": (user_agent.MAX_CALLS, ""),
    "legs at once in the media process": (
        worker.SPARE_DESCRIPTORS,
        {4: "a quarter of its file descriptors beyond"}[worker.DESCRIPTORS_OF_A_STREAM],
    ),
    "files in a `voice_dir`": (library.MAX_FILES, ""),
    "a file of a `voice_dir`": (decoding.MAX_OCTETS, "octets"),
    "uploaded voice files of a company": (UPLOAD.files, ""),
    "octets of these, as they came and as they are decoded": (UPLOAD.kept_octets, "octets"),
    "the name of an uploaded voice file": (voice_tables.MAX_NAME, "characters"),
    "a download": (DOWNLOAD.octets, "octets"),
    "time for a download": (DOWNLOAD.timeout, "s"),
    "redirects of a download": (client.MAX_REDIRECTS, ""),
    "length of a voice": (DOWNLOAD.seconds, "s"),
    "connections for downloads at once": (app.DOWNLOAD_CONNECTIONS, ""),
    "downloaded voices kept": (DOWNLOAD.kept, ""),
    "octets of downloaded voices kept": (DOWNLOAD.kept_octets, "octets"),
    "time that a downloaded voice is kept without a call that plays it": (
        default(RetentionConfig, "downloaded_voices"),
        "days",
    ),
    "files that wait to be decoded": (transcoder.DECODE_QUEUE, ""),
    "recordings that wait to become mp3": (transcoder.MP3_BACKLOG, ""),
    "recordings that wait in all": (transcoder.ENCODE_QUEUE, ""),
    "life of a link to a recording": (links.LIFETIME.days, "days"),
    "downloads of recordings at once": (gateway_recordings.MAX_DOWNLOADS, ""),
    "downloads of a company's recordings at once": (gateway_recordings.MAX_DOWNLOADS_OF_COMPANY, ""),
    "free space on the disk of recordings, at least": (recordings.MIN_FREE, "octets"),
    "an attempt": (sender.ATTEMPT_TIMEOUT, "s"),
    "attempts at once": (app.CALLBACK_CONNECTIONS, ""),
    "attempts at once to one address": (addresses.MAX_AT_ONCE, ""),
    "of these, to addresses that took more than a second last time": (
        int(app.CALLBACK_CONNECTIONS * deliveries.PLACES[addresses.Standing.SLOW]),
        "",
    ),
    "given up callbacks sent again by one command": (control_callbacks.MOST_AGAIN, ""),
    "callbacks in memory": (lanes.MAX_CALLBACKS, ""),
    "failures in a row before an address gets one attempt at a time": (addresses.FAILING_AT, ""),
    "attempts of a callback": (1 + len(schedule.DELAYS), ""),
    "`Retry-After` of a receiver": (schedule.MAX_RETRY_AFTER.total_seconds() / 3600, "h"),
    "time that delivered callbacks are kept": (default(RetentionConfig, "callbacks"), "days"),
    "time that given up ones are kept": (outbox.KEEP_GIVEN_UP.days, "days"),
    "a SIP message": (message.MAX_MESSAGE, "octets"),
    "header lines of a message": (message.MAX_HEADER_LINES, ""),
    "a header line": (message.MAX_LINE, "octets"),
    "TCP connections at once": (endpoint.MAX_CONNECTIONS, ""),
    "time for a message on a TCP connection": (endpoint.MESSAGE_TIMEOUT, "s"),
    "time without a message on a TCP connection of a stranger": (endpoint.MESSAGE_TIMEOUT, "s"),
    "octets that wait on a TCP connection": (sockets.MAX_UNSENT, "octets"),
    "keys for a far end that wait to go by INFO": (informing.MAX_WAITING, ""),
    "requests of others remembered": (core.MAX_SERVER_TRANSACTIONS, ""),
    "contacts of an extension": (registrar.MAX_BINDINGS, ""),
    "wrong passwords for an extension from one address in a window": (guesses.MAX_GUESSES, ""),
    "that window, from the first wrong password": (guesses.GUESS_TIME, "s"),
    "an SDP": (description.MAX_OCTETS, "octets"),
    "RTP ports": (f"{PORTS.first}-{PORTS.last}", ""),
    "silence while two people talk": (stream.SILENT, "s"),
    "octets of recordings that wait for the disk": (disk.MAX_WAITING, "octets"),
    "SIP messages of a call that are kept": (traces.MAX_MESSAGES, ""),
    "octets of a call's messages that are kept": (traces.MAX_OCTETS, "octets"),
    "octets of all messages that are not stored yet": (traces.MAX_HELD, "octets"),
    "notes of a call": (traces.MAX_NOTES, ""),
    "time that messages and notes are kept": (default(RetentionConfig, "traces"), "days"),
    "megabytes of all that is kept": (default(TraceConfig, "max_megabytes"), ""),
    "characters of a callback's attempts that are kept": (tables.MAX_HISTORY, ""),
    "the newest calls, among which `playvoice trace` looks for a number": (story.LOOKED_AT, ""),
    "calls that `playvoice trace` lists for a number": (story.MAX_FOUND, ""),
    "a file of `--trace-sip`": (trace_file.MAX_OCTETS, "octets"),
    "octets of messages that wait to be written there": (trace_file.MAX_WAITING, "octets"),
    "calls of `--trace-number` that are followed": (trace_file.MAX_CALLS, ""),
    "commands over a running server at once": (control_server.MAX_CONNECTIONS, ""),
    "what a command asks, and each line that it is told": (control_protocol.MAX_LINE, "octets"),
    "agents that `playvoice top` shows": (live.MOST_AGENTS, ""),
}


def rows() -> Iterator[tuple[str, str]]:
    """The first two cells of each row of the page's tables."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] != "bound" and not re.fullmatch("-+", cells[0]):
            yield cells[0], cells[1]


def written(value: object, words: str) -> str:
    number = value if isinstance(value, str) else f"{value:,g}" if isinstance(value, float) else f"{value:,}"
    return f"{words} {number}" if " " in words else f"{number} {words}".strip()


def test_the_page_of_limits_says_what_the_code_does() -> None:
    assert dict(rows()) == {name: written(value, words) for name, (value, words) in BOUNDS.items()}


def test_each_limit_stands_once_on_the_page() -> None:
    names = [name for name, _ in rows()]
    assert len(names) == len(set(names))
