"""docs/attacks.md: written from the tests, held to them, and put to the proof by breaking the code.

    python -m tools.attacks write           render the page
    python -m tools.attacks check           the page is current, every attack has a test or a reason, every mutation still applies
    python -m tools.attacks mutate [NAME]   break the code as each row (or each row of NAME) says, and see that its test turns red

The rows come from the marks that ``tests/attacks.py`` sets. A mutation is applied to a copy; the checkout is never touched.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import difflib
import os
import py_compile
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import pytest

from tests.attacks import ATTACKS, Mutation
from tests.shared_data import ROOT as SHARED_DATA

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "attacks.md"
COPIED: Final = ("src", "reader", "tools", "tests", "examples", "vectors", "pyproject.toml")
WORKERS: Final = 2
SECONDS: Final = 300
WHOLE_SECONDS: Final = 3_600


@dataclass(frozen=True)
class Row:
    """One test of one attack."""

    name: str
    test: str
    law: str
    mutations: tuple[Mutation, ...]


class _Collector:
    """A pytest plugin that keeps the attack marks of all tests; the cases of a parametrised test are one row."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            test = item.nodeid.partition("[")[0]
            doc = getattr(getattr(item, "obj", None), "__doc__", None) or ""
            for mark in item.iter_markers("attack"):
                name, mutations = mark.args
                self.rows[name, test] = Row(name, test, " ".join(doc.split("\n\n")[0].split()), mutations)


def collect() -> list[Row]:
    """All rows, in the order of attacks.toml and then by test.

    Raises:
        SystemExit: if the tests cannot be collected; pytest has said why.
    """
    collector = _Collector()
    quiet = ["--collect-only", "-qq", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-m", ""]
    with tempfile.TemporaryFile("w+") as said:
        with contextlib.redirect_stdout(said):
            code = pytest.main([*quiet, "--rootdir", str(ROOT), str(ROOT / "tests")], plugins=[collector])
        if code != pytest.ExitCode.OK:
            said.seek(0)
            sys.exit(f"{said.read()}\nattacks: the tests cannot be collected (see above)")
    order = list(ATTACKS)
    return sorted(collector.rows.values(), key=lambda row: (order.index(row.name), row.test))


def mutate(source: str, mutation: Mutation) -> str:
    """*source* with the mutation applied.

    Raises:
        ValueError: if the text to find does not stand there exactly once, or the replacement changes nothing.
    """
    found = source.count(mutation.find)
    if found != 1:
        raise ValueError(f"{mutation.file}: the text to break stands there {found} times, and must stand there once: {mutation.find!r}")
    if mutation.find == mutation.replace:
        raise ValueError(f"{mutation.file}: the replacement is the text itself: {mutation.find!r}")
    return source.replace(mutation.find, mutation.replace)


def problems(rows: list[Row]) -> list[str]:
    """What is wrong with the rows, each in a sentence."""
    found = []
    tested = {row.name for row in rows}
    for name, told in ATTACKS.items():
        if name not in tested and "later" not in told:
            found.append(
                f"{name} has no test and gives no reason: mark a test with @attack({name!r}, ...), or write `later` in attacks.toml"
            )
        if name in tested and "later" in told:
            found.append(f"{name} has a test now: remove its `later` from attacks.toml")
    for row in rows:
        if not row.law:
            found.append(f"{row.test} has no docstring, and the page quotes it")
        for mutation in row.mutations:
            try:
                broken = mutate((ROOT / mutation.file).read_text("utf-8"), mutation)
                if mutation.file.endswith(".py"):
                    compile(broken, mutation.file, "exec")
            except (OSError, ValueError, SyntaxError) as error:
                found.append(f"{row.test}: {error}")
    return found


def render(rows: list[Row]) -> str:
    """The page, as MyST Markdown."""
    tested = {row.name for row in rows}
    open_ones = [name for name in ATTACKS if name not in tested]
    lines = [
        "<!-- Written by `python -m tools.attacks write` from tests/attacks.toml and the tests. Do not edit. -->",
        "# Attacks",
        "",
        "What somebody may try against the record, and the rule that stops it. Each row names the tests that hold the rule, and each test names a way",
        "of breaking the code that turns it red: `make attacks` breaks the code in just these ways, in a copy, and sees every one of them noticed.",
        "Rules are sections of the design; where an outcome rests on something that is not built yet, the list at the end says so.",
        "",
        "| | attack | outcome | rule | tests |",
        "|---|---|---|---|---|",
    ]
    for name, told in ATTACKS.items():
        count = sum(row.name == name for row in rows)
        if count:
            lines.append(f"| [{name}](#{name}) | {told['attack']} | {told['outcome']} | {told['rule']} | {count} |")
    for name, told in ATTACKS.items():
        if name in tested:
            lines += ["", f"({name})=", f"## {name}", "", told["attack"], f"*{told['outcome']}*", f"Rule: {told['rule']}."]
            for row in rows:
                if row.name == name:
                    lines += _render_row(row)
    if open_ones:
        lines += ["", "## Not tested yet", "", "| | attack | why there is no test |", "|---|---|---|"]
        lines += [f"| {name} | {ATTACKS[name]['attack']} | {ATTACKS[name].get('later', 'no reason given')} |" for name in open_ones]
    return "\n".join(lines) + "\n"


def _render_row(row: Row) -> list[str]:
    lines = ["", f"`{row.test}`", "", f"> {row.law}", ""]
    for mutation in row.mutations:
        change = list(difflib.ndiff(mutation.find.splitlines(), mutation.replace.splitlines()))
        lines += ["```diff", f"--- {mutation.file}", *(line.rstrip() for line in change if not line.startswith("?")), "```", ""]
    return lines[:-1]


def write() -> None:
    """Render the page into docs/."""
    rows = collect()
    PAGE.write_text(render(rows), "utf-8")
    print(f"attacks: {PAGE.relative_to(ROOT)} has {len(rows)} tests of {len({row.name for row in rows})} attacks (of {len(ATTACKS)})")


def check() -> int:
    """Say what is wrong with the rows and the page; 1 if anything is."""
    rows = collect()
    found = problems(rows)
    if not PAGE.exists() or PAGE.read_text("utf-8") != render(rows):
        found.append("docs/attacks.md is not current: run `python -m tools.attacks write`")
    for line in found:
        print(f"attacks: {line}", file=sys.stderr)
    if not found:
        print(f"attacks: {len(rows)} tests of {len({row.name for row in rows})} attacks, and the page is current")
    return bool(found)


def _copy(target: Path) -> None:
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, target / name)
    # Bytecode that is held to its source's hash: a broken file has the length and the second of the whole one, and a .pyc that is
    # held to those would hide the break; without any, each of the runs would compile all anew.
    for name in COPIED:
        compileall.compile_dir(target / name, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)


def _environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(folder / "src"), str(folder))),
        "COMMONHOLD_SHARED_DATA": str(SHARED_DATA),
        # Making the house's tables takes longer than its tests, and a copy has none.
        "COMMONHOLD_TEST_TABLES": str(ROOT / "var" / "house"),
    }


