"""Laws about ``commonhold custody``: what it prints is what the engine found, in the promised JSON and in words that a terminal can be shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from commonhold.cli.custody.words import analysed, visits_json
from commonhold.kernel.custody import Effort, analyse, one_visit, parse_register
from tests.attacks import Mutation, attack
from tests.cli.houses import command
from tests.kernel.custody.graphs import value

SALTMARSH: dict[str, Any] = {
    "mail": {
        "kind": "mailbox",
        "label": "studio mailbox",
        "obtain": [{"via": "password", "all": ["party:heron"]}, {"via": "by phone", "all": ["node:phone"]}],
    },
    "phone": {
        "kind": "phone",
        "label": "studio phone",
        "obtain": [{"via": "by mail", "all": ["node:mail"]}],
        "recovery": "unknown",
        "holders": ["party:tern"],
    },
    "page.exclusive": {
        "label": "the page, shutting others out",
        "obtain": [
            {"via": "admins remove each other", "all": [{"any": ["party:plover", "node:mail"]}]},
            {"via": "support desk", "all": ["party:desk", "party:curlew"], "latency_days": 14, "visible": True},
        ],
    },
}


@pytest.fixture
def saltmarsh(tmp_path: Path) -> Path:
    place = tmp_path / "saltmarsh.json"
    place.write_text(json.dumps(value(SALTMARSH, outside=["desk"])), "utf-8")
    return place


def tree(tmp_path: Path, *gates: str) -> Path:
    place = tmp_path / "tree.xml"
    place.write_text(f"<opsa-mef><define-fault-tree name='t'>{''.join(gates)}</define-fault-tree></opsa-mef>", "utf-8")
    return place


TOP = (
    "<define-gate name='top'><atleast min='2'><basic-event name='a'/><basic-event name='b'/><basic-event name='c'/></atleast></define-gate>"
)


def test_the_json_of_an_analysis_is_exactly_what_was_promised(saltmarsh: Path) -> None:
    """Targets, both kinds of sets, and whether they are all; nothing else where they are."""
    done = command("custody", "analyse", saltmarsh, "--target", "page.exclusive", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json == {
        "targets": {
            "page.exclusive": {
                "seize": [["heron"], ["plover"], ["tern"], ["curlew", "desk"]],
                "lockout": [["heron", "plover"]],
                "complete": True,
            }
        }
    }
    assert list(command("custody", "analyse", saltmarsh, "--json").json["targets"]) == list(SALTMARSH)
    among = command(
        "custody", "analyse", saltmarsh, "--target", "page.exclusive", "--among", "curlew, desk", "--without", "plover", "--json"
    ).json
    assert among["targets"]["page.exclusive"] == {"seize": [["curlew", "desk"]], "lockout": [["heron"]], "complete": True}


def test_an_answer_that_is_not_complete_says_how_far_it_reaches(tmp_path: Path) -> None:
    """ "At least", and never "safe", in JSON and in words."""
    people = [f"p{number}" for number in range(9)]
    place = tmp_path / "nine.json"
    place.write_text(json.dumps(value({"page": [[{"atleast": 5, "of": [f"party:{name}" for name in people]}]]}, parties=people)), "utf-8")
    found = command("custody", "analyse", place, "--size", 2, "--json").json["targets"]["page"]
    assert found == {"seize": [], "lockout": [], "complete": False, "up_to": {"seize": 2, "lockout": 2}, "count": {}}
    said = command("custody", "analyse", place, "--size", 2).out
    assert "at least 3 parties: larger sets than 2 parties are not listed; how many there are is unknown" in said
    assert "safe" not in said
    whole = command("custody", "analyse", place, "--effort", 2).out
    assert "... and 114 more sets (--json lists them)" in whole
    wide = tmp_path / "wide.json"
    people = [f"p{number:02}" for number in range(24)]
    wide.write_text(
        json.dumps(value({"page": [["party:p00"], [{"atleast": 12, "of": [f"party:{name}" for name in people[1:]]}]]}, parties=people))
    )
    assert "larger sets than 11 parties are not listed; 1352079 sets altogether" in command("custody", "analyse", wide).out


def test_the_words_of_an_analysis_name_people_and_powers(saltmarsh: Path) -> None:
    """Resources first; each set in a line; the page says who may see it."""
    said = command("custody", "analyse", saltmarsh).out
    assert said.startswith("For members only")
    assert said.index("page.exclusive") < said.index("mail (studio mailbox)")
    assert "    curlew + desk\n" in said
    assert "is lost with\n    heron + plover" in said


@attack(
    "coercion-one-place",
    Mutation(
        "src/commonhold/cli/custody/words.py",
        find="        if found := (visits or {}).get(finding.target):",
        replace="        if found := {}.get(finding.target):",
    ),
)
def test_where_one_visit_is_enough_is_said(tmp_path: Path) -> None:
    """In words and in JSON, with whose door it is; of targets that take two visits, and of registers without places, nothing is said."""
    found = value(
        {"page": [[{"atleast": 2, "of": ["party:heron", "party:tern", "party:plover"]}]], "shed": [["party:heron", "party:plover"]]}
    )
    for party, home in zip(found["parties"], ("Quay 4", "Quay 4", "Hill 1"), strict=False):
        party["place"] = home
    place = tmp_path / "homes.json"
    place.write_text(json.dumps(found), "utf-8")
    said = command("custody", "analyse", place).out
    assert said.count("one visit is enough") == 1
    assert "  one visit is enough: Quay 4 (heron, tern)\n" in said
    targets = command("custody", "analyse", place, "--json").json["targets"]
    assert (targets["page"]["one_visit"], targets["shed"]["one_visit"]) == ({"Quay 4": ["heron", "tern"]}, {})
    assert "one_visit" not in command("custody", "analyse", place, "--among", "heron,tern", "--json").json["targets"]["page"]
    starved = one_visit(parse_register(place.read_bytes()), effort=Effort(exact=0, bounded=-1))
    assert visits_json(starved["page"]) == {"one_visit": {}, "one_visit_unknown": True}
    finding = analyse(parse_register(place.read_bytes()), ["page"])
    assert "  whether one visit is enough is unknown" in analysed(parse_register(place.read_bytes()), finding.values(), starved)


def test_the_extremes_have_words_of_their_own(tmp_path: Path) -> None:
    """Open to all, and out of everybody's reach; a remark on stderr says why."""
    place = tmp_path / "extremes.json"
    place.write_text(json.dumps(value({"open": [[]], "never": []})), "utf-8")
    done = command("custody", "analyse", place)
    assert "can be obtained by anybody, with nobody's help\n  cannot be lost to the organisation" in done.out
    assert "can be taken by nobody\n  is out of the organisation's reach already" in done.out
    assert "note: node 'never' has no way to obtain it" in done.err
    assert "cannot obtain never.\n  it has no way to be obtained" in command("custody", "explain", place, "never", "--by", "heron").out
    assert "nobody can obtain open at once:\n  1. open from nothing, asks" in command("custody", "explain", place, "open", "--by", "").out
    said = command("custody", "fix", place).out
    assert "now: taken by nobody's act at all; lost with nobody" in said
    many = value({f"n{number}": [] for number in range(30)})
    place.write_text(json.dumps(many), "utf-8")
    assert "note: and 10 more remarks" in command("custody", "analyse", place).err


