"""Laws about the page of attacks: a break that no longer fits, or that nothing notices, is reported and not passed over."""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import pytest

from tests.attacks import ATTACKS, Mutation, attack
from tools import attacks as tool

LINE = "if _encoder.encode(value) != raw:"
GOOD = Mutation("src/commonhold/kernel/canonical.py", find=LINE, replace="if value is None:")
ROW = tool.Row("record-21", "tests/kernel/test_attacks_on_bytes.py::test_a_key_that_stands_twice_is_refused", "A law.", (GOOD,))


def about_row(*rows: tool.Row) -> list[str]:
    return [line for line in tool.problems(list(rows)) if "has no test" not in line]


def test_a_mutation_changes_the_one_place_that_it_names() -> None:
    """A mutation is applied where its text stands, and nothing else moves."""
    assert tool.mutate("a\nb\nc\n", Mutation("x.py", find="b", replace="d")) == "a\nd\nc\n"


@pytest.mark.parametrize("find", ["q", "a"])
def test_a_mutation_that_fits_nowhere_or_twice_is_refused(find: str) -> None:
    """When the code moves away under a mutation, the row says so and does not break something else."""
    with pytest.raises(ValueError, match="must stand there once"):
        tool.mutate("a b a", Mutation("x.py", find=find, replace="c"))


def test_a_mutation_that_changes_nothing_is_refused() -> None:
    """A break that breaks nothing would let every test pass for a proof."""
    with pytest.raises(ValueError, match="is the text itself"):
        tool.mutate("a", Mutation("x.py", find="a", replace="a"))


def test_a_row_whose_mutation_fits_has_no_problem() -> None:
    """The row that the project began with is whole."""
    assert about_row(ROW) == []


def test_a_row_whose_mutation_is_no_python_is_a_problem() -> None:
    """A mutation that does not compile would turn every test red and so prove nothing about this one."""
    broken = dataclasses.replace(GOOD, replace="if :")
    assert len(about_row(dataclasses.replace(ROW, mutations=(broken,)))) == 1


def test_an_attack_without_test_or_reason_is_a_problem() -> None:
    """No attack is forgotten in silence: it has a test, or a reason why there is none yet."""
    without = {name for name, told in ATTACKS.items() if "later" not in told}
    assert [line for line in tool.problems([]) if "has no test" in line] == [
        line for line in tool.problems([]) if line.split()[0] in without
    ]
    assert len(tool.problems([])) == len(without)


def test_an_attack_with_a_test_gives_no_reason_for_having_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reason for having no test goes when the test comes."""
    monkeypatch.setitem(ATTACKS, ROW.name, {**ATTACKS.get(ROW.name, {}), "later": "with partners"})
    assert about_row(ROW) == [f"{ROW.name} has a test now: remove its `later` from attacks.toml"]


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({"failed": 1}, ""),
        ({"passed": 3}, "still green"),
        ({"error": 1}, "could not run"),
        ({"failed": 1, "errors": 1}, "could not run"),
        ({"skipped": 1}, "skipped"),
        ({"hung": 1}, "did not end"),
    ],
)
def test_only_a_failure_counts_as_red(counts: dict[str, int], verdict: str) -> None:
    """A test that was skipped, or could not run, or never ended has noticed nothing."""
    judged = tool._judge(counts)
    assert (verdict in judged) if verdict else judged == ""


def test_an_attack_that_is_not_written_down_cannot_be_marked() -> None:
    """A row needs its attack in words first, and at least one break."""
    with pytest.raises(ValueError, match="write the attack down"):
        attack("record-99", GOOD)
    with pytest.raises(ValueError, match="at least one Mutation"):
        attack("record-21")


def test_the_page_shows_each_row_with_its_break() -> None:
    """A reader of the page sees the attack, the rule, the law, the test and the change that turns it red."""
    page = tool.render([ROW])
    for part in (ATTACKS["record-21"]["attack"], ATTACKS["record-21"]["rule"], "> A law.", ROW.test, f"- {LINE}", "+ if value is None:"):
        assert part in page
    assert "record-16 |" in page.partition("## Not tested yet")[2]


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({file!r}, "w").write(str(child.pid))
time.sleep({seconds})
print("1 passed")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc whether a process lives")
@pytest.mark.parametrize(("seconds", "patience", "ends"), [(600, 3.0, False), (0, 60.0, True)])
def test_nothing_that_a_test_started_outlives_its_run(tmp_path: Path, seconds: int, patience: float, *, ends: bool) -> None:
    """A broken test that hangs, or ends and leaves its servers, takes them with it: they would answer for hours."""
    script = PARENT.format(file=str(tmp_path / "pid"), seconds=seconds)
    said = tool.group_run([sys.executable, "-c", script], tmp_path, patience)
    assert (said is not None) is ends
    assert said is None or "1 passed" in said[0]
    child = int((tmp_path / "pid").read_text("ascii"))
    end = time.monotonic() + 10
    while _lives(child) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _lives(child)


def _lives(pid: int) -> bool:
    """Whether a process runs; one that only waits to be counted does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("ascii")
    except FileNotFoundError:
        return False
