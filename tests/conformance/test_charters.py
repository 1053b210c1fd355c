"""Charters as files: the shared ones, the example, and what a person reads of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from commonhold.cli.charter import load_charter_folder
from commonhold.cli.main import commonhold
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.charter import (
    CharterError,
    CompiledCharter,
    Source,
    apply_amendment,
    changed_rules,
    charter_digest,
    check_amendment,
    check_founding,
    compile_charter,
    draft_amendment,
    load_charter,
    parse_charter,
    render_charter,
    rules_for,
    touched_articles,
)
from commonhold.kernel.charter.rules import Fraction, Share
from commonhold.kernel.charter.wording import Piece, redline, render_redline, rule_in_words
from commonhold.kernel.errors import CommonholdError, FormatError, StoreError
from commonhold.kernel.kinds import STATE_KINDS
from tests.kernel.charters import MAJORITY, load
from tests.shared_data import shared_data

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "saltmarsh"
SHARED = ("radio-saltmarsh", "fed-highvale")


def texts_of(folder: Path) -> tuple[str, str]:
    return (folder / "charter.md").read_text("utf-8"), (folder / "charter.toml").read_text("utf-8")


def compiled(folder: Path) -> CompiledCharter:
    return compile_charter(*texts_of(folder))


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_charter_loads_and_comes_back(name: str) -> None:
    """Both shared charters load as they are; rendering and compiling them gives the same canonical bytes, and the same charter.md."""
    folder = shared_data("charters", name)
    charter = compiled(folder)
    rendered = render_charter(charter.value, charter.texts)
    assert rendered[0] == texts_of(folder)[0]
    again = compile_charter(*rendered)
    assert canonical_bytes(again.value) == canonical_bytes(charter.value)
    assert again.texts == charter.texts


def test_the_shared_radio_needs_meetings_that_this_version_cannot_hold() -> None:
    """Its spending by officers can be used; what its assembly decides in meetings says why it cannot."""
    charter = compiled(shared_data("charters", "radio-saltmarsh")).charter
    assert {name for name, rule in charter.rules.items() if not rule.unusable} == {"spend_small", "spend_large"}
    assert "needs a meeting that counts votes (cast_for_against)" in charter.rules["ordinary"].unusable
    assert "(article 1.2)" in charter.rules["ordinary"].unusable
    assert charter.emergencies["transmitter"].may == {"spend_large"}
    assert any(finding.level == "error" for finding in check_founding(charter, 12))


def test_the_shared_federation_needs_units() -> None:
    """Regions and delegates load, and say that they cannot be counted yet."""
    charter = compiled(shared_data("charters", "fed-highvale")).charter
    assert all(rule.unusable for rule in charter.rules.values())
    assert charter.bodies["regions"].unusable
    assert charter.offices["delegate"].unusable
    assert [rule.name for rule in rules_for(charter, "amend", touched={"4.1"})] == ["amend_entrenched"]
    assert [rule.name for rule in rules_for(charter, "amend", touched={"1.3.3"})] == ["amend"]
    assert charter.emergencies["disaster"].holder.m == 6  # type: ignore[union-attr] # two thirds of nine seats


def test_the_example_can_be_founded_by_twelve_members() -> None:
    """No error, no warning, and nothing that cannot be used; every rule cites an article."""
    charter = compiled(EXAMPLE).charter
    assert not check_founding(charter, 12)
    assert charter.by_kind.keys() >= STATE_KINDS
    assert all(rule.article for rule in charter.rules.values())
    assert rules_for(charter, "spend_small", amount=5000, currency="EUR")[0].name == "ordinary"
    assert charter.rules["amend"].need == Share("assembly", Fraction(2, 3, strict=False))


def test_the_amended_example_differs_in_one_article_and_one_number() -> None:
    """The demo's amendment: article 1.3.3 and its limit, judged by article 2.1; applying it gives the stated hash."""
    old, new = compiled(EXAMPLE), compiled(EXAMPLE / "amended")
    amendment = draft_amendment(old.value, new.value)
    assert [change["number"] for change in amendment["articles"]] == ["1.3.3"]
    assert amendment["rules"] == [{"path": ["decisions", "spend_small", "limit", "amount"], "set": 300}]
    assert touched_articles(old.charter, amendment) == {"1.3.3"}
    assert changed_rules(old.charter, new.charter) == {"spend_small"}
    assert charter_digest(apply_amendment(old.value, amendment)) == new.charter.digest.hex()
    assert [rule.name for rule in rules_for(old.charter, "amend", touched={"1.3.3"})] == ["amend"]
    check_amendment(old.charter, new.charter, 12)