def test_a_path_is_told_step_by_step_with_its_warning(saltmarsh: Path) -> None:
    """What from what, by which way; an assumption is called one."""
    said = command("custody", "explain", saltmarsh, "page.exclusive", "--by", "tern").out
    assert "tern can obtain page.exclusive (the page, shutting others out) at once:" in said
    assert "  1. phone (studio phone) from tern (assumed: nobody declared it)\n" in said
    assert "  2. mail (studio mailbox) from phone, by phone\n" in said
    slow = command("custody", "explain", saltmarsh, "page.exclusive", "--by", "desk,curlew").out
    assert "in 14 days at the earliest, with 14 days of warning" in slow
    assert "(day 0 to 14; others can see it)" in slow
    assert "There is no path on which nothing can be seen." in slow
    lacking = command("custody", "explain", saltmarsh, "page.exclusive", "--by", "desk").out
    assert "  way 2, support desk: lacking curlew\n" in lacking
    found = command("custody", "explain", saltmarsh, "page.exclusive", "--by", "desk,curlew", "--json").json
    assert (found["possible"], found["quickest"]["warning"], found["quiet"]) == (True, 14, None)
    assert found["quickest"]["steps"][0] == {
        "node": "page.exclusive",
        "via": "support desk",
        "needs": ["curlew", "desk"],
        "begins": 0,
        "ends": 14,
        "visible": True,
        "assumed": False,
    }
    assert command("custody", "explain", saltmarsh, "mail", "--by", "desk", "--json").json["missing"]


