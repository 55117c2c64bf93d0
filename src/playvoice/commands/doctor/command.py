"""The command line of `playvoice doctor`."""

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from playvoice.commands.doctor.report import Report


def doctor(
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="PLAYVOICE_CONFIG", help="The configuration file.")
    ] = Path("playvoice.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines for people.")] = False,
    deliver: Annotated[
        bool, typer.Option("--deliver", help="Send a signed test, which says that it is one, to each callback address.")
    ] = False,
) -> None:
    """Look at a set-up, whether its server runs or not, and say what to do about what is found.

    Nothing is changed. Exit status: 0 all is well or there are warnings, 1 there is a failure, 2 the configuration
    can't be read.
    """
    from playvoice.commands.doctor.report import Report

    report = Report(as_json=as_json)
    readable = asyncio.run(_examine(config, report, deliver))
    report.end()
    if not readable or report.failed:
        raise typer.Exit(1 if readable else 2)


async def _examine(path: Path, report: "Report", deliver: bool) -> bool:
    """Whether the configuration could be read."""
    import structlog

    from playvoice.commands.doctor.examination import examine
    from playvoice.commands.doctor.files import read_configuration
    from playvoice.commands.doctor.machine import Machine
    from playvoice.commands.doctor.situation import Situation
    from playvoice.commands.doctor.threads import in_thread

    # What the server's rooms log here, the findings say.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    config, findings = read_configuration(path, os.environ)
    for finding in findings:
        report.add(finding)
    if config is None:
        return False
    situation = await in_thread(lambda: Situation.look(path, config, Machine()))
    async for finding in examine(situation, deliver=deliver, tell=report.tell):
        report.add(finding)
    return True
