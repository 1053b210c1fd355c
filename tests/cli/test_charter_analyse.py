"""``commonhold charter analyse``, and what ``charter check`` says about cheaper routes."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.houses import EXAMPLE, MEMBERS, House, command, refused


def weakened(base: Path) -> Path:
    """The example's charter, in which the chair alone recovers keys."""
    folder = base / "weak"
    shutil.copytree(EXAMPLE, folder)
    rules = (folder / "charter.toml").read_text("utf-8")
    head, _, rest = rules.partition("[decisions.recover-member]")
    recover, _, tail = rest.partition("\n\n")
    assert 'article = "1.5.2"' in recover
    (folder / "charter.toml").write_text(
        f'{head}[decisions.recover-member]\narticle = "1.5.2"\nby = {{ office = "chair" }}\n\n{tail}', "utf-8"
    )
    return folder


def test_check_warns_of_a_cheap_recovery_and_says_what_to_do(tmp_path: Path) -> None:
    """The article, both numbers for the real number of members, the steps, the remedy; and the charter can still work."""
    done = command("charter", "check", weakened(tmp_path), "--members", 12)
    assert done.code == 0
    assert "article 1.5.2: decisions.recover-member is a cheaper route to amend_entrenched of article 2.3" in done.out
    assert "(1 person against 9, of 12 members)" in done.out
    assert "Let recover-member take as many people as amend" in done.out


def test_the_table_has_a_row_for_each_kind_and_says_what_was_not_analysed(tmp_path: Path) -> None:
    """By its rule, by a route, which route and how soon."""
    done = command("charter", "analyse", weakened(tmp_path))
    assert done.code == 0
    rows = {line.split()[0]: line.split() for line in done.out.splitlines() if line.strip()}
    assert rows["amend"] == ["amend", "2.1", "8", "1", "recover-member", "(1.5.2)", "30", "days"]
    assert rows["statement"][:4] == ["statement", "3.1", "2", "1"]
    assert rows["spend_small"][2:] == ["1", "-", "-", "at", "once"]
    assert "Not analysed, since this version cannot apply them: succeed." in done.out


def test_one_kind_is_explained_step_by_step_with_the_names(tmp_path: Path) -> None:
    """Who could bring it about, and how; by kind or by the name of the rule."""
    done = command("charter", "analyse", weakened(tmp_path), "--kind", "amend_entrenched")
    assert done.code == 0
    assert "by its rule   9, such as 1 treasurer + 8 without an office" in done.out
    assert "by a route    1, such as 1 chair, 30 days" in done.out
    assert "who           chair\n" in done.out
    assert "recover-member, as often as it takes (recover-member, article 1.5.2)" in done.out
    found = command("charter", "analyse", weakened(tmp_path / "again"), "--kind", "amend", "--json").json
    assert [kind["rule"] for kind in found["kinds"]] == ["amend", "amend_entrenched"]
    assert found["kinds"][0]["coalitions"]["sets"][0] == ["chair"]
    assert found["kinds"][0]["fewest"]["through"] == ["recover-member"]
    assert [step["node"] for step in found["kinds"][0]["steps"]][-1] == "decision.amend:amend"


def test_waits_are_shown_and_long_lists_are_cut() -> None:
    """Days, whether others see it, and how many coalitions are not shown."""
    done = command("charter", "analyse", EXAMPLE, "--members", 12, "--kind", "expel")
    assert "more of those that are known" in done.out
    found = command("charter", "analyse", EXAMPLE, "--json").json
    assert (found["ok"], found["members"]) == (True, 12)
    expel = next(kind for kind in found["kinds"] if kind["kind"] == "expel")
    assert (expel["direct"]["people"], expel["direct"]["days"], expel["direct"]["seen"]) == (9, 14, True)
    assert (expel["fewest"]["people"], expel["cheaper_route"]) == (9, False)
    large = command("charter", "analyse", EXAMPLE, "--members", 40, "--kind", "admit")
    assert "sets of more than 29 people are not listed" in large.out
    counted = command("charter", "analyse", EXAMPLE, "--members", 1_000_000, "--kind", "amend:amend_entrenched")
    assert counted.code == 0
    assert "people are listed by name up to 200 members" in counted.out
    found = command("charter", "analyse", EXAMPLE, "--members", 1_000_000, "--kind", "statement", "--json").json
    assert found["kinds"][0]["coalitions"] == {"sets": [], "complete": False, "up_to": 0}


def test_members_and_seats_can_be_named(tmp_path: Path) -> None:
    """Coalitions then carry the names; with too few people, nobody can."""
    named = [part for name in MEMBERS for part in ("--member", name)]
    done = command("charter", "analyse", weakened(tmp_path), *named, "--seat", "chair=heron", "--seat", "editor=tern", "--kind", "channel")
    assert "who           heron" in done.out
    done = command("charter", "analyse", EXAMPLE, "--member", "heron", "--kind", "suspend-origin")
    assert "by its rule   nobody" in done.out


def test_a_house_is_analysed_with_its_real_members_and_seats(house: House) -> None:
    """Five members, chair, treasurer and one editor; without partners a note says what stands in for waiting."""
    done = command("charter", "analyse", house.path, "--kind", "statement")
    assert done.code == 0
    assert "statement (article 3.1), 5 members" in done.out
    assert "heron + tern" in done.out
    assert "no partners yet" in done.err
    found = command("charter", "analyse", house.path, "--json").json
    assert found["members"] == 5
    assert command("charter", "analyse", house.path, "--members", 12, "--json").json["members"] == 12


def test_what_cannot_be_analysed_is_refused_with_the_next_step(tmp_path: Path) -> None:
    """An unknown kind, seats that the charter does not allow, options that contradict each other, no folder; an empty table says so."""
    refused(command("charter", "analyse", EXAMPLE, "--kind", "dance"), 1, "no rule for 'dance'", "It has rules for: admit")
    refused(command("charter", "analyse", EXAMPLE, "--member", "heron", "--seat", "king=heron"), 1, "no office 'king'")
    refused(command("charter", "analyse", EXAMPLE, "--member", "heron", "--seat", "heron"), 2, "OFFICE=NAME")
    refused(command("charter", "analyse", EXAMPLE, "--members", 3, "--member", "heron"), 2, "not both")
    refused(command("charter", "analyse", tmp_path / "nowhere"), 2, "cannot be read")
    folder = tmp_path / "meeting"
    folder.mkdir()
    (folder / "charter.md").write_text("# Meeting\n\n## 1 All\n", "utf-8")
    (folder / "charter.toml").write_text(
        '[charter]\nid = "meeting"\n[bodies.all_of_us]\nmembers = "all(member)"\n[decisions.amend]\narticle = "1"\nby = "all_of_us"\n'
        'pass = { base = "cast", more_than = "1/2" }\napplies_to = ["*"]\n',
        "utf-8",
    )
    assert "There is no rule that this version can apply." in command("charter", "analyse", folder).out
    refused(command("charter", "analyse", folder, "--kind", "amend"), 1, "It has rules for: nothing")
