"""`playvoice.example.toml` has every option, with its default or an example."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from playvoice.config import (
    CompanyConfig,
    ExtensionConfig,
    GroupConfig,
    MonitoringConfig,
    RetentionConfig,
    RtpConfig,
    SecurityConfig,
    ServerConfig,
    SipConfig,
    TraceConfig,
    TrunkConfig,
    load,
)

EXAMPLE = Path(__file__).parents[3] / "playvoice.example.toml"
SECTIONS: dict[str, type[BaseModel]] = {
    "server": ServerConfig,
    "security": SecurityConfig,
    "sip": SipConfig,
    "rtp": RtpConfig,
    "trace": TraceConfig,
    "retention": RetentionConfig,
    "monitoring": MonitoringConfig,
    "trunk": TrunkConfig,
    "company": CompanyConfig,
    "company.extension": ExtensionConfig,
    "company.group": GroupConfig,
}
_OPTION = re.compile(r"^ *# ([a-z_]+ = .*)$", re.MULTILINE)


def options(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a section by the names that they have in the file, without the sections in it."""
    known = {field.alias or name: field for name, field in model.model_fields.items()}
    return {name: field for name, field in known.items() if name not in ("extension", "group")}


def sections(text: str) -> dict[str, str]:
    """The lines of each section, without its header."""
    pieces = re.split(r"^ *\[+([a-z.]+)\]+.*$", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def active(section: str) -> set[str]:
    return set(tomllib.loads(section))


def test_the_example_can_be_used_as_it_is() -> None:
    assert load(EXAMPLE, {}).trunks[0].name == "carrier"


def test_the_example_can_be_used_with_all_of_its_options(tmp_path: Path) -> None:
    path = tmp_path / "playvoice.toml"
    (tmp_path / "voices").mkdir()
    path.write_text(_OPTION.sub(r"\1", EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")
    config = load(path, {})
    assert config.trunks[0].prefix == "9"
    assert config.companies[0].groups[0].max_wait == 60


@pytest.mark.parametrize("name", SECTIONS)
def test_each_option_stands_in_its_section(name: str) -> None:
    section = sections(EXAMPLE.read_text(encoding="utf-8"))[name]
    assert active(_OPTION.sub(r"\1", section)) == set(options(SECTIONS[name]))


@pytest.mark.parametrize("name", SECTIONS)
def test_what_is_commented_out_is_the_default_or_says_that_there_is_none(name: str) -> None:
    section = sections(EXAMPLE.read_text(encoding="utf-8"))[name]
    known = options(SECTIONS[name])
    for line in _OPTION.findall(section):
        ((key, value),) = tomllib.loads(line).items()
        default = known[key].default
        if default in (None, "", ()):
            assert "# none by default" in line, key
        else:
            assert ([str(each) for each in default] if isinstance(default, tuple) else default) == value, key


@pytest.mark.parametrize("name", SECTIONS)
def test_what_has_to_be_there_is_not_commented_out(name: str) -> None:
    section = sections(EXAMPLE.read_text(encoding="utf-8"))[name]
    required = {key for key, field in options(SECTIONS[name]).items() if field.is_required()}
    assert required <= active(section)
