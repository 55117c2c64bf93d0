"""Make the pictures of the README anew, from what the commands really show: `make pictures`.

Needs Chromium for the picture of the page. Nothing in a picture is loaded from elsewhere, fonts neither.
"""

import asyncio
import io
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

from playwright.async_api import async_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, RenderableType
from rich.terminal_theme import MONOKAI
from rich.text import Text
from tests.peers import PEERS

from playvoice.commands import top
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.sound import ASSETS
from playvoice.simulator.world import Cast, World

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
PATIENCE = 60.0
AGENTS = {
    "20280003": {"as": "answer", "answer_after": 0.5, "hang_up_after": 4},
    "20280004": {"as": "answer", "answer_after": 1},
    "20280005": {"as": "no-answer"},
}
FILLED = {
    "destnumber": "13333333333",
    "voicetype": "2",
    "voicefile": "www.example.com/notice.mp3",
    "chengshudu": "1",
    "userid": "1@extGroup-1",
}


def draw(name: str, command: str, shown: RenderableType, width: int) -> None:
    """Write what a terminal of `width` characters shows as docs/images/NAME.svg."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(shown)
    form = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code, monospace", FONTS).replace("font-family: arial", "font-family: sans-serif")
    drawn = console.export_svg(title=command, theme=MONOKAI, code_format=form, unique_id=name)
    (IMAGES / f"{name}.svg").write_text(re.sub(r"[ \t]+$", "", drawn, flags=re.MULTILINE), encoding="utf-8")


def draw_demo(folder: Path) -> None:
    """Run the demo in a terminal, as a person does, and draw it up to where the call record is printed."""
    written = bytearray()

    def read(terminal: int) -> bytes:
        written.extend(data := os.read(terminal, 65_536))
        return data

    pty.spawn([sys.executable, "-m", "playvoice.cli", "demo", "--output", str(folder / "output")], read)
    shown, over, _ = written.decode().replace("\r\n", "\n").partition("\nCall record, as it was delivered:")
    assert over, "the demo failed"
    draw("demo", "make demo", Text.from_ansi(shown), 100)


def command(world: World, *words: str) -> str:
    """What a command writes, in colour."""
    typed = [sys.executable, "-m", "playvoice.cli", *words, "--config", str(world.config)]
    environ = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "110"}
    return subprocess.run(typed, capture_output=True, text=True, check=True, timeout=PATIENCE, env=environ).stdout


def wait_until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.3)


def draw_calls(folder: Path) -> None:
    """Draw `playvoice top` while calls run, `playvoice trace` of one that has ended, and the page."""
    cast = Cast(
        callee={
            "": {"as": "answer", "answer_after": 0.8},
            "1": {"as": "answer", "answer_after": 0.8, "press": "1", "press_after": 1.5},
            "9": {"as": "no-answer"},
        },
        agent=AGENTS,
        extensions=dict.fromkeys(AGENTS, "secret"),
        keep_audio=False,
        setting={"group": {"strategy": "longest-idle"}},
    )
    with World(folder, ASSETS, cast) as world:
        client = world.client()

        def call(number: str) -> str:
            _, uuid = client.play_voice(
                voicetype="1", voicefile="notice.mp3", destnumber=number, chengshudu="1", userid=f"1@{GROUP}",
                disnumber=NUMBERS[0],
            )  # fmt: skip
            return uuid

        def ended() -> bool:
            told = json.loads(command(world, "trace", uuid, "--json"))
            return bool(told["messages"]) and all(each["state"] == "delivered" for each in told["callbacks"])

        uuid = call("13333333331")
        world.receiver.wait_for("callback", PATIENCE, path="/cdr")
        wait_until(ended)
        draw("trace", "playvoice trace UUID", Text.from_ansi(command(world, "trace", uuid)), 110)

        for number in ("13355555551", "13366666661", "13377777771", "13388888882", "13399999992", "13300000009"):
            call(number)
            time.sleep(0.8)
        look = json.loads(command(world, "top", "--json"))
        draw("top", "playvoice top", top.page(look, UTC), 118)
        asyncio.run(photograph(f"http://{world.http}/"))


async def photograph(url: str) -> None:
    """Take a picture of the page's form for PlayVoice, as it is while somebody fills it in."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=str(PEERS["chromium"]()),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],  # the sandbox takes a user that is not root
        )
        page = await chromium.new_page(viewport={"width": 1100, "height": 1200})
        await page.goto(url)
        form = page.get_by_role("form", name="App.Sip_Call.PlayVoice")
        for field, value in FILLED.items():
            await form.get_by_label(field, exact=True).fill(value)
        await page.locator('[id="App.Sip_Call.PlayVoice"]').evaluate("each => each.scrollIntoView()")
        await page.screenshot(path=IMAGES / "page.png")
        await chromium.close()


def main() -> None:
    """Make all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="playvoice-pictures-") as name:
        draw_demo(Path(name))
        draw_calls(Path(name) / "world")


if __name__ == "__main__":
    main()