def test_a_quiet_path_is_told_after_the_quickest(tmp_path: Path) -> None:
    """A day in the open, or three unseen."""
    ways = [
        {"via": "desk", "all": ["party:heron"], "latency_days": 1, "visible": True},
        {"via": "mail", "all": ["party:heron"], "latency_days": 3},
    ]
    place = tmp_path / "quiet.json"
    place.write_text(json.dumps(value({"page": ways})), "utf-8")
    said = command("custody", "explain", place, "page", "--by", "heron").out
    assert "in 1 day at the earliest, with 1 day of warning" in said
    assert "Without anything that others could see in 3 days at the earliest:" in said


def test_each_fix_comes_with_its_result_and_can_be_put_into_the_register(saltmarsh: Path) -> None:
    """The nodes under "replace" are in the register's own form, and analysing the register with them gives "after"."""
    said = command("custody", "fix", saltmarsh).out
    assert "page.exclusive: let the way 'admins remove each other' need all of (plover, mail)" in said
    assert "then taken by 2 parties; lost with" in said
    assert "keep a sealed copy of it, opened with 2 of (" in command("custody", "fix", saltmarsh, "--target", "mail").out
    assert "seal it, and open it only with 2 of (heron, tern, plover, curlew)" in command("custody", "fix", saltmarsh, "--show", 9).out
    found = command("custody", "fix", saltmarsh, "--target", "page.exclusive", "--show", 9, "--json").json["targets"]["page.exclusive"]
    assert found["complete"] is True
    for fix in [*found["seize"], *found["lockout"]]:
        nodes = {**SALTMARSH, **{node["id"]: node for node in fix["replace"]}}
        saltmarsh.write_text(json.dumps(value(nodes, outside=["desk"])), "utf-8")
        after = command("custody", "analyse", saltmarsh, "--target", "page.exclusive", "--size", 3, "--json").json["targets"][
            "page.exclusive"
        ]
        assert after == fix["after"]


def test_a_way_that_can_only_be_closed_is_said_to_be(tmp_path: Path) -> None:
    """Where nothing helps, that is said too."""
    place = tmp_path / "closing.json"
    ways = [{"via": "desk", "all": ["party:desk"]}, {"via": "together", "all": ["party:heron", "party:desk2"]}]
    place.write_text(json.dumps(value({"page": ways}, parties=["heron"], outside=["desk", "desk2"])), "utf-8")
    said = command("custody", "fix", place).out
    assert "page: close the way 'desk'" in said
    assert "no change of the kinds that were tried helps" in said


def test_a_register_without_resources_needs_a_target(tmp_path: Path) -> None:
    """Which nodes matter is for people to say."""
    place = tmp_path / "mail.json"
    place.write_text(json.dumps(value({"mail": {"kind": "mailbox", "obtain": []}})), "utf-8")
    done = command("custody", "fix", place, "--json")
    assert (done.code, done.json["code"]) == (2, "custody/no-resource")
    assert command("custody", "fix", place, "--target", "mail").code == 0