def test_the_entrenched_articles_are_guarded_against_a_redefined_assembly() -> None:
    """Whoever changes who the assembly is needs the three quarters that the entrenched articles ask for."""
    md, toml = texts_of(EXAMPLE)
    old = compiled(EXAMPLE)
    new = compile_charter(md, toml.replace('members = "all(member)"', 'members = "holders(editor)"'))
    touched = touched_articles(old.charter, draft_amendment(old.value, new.value))
    assert "amend_entrenched" in {rule.name for rule in rules_for(old.charter, "amend", touched=touched)}
    with pytest.raises(CharterError):
        check_amendment(old.charter, new.charter, 12)


def test_two_people_who_compile_the_same_files_get_the_same_hash() -> None:
    """Line ends, comments and the order of tables in charter.toml change nothing; a word does."""
    md, toml = texts_of(EXAMPLE)
    hash_ = compiled(EXAMPLE).charter.digest
    assert compile_charter(md.replace("\n", "\r\n"), toml.replace("\n", "\r\n")).charter.digest == hash_
    assert compile_charter(md, toml + "\n# a remark\n").charter.digest == hash_
    tables = toml.split("\n\n[")
    shuffled = "\n\n[".join([tables[0], *reversed(tables[1:])])
    assert compile_charter(md, shuffled).charter.digest == hash_
    assert compile_charter(md.replace("twice", "twice").replace("at once", "at  once"), toml).charter.digest != hash_


def test_a_text_that_is_not_the_one_it_should_be_is_refused() -> None:
    """A missing or a swapped text object is never rendered."""
    charter = compiled(EXAMPLE)
    first, second, *_ = charter.value["articles"].values()
    for texts, code in (({}, "charter/text-missing"), ({**charter.texts, first: charter.texts[second]}, "charter/text-digest")):
        with pytest.raises(FormatError) as refused:
            render_charter(charter.value, texts)
        assert refused.value.code == code


def test_a_redline_shows_every_word_that_goes_and_comes() -> None:
    """Word by word for articles, before and after for rules, in plain text and as data."""
    changes = redline(compiled(EXAMPLE), compiled(EXAMPLE / "amended"))
    assert [(item.number, item.change) for item in changes.articles] == [("1.3.3", "changed")]
    assert Piece("old", "200") in changes.articles[0].pieces
    text = render_redline(changes)
    assert "Spending above [-200-]{+300+} needs two signatures." in text
    assert "decisions.spend_small.limit.amount  200     300" in text
    assert changes.as_json()["rules"] == [{"path": "decisions.spend_small.limit.amount", "before": "200", "after": "300"}]
    assert json.dumps(changes.as_json())


def test_a_redline_shows_articles_that_come_and_go_and_a_new_title() -> None:
    """An article without any words is still an article that came."""
    toml = texts_of(EXAMPLE)[1]
    old = parse_charter("# Club\n\n## 1 One\n\nStays here.\n\n## 2 Two\n\nGoes.\n", toml)
    new = parse_charter(
        "# Society\n\nA preamble.\n\n## 1 One\n\nStays.\n\n## 3\n",
        toml.replace("renewals = 0", "").replace('language = "en"', 'language = "eo"'),
    )
    changes = redline(old, new)
    assert [(item.number, item.change) for item in changes.articles] == [
        ("", "changed"),
        ("1", "changed"),
        ("2", "removed"),
        ("3", "added"),
    ]
    text = render_redline(changes)
    assert "Title" in text
    assert "[-Club-]{+Society" in text
    assert "Stays[- here-]." in text
    assert 'charter.language                "en"    "eo"' in text
    assert "(none)" in text
    only_rules = redline(parse_charter("# Club\n## 1\n", "a = 1"), parse_charter("# Club\n## 1\n", "b = 2"))
    assert render_redline(only_rules).startswith("Rule")
    only_text = redline(parse_charter("# Club\n## 1\n", "a = 1"), parse_charter("# Club\n## 1 One\n", "a = 1"))
    assert "Rule" not in render_redline(only_text)


