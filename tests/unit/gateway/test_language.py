import pytest
from hypothesis import given
from hypothesis import strategies as st

from playvoice.codes import Language
from playvoice.gateway.language import preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("en", "en"),
        ("EN-us", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.5, zh", "zh"),
        ("en,zh", "zh"),
        ("en;q=0", "zh"),
        ("en;q=x", "zh"),
        ("fr", "zh"),
        ("*", "zh"),
        ("fr, en;q=0.1", "en"),
    ],
)
def test_english_is_spoken_where_it_is_preferred_and_chinese_in_all_doubt(header: str, language: str) -> None:
    assert preferred(header) == language


@given(st.text(max_size=100))
def test_whatever_the_header_holds_there_is_a_language(header: str) -> None:
    assert preferred(header) in Language
