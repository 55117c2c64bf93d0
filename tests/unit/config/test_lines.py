"""Where in the text a key stands."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.config.lines import find_lines, line_of

TEXT = """\
top = 1
[server]  # comment
http = "x"
"quoted" = 1
dotted.key = 2

[[company]]
code = "1"
  [[company.group]]
  name = "a"
  [[company.group]]
  name = "b"
members = [
  "x",
]
[[company]]
  [[company.group]]
  name = "c"
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("top",), 1),
        (("server",), 2),
        (("server", "http"), 3),
        (("server", "quoted"), 4),
        (("server", "dotted"), 5),
        (("server", "dotted", "key"), 5),
        (("server", "missing"), 2),
        (("company", 0), 7),
        (("company", 0, "code"), 8),
        (("company", 0, "group", 1, "name"), 12),
        (("company", 0, "group", 1, "members", 0), 13),
        (("company", 1, "group", 0, "name"), 18),
        (("company", 1, "code"), 16),
        (("nowhere",), None),
    ],
)
def test_a_place_has_the_line_of_its_key_or_of_what_is_around_it(location: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(TEXT)
    assert line_of(location, find_lines(TEXT)) == line


@given(st.text(alphabet="[]ab.=\"'# \n\t", max_size=80))
def test_the_scan_takes_any_text(text: str) -> None:
    lines = find_lines(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