def test_labels_cannot_act_on_a_terminal(tmp_path: Path) -> None:
    """Control and bidirectional characters are refused with the name of the node, and nothing of the register is shown."""
    place = tmp_path / "hostile.json"
    place.write_text(json.dumps(value({"page": {"obtain": [], "label": "safe\u202e\x1b[2J"}})), "utf-8")
    done = command("custody", "analyse", place)
    assert (done.code, done.out) == (2, "")
    assert "the label of node 'page'" in done.err
    assert "\x1b" not in done.err
    assert "\u202e" not in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["analyse", "FILE", "--target", "pgae"], "no node 'pgae'"),
        (["analyse", "FILE", "--among", "hreon"], "no party 'hreon'"),
        (["explain", "FILE", "page.exclusive", "--by", "hreon"], "no party 'hreon'"),
        (["fix", "FILE", "--target", "pgae"], "no node 'pgae'"),
        (["analyse", "FILE.missing"], "cannot be read"),
    ],
)
def test_a_slip_is_answered_with_a_reason_and_exit_code_2(saltmarsh: Path, arguments: list[str], words: str) -> None:
    """The name that is not there is said, the next step too, and the register is as it was."""
    before = saltmarsh.read_bytes()
    done = command("custody", *[argument.replace("FILE", str(saltmarsh)) for argument in arguments])
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert len(done.err.splitlines()) > 1
    assert saltmarsh.read_bytes() == before


def test_a_fault_tree_is_counted_and_listed(tmp_path: Path) -> None:
    """``--count --json`` is one number; without it come the sets themselves."""
    place = tree(tmp_path, TOP)
    assert command("custody", "import-openpsa", place, "--count", "--json").json == {"minimal_sets": 3}
    assert command("custody", "import-openpsa", place, "--count").out == "3 minimal sets\n"
    done = command("custody", "import-openpsa", place)
    assert (done.out, done.err) == ("a b\na c\nb c\n", "3 minimal sets\n")
    found = command("custody", "import-openpsa", place, "--json").json
    assert found == {"target": "top", "minimal_sets": [["a", "b"], ["a", "c"], ["b", "c"]], "complete": True}


def test_a_tree_with_several_tops_asks_which(tmp_path: Path) -> None:
    """And takes any gate by its name."""
    place = tree(tmp_path, TOP, TOP.replace("'top'", "'other'"))
    done = command("custody", "import-openpsa", place, "--count", "--json")
    assert (done.code, done.json["code"]) == (2, "custody/tops")
    assert command("custody", "import-openpsa", place, "--top", "other", "--count", "--json").json == {"minimal_sets": 3}


def test_a_count_that_is_too_much_work_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No number is better than a wrong one; the sets up to a size can still be listed, and are not called all."""
    place = tree(tmp_path, TOP)
    monkeypatch.setattr("commonhold.cli.custody.faulttrees.Effort", lambda exact, listed: Effort(0, -1, listed))
    done = command("custody", "import-openpsa", place, "--count", "--json")
    assert (done.code, done.json["code"]) == (2, "custody/unknown")
    assert command("custody", "import-openpsa", place).err == "0 minimal sets of at most 0; more are unknown\n"
    found = command("custody", "import-openpsa", place, "--json").json
    assert found == {"target": "top", "minimal_sets": [], "complete": False, "up_to": 0, "count": None}


def test_many_people_are_no_fault(tmp_path: Path) -> None:
    """Three thousand who are needed together: one coalition, and each of them a loss; the recursion limit is as it was."""
    before = sys.getrecursionlimit()
    people = [f"p{number}" for number in range(3000)]
    place = tmp_path / "many.json"
    place.write_text(json.dumps(value({"page": [[f"party:{name}" for name in people]]}, parties=people)), "utf-8")
    found = command("custody", "analyse", place, "--json").json["targets"]["page"]
    assert (len(found["seize"][0]), len(found["lockout"]), found["complete"]) == (3000, 3000, True)
    assert sys.getrecursionlimit() == before
    assert parse_register(place.read_bytes()).parties.keys() == set(people)
