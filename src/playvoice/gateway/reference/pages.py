"""The pages: templates, with the parts and the files that they name put in."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from pathlib import Path
from types import MappingProxyType
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from playvoice.codes import Language
from playvoice.gateway.application import create_app
from playvoice.gateway.dispatcher import Dispatcher
from playvoice.gateway.errors import GatewayError
from playvoice.gateway.reference.markdown import fence
from playvoice.gateway.reference.parts import PARTS
from playvoice.gateway.registry import Registry

PAGES: Mapping[Language, Path] = MappingProxyType(
    {Language.EN: Path("docs/api.md"), Language.ZH: Path("docs/api.zh-CN.md")}
)
"""Where in the project each page stands; its template has the same name."""

_TEMPLATES = Path(__file__).with_name("templates")
_PLACE = re.compile(r"\{\{(?:(include) )?([\w./-]+)\}\}")
_KINDS = {".sh": "sh", ".php": "php", ".py": "python", ".mjs": "js", ".java": "java"}


class PageError(GatewayError):
    """A page can't be made; the text says what is missing."""


def write(root: Path) -> Iterator[Path]:
    """Write the pages of the project in the folder `root`; gives each page when it is written."""
    for language, page in PAGES.items():
        (root / page).write_text(render(language, root), encoding="utf-8")
        yield root / page


def render(language: Language, root: Path) -> str:
    """Return a page; `root` is the project, whose files it shows. Raises `PageError`."""
    routes = [route for route in application().routes if isinstance(route, Route)]
    registry = registry_of(routes)
    text = (_TEMPLATES / PAGES[language].name).read_text(encoding="utf-8")
    for route in routes:
        if route.path != "/":
            text += _of_route(route.path, language)

    def part(match: re.Match[str]) -> str:
        is_file, name = match.groups()
        if is_file:
            return _shown(root / name)
        if name not in PARTS:
            raise PageError(f"the template of {PAGES[language].name} names the part {name}, which is none")
        return PARTS[name](registry, language)

    return _PLACE.sub(part, text)


def application() -> Starlette:
    """Return the API over rooms that nobody asks anything: for what it says of itself."""
    rooms: dict[str, Any] = {
        name: UTC if name == "zone" else _Room()
        for name, parameter in inspect.signature(create_app).parameters.items()
        if parameter.default is parameter.empty
    }
    return create_app(**rooms)


def registry_of(routes: Iterable[BaseRoute]) -> Registry:
    """Return the services that are behind one of the addresses."""
    for route in routes:
        if isinstance(route, Route) and isinstance(route.endpoint, Dispatcher):
            return route.endpoint.registry
    raise PageError("no address has services behind it")


class _Room:
    """Stands for a room below: whatever is looked for in it is there, and nothing is ever done with it."""

    def __getattr__(self, name: str) -> "_Room":
        return self

    def __call__(self, *_: object, **__: object) -> "_Room":
        return self

    __truediv__ = __call__


def _of_route(path: str, language: Language) -> str:
    """The section on an address beside `/`, from the template of its first folder."""
    name = path.strip("/").partition("/")[0]
    template = _TEMPLATES / PAGES[language].name.replace("api", name, 1)
    if not template.is_file():
        raise PageError(f"the address {path} is described nowhere: {template.name} is missing in {_TEMPLATES}")
    return "\n" + template.read_text(encoding="utf-8")


def _shown(file: Path) -> str:
    if not file.is_file():
        raise PageError(f"there is no {file}; is the folder that of the project?")
    return fence(_KINDS[file.suffix], file.read_text(encoding="utf-8"))