def _imports(folder: Path, file: str) -> bool:
    """Whether a module of src/ can still be imported: a test that fails since nothing runs has noticed nothing."""
    name = ".".join(Path(file).with_suffix("").parts[1:]).removesuffix(".__init__")
    program = f"import {name}"
    if name.startswith("commonhold.house."):
        program = f"from tests.house.sites import bare; bare(); {program}"
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, env=_environment(folder), capture_output=True, timeout=SECONDS, check=False).returncode == 0


def _builds(folder: Path) -> bool:
    """Whether the reader's pages can still be made, which it does, and their script be parsed (where there is a Node to ask)."""
    script = folder / "script.cjs"
    code = (
        f"from pathlib import Path; from tools.inline import bundle; Path({str(script)!r}).write_text(bundle('src/verifier.js'), 'utf-8')"
    )
    commands = [[sys.executable, "-m", "tools.inline", "write"], [sys.executable, "-c", code]]
    if shutil.which("node"):
        commands.append(["node", "--check", str(script)])
    return all(
        subprocess.run(command, cwd=folder, env=_environment(folder), capture_output=True, timeout=SECONDS, check=False).returncode == 0
        for command in commands
    )


def _whole(folder: Path, file: str) -> bool:
    """Whether what is broken by a mutation of *file* is a rule, and not the program."""
    if file.startswith("reader/"):
        return _builds(folder)
    return not (file.startswith("src/") and file.endswith(".py")) or _imports(folder, file)


def _run(folder: Path, tests: list[str], seconds: int = SECONDS) -> tuple[dict[str, int], str]:
    """How many tests there passed, failed and so on within so many *seconds*, and what pytest said."""
    # Only pyproject's own options, with drills too. Warnings do not count: a break may well leave a file open.
    options = ["-q", "-x", "--no-header", "--tb=short", "-p", "no:cacheprovider", "-m", "", "-W", "default", "--rootdir", str(folder)]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    said = group_run(command, folder, seconds)
    if said is None:
        return {"hung": 1}, f"no answer within {seconds} s"
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?|skipped)\b", said[0][-400:])}
    return counts, "".join(said)


