"""``charter.md``: numbered articles and their normal form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.charter.articles import (
    MAX_ARTICLES,
    MAX_SOURCE,
    MAX_TEXT,
    covers,
    heading_level,
    is_article_number,
    number_key,
    parse_articles,
    parse_text,
    render_articles,
)
from commonhold.kernel.errors import FormatError

GOOD = "# Club\n\nA preamble.\n\n## 1 Members\n\n### 1.1\n\nOne.\nTwo.\n\nThree.\n\n### 1.10 Late\n"
LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs")), max_size=12), max_size=5)


def test_articles_are_read_by_their_numbers() -> None:
    """The number names the article, the heading's words are its title, and what follows is its body."""
    title, articles = parse_articles(GOOD)
    assert parse_text(title) == ("Club", "A preamble.")
    assert {number: parse_text(raw) for number, raw in articles.items()} == {
        "1": ("Members", ""),
        "1.1": ("", "One.\nTwo.\n\nThree."),
        "1.10": ("Late", ""),
    }
    assert articles["1.1"] == b"\nOne.\nTwo.\n\nThree.\n"
    assert articles["1"] == b"Members\n"
    assert render_articles(title, articles) == GOOD


@pytest.mark.parametrize(
    "same",
    [
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.replace("\n\n", "\n  \n\n\n"),
        GOOD.rstrip("\n"),
        GOOD.replace("## 1 Members", "## 1\t Members  "),
        GOOD.replace("One.", "One.   "),
    ],
)
def test_line_ends_and_blank_lines_change_no_hash(same: str) -> None:
    """Two people with different editors get the same objects from the same text."""
    assert parse_articles(same) == parse_articles(GOOD)


def test_letters_that_look_alike_are_alike() -> None:
    """A decomposed letter is the composed one."""
    assert parse_articles(GOOD + "\nCafe\u0301") == parse_articles(GOOD + "\nCaf\u00e9")


def test_article_1_10_is_not_article_1_1() -> None:
    """Numbers are texts with parts: 1.10 stands after 1.2, and 1.1 does not cover it."""
    assert number_key("1.2") < number_key("1.10")
    assert not covers("1.1", "1.10")
    assert covers("1.1", "1.1.3")
    assert covers("1.1", "1.1")
    assert [
        number
        for number in ("1", "1.10", "01", "1.0", "1.", "1..2", "", "1.1.1.1.1.1.1.1.1", "1,1", "10000", "١")
        if is_article_number(number)
    ] == [
        "1",
        "1.10",
    ]
    assert [heading_level(number) for number in ("1", "1.1", "1.1.1", "1.1.1.1", "1.1.1.1.1", "1.1.1.1.1.1")] == [2, 3, 4, 5, 6, 6]


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("", "charter/before-title", 1),
        ("\n\n", "charter/before-title", 1),
        ("Hello\n# Club\n## 1\n", "charter/before-title", 1),
        ("## 1 Members\n", "charter/before-title", 1),
        ("#\n## 1\n", "charter/before-title", 1),
        ("# Club\n", "charter/no-articles", 1),
        ("# Club\n# Other\n", "charter/second-title", 2),
        ("# Club\n## Members\n", "charter/no-number", 2),
        ("# Club\n## 1. Members\n", "charter/no-number", 2),
        ("# Club\n##\n", "charter/no-number", 2),
        ("# Club\n## 1\n### 1.1\n### 1.1\n", "charter/duplicate-article", 4),
        ("# Club\n### 1.10\n### 1.2\n", "charter/order", 3),
        ("# Club\n### 1.1\n## 1\n", "charter/order", 3),
        ("# Club\n### 1\n", "charter/level", 2),
        ("# Club\n## 1.1\n", "charter/level", 2),
        ("# Club\n## 1\n\nabc\u202edef\n", "charter/character", 4),
        ("# Club\n## 1\nabc\x07\n", "charter/character", 3),
        ("# Club\n## 1\nabc\rdef\n", "charter/character", 3),
        ("# Club\n## 1\nabc\u2066def\n", "charter/character", 3),
        ("# Club\n## 1 " + "x" * 201, "charter/too-large", 2),
        ("# Club\n## 1\n" + "x" * MAX_TEXT, "charter/too-large", 2),
        ("# Club\n" + "".join(f"## {n}\n" for n in range(1, MAX_ARTICLES + 2)), "charter/too-many-articles", MAX_ARTICLES + 2),
    ],
)
def test_what_is_not_a_charter_is_refused_with_its_line(source: str, code: str, line: int) -> None:
    """Each refusal names the line and says what to write."""
    with pytest.raises(FormatError) as refused:
        parse_articles(source)
    assert (refused.value.code, refused.value.data["line"]) == (code, line)
    assert f"line {line}:" in str(refused.value)
    assert refused.value.next_step


def test_a_file_of_more_than_a_mebibyte_is_refused() -> None:
    """The size is looked at before anything else."""
    with pytest.raises(FormatError) as refused:
        parse_articles("x" * (MAX_SOURCE + 1))
    assert refused.value.code == "charter/too-large"


def test_as_many_articles_as_allowed_are_read() -> None:
    """The bound itself is allowed."""
    assert len(parse_articles("# Club\n" + "".join(f"## {n}\n" for n in range(1, MAX_ARTICLES + 1)))[1]) == MAX_ARTICLES


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no line end",
        b"title\nbody",
        b"title\n\nbody\n",
        b"title\nbody\n\n",
        b"title\nbody \n",
        b"two  spaces\n",
        b"title\n## 1.1 hidden article\n",
        b"\xff\n",
        b"x" * (MAX_TEXT + 1) + b"\n",
        b"x" * 201 + b"\n",
        "title\ncafe\u0301\n".encode(),
        "title\nabc\u202e\n".encode(),
    ],
)
def test_a_text_object_of_another_form_is_refused(raw: bytes) -> None:
    """An object that no charter.md compiles to is not a charter's text, whatever its digest."""
    with pytest.raises(FormatError) as refused:
        parse_text(raw)
    assert refused.value.code == "charter/text"


@settings(max_examples=150)
@given(st.lists(st.tuples(LINES, LINES), min_size=1, max_size=6), LINES)
def test_rendering_and_compiling_articles_gives_the_same_objects(texts: list[tuple[list[str], list[str]]], preamble: list[str]) -> None:
    """charter.md to objects and back loses nothing, whatever people write."""
    source = "# Club\n" + "\n".join(preamble) + "\n"
    for at, (heading, body) in enumerate(texts, 1):
        source += f"## {at} {' '.join(heading)}\n" + "\n".join(body) + "\n"
    try:
        title, articles = parse_articles(source)
    except FormatError:
        # A line that happens to be a heading, or a character that is refused: the table above has those.
        return
    rendered = render_articles(title, articles)
    assert parse_articles(rendered) == (title, articles)
    assert render_articles(*parse_articles(rendered)) == rendered