def test_a_redline_of_hostile_texts_is_coarser_and_still_whole() -> None:
    """Whoever proposes chooses the words, so what is too much to compare word by word is shown by lines, or whole, and never stalls a reader."""
    toml = texts_of(EXAMPLE)[1]
    for old, new in (
        (" a b" * 2000, " b a" * 2000),
        ("a b\n" * 2000, "c\n" + "b a\na b\n" * 1000 + "a\n"),
        ("x " * 900 + "\none\n" + "y " * 900, "y " * 900 + "\none\n" + "x " * 900),
    ):
        texts = [parse_charter(f"# Club\n## 1\n{text}", toml) for text in (old, new)]
        (item,) = redline(*texts).articles
        for side, source in zip(("old", "new"), texts, strict=True):
            assert "".join(piece.text for piece in item.pieces if piece.op in ("same", side)) == source.article("1")[1]


def test_rules_are_said_in_words() -> None:
    """A sentence for a person who is about to sign, with everything that the rule asks for."""
    charter = load(
        {
            "decisions/ordinary": {
                "article": "1.1",
                "by": {"all_of": ["assembly", {"office": "chair"}]},
                "pass": MAJORITY,
                "quorum": {"of": "editors", "at_least": 2},
                "notice": "P10D",
                "time_lock": "P1D",
                "objection": {"of": ["editors", "chair"], "at_least": "1/4", "within": "P7D"},
                "subject_votes": False,
                "everyday": True,
            },
            "decisions/spend": {
                "by": {"office": "chair"},
                "limit": {"amount": 5, "currency": "EUR", "window": "P30D"},
                "above": "ordinary",
            },
            "decisions/give": {"by": {"office": "chair"}, "limit": {"amount": 5, "currency": "EUR"}},
            "decisions/deep": {"by": "assembly", "pass": MAJORITY, "applies_to": ["1.1", "2"]},
            "decisions/vote": {"by": "assembly"},
            "decisions/urgent": {
                "by": {"office": "chair"},
                "objection": {"of": "editors", "at_least": 2, "within": "P3D"},
                "notices": {"people": 2, "ways": 2},
            },
            "decisions/emergency-release": {
                "article": "1.1",
                "by": {"office": "chair"},
                "objection": {"of": "assembly", "at_least": 2, "within": "P3D", "confirm": "1/5"},
                "notices": {"people": 1, "ways": 2},
            },
        }
    )
    words = {name: rule_in_words(rule) for name, rule in charter.rules.items()}
    assert words["ordinary"] == (
        "more than 1/2 of assembly and 1 of chair; with at least 2 of editors taking part; after P10D of notice; unless at least 1/4 of editors"
        " and chair object within P7D; in force P1D later; without the member whom it is about; signed with a passkey or the kit"
    )
    assert words["spend"] == "1 of chair; up to 5 EUR within P30D, above that ordinary"
    assert words["give"] == "1 of chair; up to 5 EUR"
    assert words["deep"] == "more than 1/2 of assembly; for article 1.1 and article 2"
    assert words["amend"] == "at least 2/3 of assembly; for every article"
    assert words["urgent"] == (
        "1 of chair; unless at least 2 of editors object within P3D;"
        " which begins once 2 of them say that word has reached them, over 2 different ways"
    )
    assert words["emergency-release"] == (
        "1 of chair; unless at least 2 of assembly object within P3D;"
        " which begins once 1 of them say that word has reached them, over 2 different ways;"
        " and once at least 1/5 of them, who neither asked nor approved, confirm it afterwards"
    )
    assert words["vote"].startswith("names a body and no majority")


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(commonhold, ["charter", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_charter_show_prints_articles_and_rules() -> None:
    """A member reads the text, and beside each rule the article that it comes from."""
    code, text = run("show", EXAMPLE)
    assert code == 0
    assert "1.3.3\n        Spending above 200 needs two signatures." in text
    assert "treasurer; up to 200 EUR within P30D, above that spend_large" in text
    code, text = run("show", EXAMPLE, "--json")
    value = json.loads(text)
    assert value["digest"] == compiled(EXAMPLE).charter.digest.hex()
    assert {"number": "1.3", "title": "Officers", "text": value["articles"][3]["text"]} in value["articles"]
    assert next(rule for rule in value["rules"] if rule["rule"] == "publish")["everyday"] is True


def test_charter_check_answers_with_its_exit_code(tmp_path: Path) -> None:
    """0 where the charter can work, 1 where it cannot; the findings stand under their articles."""
    code, text = run("check", EXAMPLE, "--members", 12)
    assert code == 0
    assert text.endswith("No errors: the charter can work.\n")
    code, text = run("check", EXAMPLE, "--members", 2, "--json")
    value = json.loads(text)
    assert (code, value["ok"], value["members"]) == (1, False, 2)
    assert value["errors"] == sum(finding["level"] == "error" for finding in value["findings"]) > 0
    md, toml = texts_of(EXAMPLE)
    (tmp_path / "charter.md").write_text(md, "utf-8")
    (tmp_path / "charter.toml").write_text(toml.replace("m = 2 } }", "m = 9 } }").replace('article = "1.1"\n', "", 1), "utf-8")
    code, text = run("check", tmp_path, "--members", 12)
    assert code == 1
    assert "article 3.1: decisions.statement needs 9 signatures of chair, treasurer, editor, which have 4 seats together" in text
    assert "errors: the charter cannot work as it stands." in text
    (tmp_path / "charter.toml").write_text(toml.replace('article = "3.2"\n', "", 1), "utf-8")
    code, text = run("check", tmp_path, "--members", 12)
    assert code == 1
    assert "(no article): decisions.channel cites no article" in text


def test_charter_diff_says_what_changes_and_who_decides() -> None:
    """The redline, the hashes that are voted on, and the rule that will judge it."""
    code, text = run("diff", EXAMPLE, EXAMPLE / "amended")
    assert code == 0
    assert "[-200-]{+300+}" in text
    assert compiled(EXAMPLE / "amended").charter.digest.hex() in text
    assert "article 2.1 (amend): at least 2/3 of assembly" in text
    value = json.loads(run("diff", EXAMPLE, EXAMPLE / "amended", "--json")[1])
    assert value["touched_articles"] == ["1.3.3"]
    assert value["changed_rules"] == ["spend_small"]
    assert [rule["article"] for rule in value["decided_by"]] == ["2.1"]
    with pytest.raises(CommonholdError) as refused:
        run("diff", EXAMPLE, EXAMPLE)
    assert refused.value.code == "amend/nothing"


def test_a_folder_that_holds_no_charter_is_refused_plainly(tmp_path: Path) -> None:
    """Missing, unreadable, too large or not text: each names the file and the next step."""
    with pytest.raises(StoreError) as missing:
        load_charter_folder(tmp_path)
    assert "charter.md" in str(missing.value)
    assert missing.value.next_step
    (tmp_path / "charter.md").write_bytes(b"\xff\xfe")
    with pytest.raises(FormatError) as binary:
        load_charter_folder(tmp_path)
    assert binary.value.code == "charter/not-utf8"
    (tmp_path / "charter.md").write_bytes(b"x" * (1 << 20) + b"y")
    with pytest.raises(FormatError) as large:
        load_charter_folder(tmp_path)
    assert large.value.code == "charter/too-large"
    (tmp_path / "charter.md").write_text("# Club\n## 1\n", "utf-8")
    (tmp_path / "charter.toml").write_text("[charter]\nid = 1.1\n", "utf-8")
    with pytest.raises(FormatError) as number:
        load_charter_folder(tmp_path)
    assert number.value.code == "charter/unquoted-number"
    assert isinstance(load_charter_folder(EXAMPLE), Source)
    assert load_charter(load_charter_folder(EXAMPLE).value).name == "saltmarsh"
