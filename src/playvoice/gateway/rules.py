"""Rules of parameters: what a value must be, in words for both languages, and what it is read as."""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol, TypeVar

from playvoice.calls.errors import UseridError
from playvoice.calls.userid import KeyGroups, parse_userid
from playvoice.codes import Text
from playvoice.gateway.reading import ReceivedFile

T_co = TypeVar("T_co", covariant=True)

_TIME = re.compile(r"(?:19[7-9][0-9]|2[0-9]{3})-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class Rule(Protocol[T_co]):
    """One rule."""

    @property
    def text(self) -> Text:
        """What a value must be: what follows "the parameter", in both languages."""
        ...

    def read(self, value: str) -> T_co:
        """Return what the text means; ValueError where the rule is broken."""
        ...


@dataclass(frozen=True, slots=True)
class Matching:
    """A text of a pattern; white space around it is dropped."""

    pattern: re.Pattern[str]
    text: Text

    def read(self, value: str) -> str:
        value = value.strip()
        if not self.pattern.fullmatch(value):
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class Between:
    """A whole number of a range, in ASCII digits."""

    first: int
    last: int

    @property
    def text(self) -> Text:
        return Text(f"应为{self.first}到{self.last}的整数", f"must be a whole number from {self.first} to {self.last}")

    def read(self, value: str) -> int:
        value = value.strip()
        if not (value.isascii() and value.isdigit() and len(value) <= 9):
            raise ValueError
        number = int(value)
        if not self.first <= number <= self.last:
            raise ValueError
        return number


@dataclass(frozen=True, slots=True)
class Free:
    """Any text up to a length without control characters, kept as it is."""

    longest: int

    @property
    def text(self) -> Text:
        return Text(
            f"最多{self.longest}个字符且不含控制字符",
            f"has at most {self.longest} characters and no control characters",
        )

    def read(self, value: str) -> str:
        if len(value) > self.longest or _CONTROL.search(value):
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class Trimmed:
    """Any text at all, white space around it dropped: what it names exists or does not."""

    text: Text

    def read(self, value: str) -> str:
        return value.strip()


@dataclass(frozen=True, slots=True)
class YesNo:
    """`yes` or `no`, in whatever case."""

    @property
    def text(self) -> Text:
        return Text("应为yes或no", "must be yes or no")

    def read(self, value: str) -> str:
        value = value.strip().lower()
        if value not in ("yes", "no"):
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class FileOf:
    """A file of a multipart form, up to a size; a text in its place is none."""

    max_octets: int

    @property
    def text(self) -> Text:
        return Text(
            f"应为multipart/form-data中的文件，最大{self.max_octets}字节",
            f"must be a file of a multipart/form-data body, of at most {self.max_octets} octets",
        )

    def read(self, value: str) -> ReceivedFile:
        raise ValueError


@dataclass(frozen=True, slots=True)
class Listed:
    """Texts between commas, up to a number of them; white space around each is dropped, and so are empty ones."""

    most: int
    longest: int

    @property
    def text(self) -> Text:
        return Text(
            f"应为逗号分隔的列表，最多{self.most}项，每项最多{self.longest}个字符且不含控制字符",
            f"must be a list by commas of at most {self.most} items, each of at most {self.longest} characters "
            "without control characters",
        )

    def read(self, value: str) -> str:
        if len(value) > self.most * (self.longest + 2):
            raise ValueError  # megabytes of commas are not taken apart
        items = [item.strip() for item in value.split(",") if item.strip()]
        if len(items) > self.most or any(len(item) > self.longest or _CONTROL.search(item) for item in items):
            raise ValueError
        return ",".join(items)


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A date and time as a clock on the wall shows it; which zone it is in, the server is configured with."""

    @property
    def text(self) -> Text:
        return Text("应为YYYY-MM-DD HH:MM:SS格式的时间", "must be a time as YYYY-MM-DD HH:MM:SS")

    def read(self, value: str) -> datetime:
        value = value.strip()
        if not _TIME.fullmatch(value):
            raise ValueError
        return datetime.fromisoformat(value)


def local_time(at: datetime, zone: tzinfo) -> str:
    """An instant as the API tells it, which is how `LocalTime` reads one."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class KeysToGroups:
    """`userid`: which key leads to which group."""

    @property
    def text(self) -> Text:
        return Text(
            "应为 按键@技能组，多个用逗号分隔，按键为0-9、*、#或空，且不重复",
            "must be KEY@GROUP, several separated by commas, the keys 0-9, *, # or none, each at most once",
        )

    def read(self, value: str) -> KeyGroups:
        try:
            return parse_userid(value)
        except UseridError as error:
            raise ValueError(str(error)) from None


def shown(value: str, longest: int = 64) -> str:
    """Return a value as a message may repeat it: short, and without what would break a line or a terminal."""
    short = value if len(value) <= longest else value[:longest] + "…"
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", short)