def group_run(command: list[str], folder: Path, seconds: float) -> tuple[str, str] | None:
    """What a command says on stdout and stderr, in a process group of its own, of which nothing is left afterwards; None if it takes longer than that.

    A broken test may leave the servers that it started, which would answer for hours, and hold the pipes open.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, cwd=folder, env=_environment(folder), stdout=out, stderr=err, text=True, start_new_session=True)
        try:
            ended = _ended(process.pid, seconds)
        finally:
            # Before it is waited for: as long as it is not, nobody else's group has its number.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if not ended:
            return None
        for file in (out, err):
            file.seek(0)
        return out.read(), err.read()


def _ended(pid: int, seconds: float) -> bool:
    """Whether a child ends within so many seconds; it is left to be waited for."""
    end = time.monotonic() + seconds
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() >= end:
            return False
        time.sleep(0.02)
    return True


def _judge(counts: dict[str, int]) -> str:
    """Empty if the test turned red as it should, else what happened in its place."""
    if counts.get("failed") and not counts.get("error") and not counts.get("errors"):
        return ""
    if counts.get("hung"):
        return f"the test did not end within {SECONDS} s"
    if counts.get("error") or counts.get("errors"):
        return "the test could not run at all: break a rule, not the module"
    if counts.get("skipped") and not counts.get("passed"):
        return "the test was skipped (its data is absent)"
    return "the test is still green: it does not test this rule"


def prove(rows: list[Row]) -> int:
    """Break a copy of the code in every way that *rows* name, and see each break noticed; 1 if one is not."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attacks-") as base:
        folders: SimpleQueue[Path] = SimpleQueue()
        skipped: list[str] = []
        for number in range(WORKERS):
            folder = Path(base, str(number))
            folder.mkdir()
            _copy(folder)
            folders.put(folder)
        before, said = _run(Path(base, "0"), sorted({row.test for row in rows}), WHOLE_SECONDS)
        if set(before) - {"passed", "skipped"} or not before.get("passed"):
            print(f"{said}\nattacks: the tests do not even pass on the whole code (see above)", file=sys.stderr)
            return 1

        def one(row: Row, mutation: Mutation) -> str:
            folder = folders.get()
            path = folder / mutation.file
            source, untried = path.read_text("utf-8"), False
            try:
                path.write_text(mutate(source, mutation), "utf-8")
                counts = _run(folder, [row.test])[0] if _whole(folder, mutation.file) else {"error": 1}
                # Setting up CI without Node or a browser is allowed; passing over it in silence is not.
                untried = mutation.file.startswith("reader/") and set(counts) == {"skipped"}
                verdict = "" if untried else _judge(counts)
            except ValueError as error:
                verdict = str(error)
            finally:
                path.write_text(source, "utf-8")
                if mutation.file.startswith("reader/"):
                    _builds(folder)
                folders.put(folder)
            first = mutation.find.strip().splitlines()[0]
            said = "STILL GREEN" if verdict else "NOT TRIED  " if untried else "turned red "
            print(f"{said}  {row.name}  {row.test.rpartition('::')[2]}  [{mutation.file}: {first}]", flush=True)
            if untried:
                skipped.append(row.test)
            return f"{row.name} {row.test}: {verdict}" if verdict else ""

        with ThreadPoolExecutor(WORKERS) as pool:
            bad = [line for line in pool.map(one, *zip(*((row, m) for row in rows for m in row.mutations), strict=True)) if line]
    for line in bad:
        print(f"attacks: {line}", file=sys.stderr)
    total = sum(len(row.mutations) for row in rows)
    for test in skipped:
        print(f"attacks: NOT TRIED, since what it runs in (Chromium or Node) is absent: {test}")
    print(f"attacks: {total - len(bad) - len(skipped)} of {total} breaks turned their test red, in {time.monotonic() - start:.0f} s")
    return bool(bad)


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.attacks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", choices=["write", "check", "mutate"])
    parser.add_argument("name", nargs="?", help="only the rows of this attack")
    arguments = parser.parse_args()
    if arguments.verb == "write":
        write()
        return 0
    if arguments.verb == "check":
        return check()
    rows = [row for row in collect() if arguments.name in (None, row.name)]
    if not rows:
        sys.exit(f"attacks: no test is marked {arguments.name}" if arguments.name else "attacks: no test is marked")
    return prove(rows)


if __name__ == "__main__":
    sys.exit(main())
