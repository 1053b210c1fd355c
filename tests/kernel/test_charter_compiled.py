"""Two files to one canonical value, and back."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.charter import CharterError, compile_charter, parse_charter, render_charter
from commonhold.kernel.charter.tables import render_tables
from tests.kernel.charters import MAJORITY, NUMBERS, RULES, TWO_THIRDS, with_

TOML = render_tables(RULES)
WORDS = st.text(st.sampled_from("abc äß中🎙é\u0301-*_`[]()\"'\\\n\t#."), max_size=40)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "charter/language": st.sampled_from(["en", "ru", "zh-Hant"]),
        "bodies/assembly/proxies": st.builds(lambda n: {"max_held": n, "counts_for_quorum": False}, st.integers(0, 3)),
        "offices/editor/term": st.sampled_from(["P1Y", "until_next_meeting"]),
        "offices/editor/seats": st.one_of(st.integers(2, 9), st.just({"per": 30, "of": "members(region)", "round": "up", "min": 1})),
        "incompatible": st.just([]),
        "decisions/ordinary/pass": st.sampled_from([MAJORITY, {"all_of": [MAJORITY, {"body": "editors", **TWO_THIRDS}]}]),
        "decisions/statement/everyday": st.just(False),
        "decisions/spend": st.builds(
            lambda amount: {"by": {"office": "chair"}, "limit": {"amount": amount, "currency": "EUR"}, "above": "ordinary"},
            st.integers(0, 10**12),
        ),
        "minority": st.just({"demand_secret": {"at_least": "1/10", "of": "present"}}),
    },
)


def document(texts: list[tuple[str, str]]) -> str:
    pairs = [*texts, *[("", "")] * len(NUMBERS)]
    lines = ["# Club"]
    for number, (heading, body) in zip(NUMBERS, pairs, strict=False):
        safe = "\n".join(line if not line.lstrip().startswith("#") else "- " + line for line in body.split("\n"))
        lines += [f"{'#' * (number.count('.') + 2)} {number} {' '.join(heading.split())}", safe]
    return "\n".join(lines)


@settings(max_examples=120)
@given(st.lists(st.tuples(WORDS, WORDS), max_size=len(NUMBERS)), CHANGES)
def test_rendering_and_compiling_a_charter_gives_the_same_bytes(texts: list[tuple[str, str]], changes: dict[str, Any]) -> None:
    """Any charter that compiles can be written out, and compiles again to the same hash and the same objects."""
    charter = compile_charter(document(texts), render_tables(with_(changes)))
    md, toml = render_charter(charter.value, charter.texts)
    again = compile_charter(md, toml)
    assert canonical_bytes(again.value) == canonical_bytes(charter.value)
    assert again.texts == charter.texts
    assert again.charter == charter.charter
    assert render_charter(again.value, again.texts) == (md, toml)


def test_the_recorded_form_is_digests_and_rules() -> None:
    """One canonical object: form, title, articles by number, rules; the texts are objects beside it."""
    charter = compile_charter(document([("One", "Text.")]), TOML)
    assert charter.value.keys() == {"form", "title", "articles", "rules"}
    assert charter.value["title"] == hashlib.sha256(b"Club\n").hexdigest()
    assert charter.value["articles"]["1.1"] == hashlib.sha256(b"One\nText.\n").hexdigest()
    assert charter.texts[charter.value["articles"]["1.1"]] == b"One\nText.\n"
    assert charter.value["rules"] == RULES
    assert charter.charter.digest == hashlib.sha256(canonical_bytes(charter.value)).digest()
    assert charter.heading() == ("Club", "")
    assert charter.article("1.1") == ("One", "Text.")
    assert charter.numbers == ["1.1", "1.2", "1.3", "1.4", "1.4.1", "1.10", "2", "2.1"]


def test_a_charter_that_cannot_work_can_be_parsed_and_not_compiled() -> None:
    """Whoever mends a charter reads its findings; nobody founds under it."""
    toml = TOML.replace("m = 2", "m = 3")
    assert parse_charter(document([]), toml).value["rules"]["decisions"]["statement"]["by"]["signatures"]["m"] == 3
    with pytest.raises(CharterError) as refused:
        compile_charter(document([]), toml)
    assert refused.value.data["article"] == "1.4"
