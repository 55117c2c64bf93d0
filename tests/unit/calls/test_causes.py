"""The meaning of every final answer, as the contract and `docs/sip.md` have it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from playvoice.calls.causes import Next, Refusal, refusal_of
from playvoice.codes import HangupCause

PAGE = Path(__file__).parents[3] / "docs" / "sip.md"
NEXT = {
    "nothing": Next.NOTHING,
    "another trunk": Next.TRUNK,
    "another address of the trunk, then another trunk": Next.ADDRESS,
}
FINAL = range(300, 700)


def table(first_heading: str) -> list[list[str]]:
    """The rows of the page's table whose first column has this heading."""
    lines = iter(PAGE.read_text().splitlines())
    for line in lines:
        if line.startswith(f"| {first_heading} |"):
            break
    next(lines)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in _until_empty(lines)]


def _until_empty(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("|"):
            return
        yield line


def documented() -> dict[int, Refusal]:
    """What the page says of each status: those that it names, then the rest of a range, then the rest."""
    named: dict[int, Refusal] = {}
    ranges: dict[int, Refusal] = {}
    for statuses, cause, then in table("final status"):
        refusal = Refusal(HangupCause(int(cause)), NEXT[then])
        if found := re.fullmatch(r"every other from (\d+) to (\d+)", statuses):
            rest: list[int] = [*range(int(found[1]), int(found[2]) + 1)]
            ranges = dict.fromkeys(rest, refusal) | ranges
        else:
            for status in map(int, statuses.split(", ")):
                assert status not in named, f"{status} stands twice"
                named[status] = refusal
    return ranges | named


def test_the_page_tells_of_every_final_status_what_it_means() -> None:
    assert documented() == {status: refusal_of(status) for status in FINAL}


def test_the_page_tells_of_every_q850_cause_what_it_means() -> None:
    rows = [(map(int, causes.split(", ")), int(cause)) for causes, cause in table("Q.850 cause")]
    told = {q850: cause for causes, cause in rows for q850 in causes}
    overriding = {q850: int(refusal_of(699, q850).cause) for q850 in range(128)}
    assert told == {q850: cause for q850, cause in overriding.items() if cause != HangupCause.OTHER}


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (300, 10020), (305, 10020), (400, 10024), (401, 10025), (403, 10025), (404, 10014), (407, 10025), (408, 10015),
        (410, 10027), (416, 10017), (480, 10009), (482, 10024), (483, 10024), (484, 10017), (485, 10024),
        (486, 10006), (487, 10020), (488, 10004), (499, 10020), (500, 10004), (503, 10004), (504, 10015), (599, 10004),
        (600, 10006), (603, 10003), (604, 10014), (606, 10004), (607, 10003), (699, 10020),
    ],
)  # fmt: skip
def test_a_final_status_has_the_cause_of_the_contract(status: int, cause: int) -> None:
    assert refusal_of(status).cause == cause


@pytest.mark.parametrize(
    ("q850", "cause"),
    [
        (1, 10014), (17, 10006), (18, 10016), (19, 10016), (20, 10009), (21, 10003), (22, 10027), (28, 10017),
        (34, 10004), (38, 10004), (41, 10004), (42, 10004), (44, 10004),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [480, 503])
def test_a_q850_reason_overrides_the_cause_and_not_what_is_tried_next(status: int, q850: int, cause: int) -> None:
    assert refusal_of(status, q850) == Refusal(HangupCause(cause), refusal_of(status).next)


@pytest.mark.parametrize("q850", [None, 0, 16, 31, 127])
def test_an_unknown_q850_reason_changes_nothing(q850: int | None) -> None:
    assert refusal_of(486, q850) == Refusal(HangupCause.BUSY)


def test_another_trunk_is_tried_after_the_statuses_of_the_contract_and_no_other() -> None:
    tried = {status for status in FINAL if refusal_of(status).next is not Next.NOTHING}
    assert tried == {401, 403, 407, 408, 488, *range(500, 600)}
