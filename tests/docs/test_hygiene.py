"""Laws about the checkout itself: what may stand in it, how long, and under which names."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Written so that these lines do not match themselves.
FOREIGN = re.compile(r"/w[o]rk/|/f[a]rm/|/op[t]/|p[y]pi[.]org|python[h]osted|registry[.]n[p]mjs|deb[.]d[e]bian|/tmp/b[r]ief")
LIMIT = 400


def in_git() -> list[Path]:
    """Every file that is in git or about to be, but for those that only git ignores."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_names_one_machines_paths_or_a_package_index() -> None:
    """A checkout works on any machine and with any index, so no file names a path of one or the address of the other."""
    found = []
    for path in in_git():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [
            f"{relative(path)}:{number}: {line.strip()[:100]}" for number, line in enumerate(text.splitlines(), 1) if FOREIGN.search(line)
        ]
    assert found == []


def test_no_module_has_more_than_400_lines() -> None:
    """A module is split by idea before it reaches 400 lines."""
    long = {relative(path): lines for path in in_git() if path.suffix == ".py" and (lines := path.read_bytes().count(b"\n")) > LIMIT}
    assert long == {}


def test_every_module_says_what_it_is() -> None:
    """A module with code opens with a docstring: what it is, which rule it follows, what it leaves to others."""
    silent = []
    for path in in_git():
        if path.suffix == ".py" and "tests" not in path.relative_to(ROOT).parts:
            tree = ast.parse(path.read_text("utf-8"))
            if tree.body and not ast.get_docstring(tree):
                silent.append(relative(path))
    assert silent == []


def test_what_the_type_checker_is_told_to_pass_over_has_its_reason_beside_it() -> None:
    """Whoever reads an ignore in a year learns whether it is still needed."""
    bare = re.compile(r"#\s*type:\s*ignore(?:\[[^\]]*\])?\s*$")
    found = []
    for path in in_git():
        if path.suffix == ".py":
            lines = path.read_text("utf-8").splitlines()
            found += [f"{relative(path)}:{number}" for number, line in enumerate(lines, 1) if bare.search(line)]
    assert found == []


def test_every_test_states_its_law_in_a_docstring() -> None:
    """A test's docstring is the law that it holds the code to, in a sentence."""
    silent = []
    for path in in_git():
        if path.name.startswith("test_") and path.suffix == ".py" and path.is_relative_to(ROOT / "tests"):
            tests = (
                node
                for node in ast.walk(ast.parse(path.read_text("utf-8")))
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            )
            silent += [f"{relative(path)}::{test.name}" for test in tests if not ast.get_docstring(test)]
    assert silent == []


def test_every_page_can_be_reached_from_the_first() -> None:
    """A page of the documentation that nobody can find was not written: each stands in a table of contents."""
    docs = ROOT / "docs"
    reachable: set[Path] = set()
    queue = [docs / "index.md"]
    while queue:
        page = queue.pop()
        if page in reachable or not page.is_file():
            continue
        reachable.add(page)
        for tree in re.findall(r"^```\{toctree\}$(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            for line in tree.splitlines():
                entry = line.strip().removesuffix(".md")
                if entry and not entry.startswith(":"):
                    queue += page.parent.glob(entry + ".md")
    written = {page for page in in_git() if page.suffix == ".md" and page.is_relative_to(docs)}
    assert {relative(page) for page in written - reachable} == set()


def test_every_changelog_fragment_has_a_kind_that_towncrier_knows() -> None:
    """A fragment under a kind that is not known would be left out of the release notes in silence."""
    kinds = {"added", "changed", "fixed", "security", "format"}
    fragments = [path for path in in_git() if path.parent == ROOT / "changelog.d" and path.name not in {"README.md", ".gitignore"}]
    wrong = [relative(path) for path in fragments if not re.fullmatch(rf"[+\w-]+\.(?:{'|'.join(sorted(kinds))})(?:\.\d+)?\.md", path.name)]
    assert wrong == []
