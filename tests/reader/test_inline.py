"""Laws of the inliner: what it puts into one file runs as the modules would, and what it could get wrong it refuses."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.attacks import Mutation, attack
from tools import inline
from tools.inline import COPIES, DIST, MODULES, READER, STATIC, InlineError, bundle, module, page, pages

PAGE = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>T</title>\n<link rel="stylesheet" href="a.css">\n</head>\n'
    '<body>\n<p id="said"></p>\n<script type="module" src="../src/main.js"></script>\n</body>\n</html>\n'
)


def tree(folder: Path, **files: str) -> Path:
    """A reader with these modules in ``src``, a page and a vendored package."""
    for name, text in files.items():
        place = folder / "src" / f"{name}.js"
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, "utf-8")
    (folder / "pages").mkdir()
    (folder / "pages" / "page.html").write_text(PAGE, "utf-8")
    (folder / "pages" / "a.css").write_text("p { color: red }\n", "utf-8")
    vendored = folder / "vendor" / "@bird" / "tern"
    vendored.mkdir(parents=True)
    (vendored / "index.js").write_text("/*! tern */\nexport const tern = 'tern';\nexport default tern;\n", "utf-8")
    (vendored / "LICENSE").write_text("Fly freely.\n", "utf-8")
    manifest = {"packages": {"@bird/tern": {"version": "1.0.0", "main": "index.js", "files": {"index.js": "", "LICENSE": ""}}}}
    (folder / "vendor" / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder


def ran(script: str) -> str:
    """What the script prints."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node is absent, so what the inliner made was NOT run")
    return subprocess.run([program, "-"], input=script, capture_output=True, text=True, check=True).stdout


def test_modules_run_in_one_script_as_they_would_alone(tmp_path: Path) -> None:
    """Names, aliases, namespaces, defaults, re-exports and JSON reach their importers; each module runs once, after those it imports."""
    root = tree(
        tmp_path,
        main=(
            'import { say, word as other } from "./say.js";\nimport * as all from "./say.js";\nimport tern, { } from "./tern.js";\n'
            'import data from "./data.json" with { type: "json" };\nimport { again, birds } from "./again.js";\n'
            'import {\n  Loud, // the loud one\n} from "./say.js";\n'
            "say([other, all.word, tern, data.a, again, birds.tern, new Loud().word].join());\n"
        ).replace("import tern, { }", "import tern"),
        say='console.log("once");\nexport const word = "a";\nexport function say(text) {\n  console.log(text);\n}\nexport class Loud {\n  word = word.toUpperCase();\n}\n',
        tern='import { tern } from "@bird/tern";\nimport {} from "./never.js";\nexport { tern as default };\n',
        again='export { word as again } from "./say.js";\nexport * as birds from "@bird/tern/index.js";\n',
    )
    (root / "src" / "data.json").write_text('{"a": "</script>"}', "utf-8")
    assert ran(bundle("src/main.js", root)).split() == ["once", "a,a,tern,</script>,a,tern,A"]


def test_a_module_keeps_its_exports_and_imports_nothing(tmp_path: Path) -> None:
    """What the house serves is one ES module: it exports what its source exports, runs strictly, and asks for no other file."""
    root = tree(tmp_path, main='import { tern } from "@bird/tern";\nexport { tern };\nexport const word = () => this === undefined;\n')
    made = module("src/main.js", root)
    assert re.findall(r"^(?:import|export).*", made, re.MULTILINE) == ["export const { tern, word } = $module1;"]
    assert "Fly freely." in made
    (tmp_path / "made.mjs").write_text(made, "utf-8")
    asked = f"import({json.dumps((tmp_path / 'made.mjs').as_uri())}).then(({{ tern, word }}) => console.log(tern, word()));"
    assert ran(asked).split() == ["tern", "true"]


def test_the_same_sources_give_the_same_bytes_anywhere(tmp_path: Path) -> None:
    """Nothing of the machine, the day or the folder is in the file."""
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(page("page.html", tree(tmp_path / name, main='import "x";'.replace('import "x";', "const a = 1;\n"))))
    assert made[0] == made[1]
    assert str(tmp_path) not in made[0]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"main": 'import { b } from "./b.js";\n', "b": 'import { a } from "./main.js";\nexport const b = 1;\n'}, "circle"),
        ({"main": 'import { main } from "./main.js";\n'}, "circle"),
        ({"main": 'import { a } from "./missing.js";\n'}, "not there"),
        ({"main": 'import { a } from "../../outside.js";\n'}, "out of the reader"),
        ({"main": 'import { a } from "gull";\n'}, "not vendored"),
        ({"main": 'import { a } from "@bird/tern/other.js";\n'}, "not vendored"),
        ({"main": 'import { a } from "@bird";\n'}, "not vendored"),
        ({"main": 'import { a } from "https://tern.example/a.js";\n'}, "not vendored"),
        ({"main": 'import { gull } from "@bird/tern";\n'}, "does not export"),
        ({"main": 'import "./b.js";\n', "b": ""}, "form that is not read"),
        ({"main": "export let a = 1;\n"}, "form that is not read"),
        ({"main": "export var a = 1;\n"}, "form that is not read"),
        ({"main": 'export * from "@bird/tern";\n'}, "form that is not read"),
        ({"main": "export const { a, b } = c;\n"}, "form that is not read"),
        ({"main": "export default () => 1;\n"}, "form that is not read"),
        ({"main": 'import { a: b } from "@bird/tern";\n'}, "no name"),
        ({"main": 'import("./b.js");\n'}, "form that is not read"),
        ({"main": "const a = 1 <!--b;\n"}, "<!--"),
        ({"main": "const $module0 = 1;\n"}, "$module"),
    ],
)
def test_what_could_go_wrong_in_one_file_is_refused(tmp_path: Path, files: dict[str, str], why: str) -> None:
    """A circle, an import of what is not vendored and every form of statement that is not read stop the build and say why."""
    with pytest.raises(InlineError) as refusal:
        bundle("src/main.js", tree(tmp_path, **files))
    assert why in str(refusal.value)


def test_the_end_of_a_script_within_a_source_ends_nothing(tmp_path: Path) -> None:
    """`</script>` in a string, a template, a regular expression or a comment is written so that HTML does not see it, and means the same."""
    source = (
        'const a = "</script>";\nconst b = `</SCRIPT x`;\n// </script>\nconsole.log(a + b + /<\\/script>/.test(a) + /^<.script/.test(a));\n'
    )
    root = tree(tmp_path, main=source)
    assert "</script" not in bundle("src/main.js", root).lower()
    assert page("page.html", root).lower().count("</script") == 1
    assert ran(bundle("src/main.js", root)) == "</script></SCRIPT xtruetrue\n"


def test_the_licences_of_what_is_inside_stand_inside(tmp_path: Path) -> None:
    """Whoever gets the one file gets the licences of its parts with it, and of nothing else."""
    assert "Fly freely." in bundle("src/main.js", tree(tmp_path, main='import { tern } from "@bird/tern";\n'))
    (tmp_path / "other").mkdir()
    assert "Fly freely." not in bundle("src/main.js", tree(tmp_path / "other", main="const a = 1;\n"))


@attack(
    "reader-07",
    Mutation("tools/inline.py", find="\"default-src 'none'; script-src", replace='"default-src *; script-src'),
)
def test_a_page_can_load_and_send_nothing(tmp_path: Path) -> None:
    """The policy names the hash of the one script and the one style, and allows nothing else."""
    made = page("page.html", tree(tmp_path, main="const a = 1;\n"))
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', made)
    assert found is not None
    script, style = re.search(r"<script>(.*)</script>", made, re.DOTALL), re.search(r"<style>(.*)</style>", made, re.DOTALL)
    assert script is not None
    assert style is not None
    assert found[1].split("; ") == [
        "default-src 'none'",
        f"script-src '{inline._hash(script[1])}'",
        f"style-src '{inline._hash(style[1])}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


@pytest.mark.parametrize(
    "more",
    [
        '<img src="x.png">',
        '<a href="https://tern.example">',
        '<p onclick="a()">',
        '<p style="color: red">',
        '<form action="x">',
        '<script type="module" src="../src/main.js"></script>',
    ],
)
def test_a_page_that_names_anything_outside_itself_is_refused(tmp_path: Path, more: str) -> None:
    """A picture, a link, a handler or a style in the markup would break under the policy, or leave it."""
    root = tree(tmp_path, main="const a = 1;\n")
    place = root / "pages" / "page.html"
    place.write_text(PAGE.replace('<p id="said"></p>', more), "utf-8")
    with pytest.raises(InlineError):
        page("page.html", root)


def test_a_link_within_the_page_is_no_link_outside(tmp_path: Path) -> None:
    """`href="#..."` stays in the page."""
    root = tree(tmp_path, main="const a = 1;\n")
    (root / "pages" / "page.html").write_text(PAGE.replace('<p id="said"></p>', '<a href="#said">x</a>'), "utf-8")
    assert '<a href="#said">' in page("page.html", root)


@attack(
    "reader-06",
    Mutation(
        "src/commonhold/pages/reader/verifier.html",
        find='<meta name="referrer" content="no-referrer">',
        replace='<meta name="referrer" content="unsafe-url">',
    ),
)
def test_the_pages_that_are_committed_are_what_their_sources_give() -> None:
    """What people save is what can be read in `reader/`, byte for byte."""
    assert "verifier.html" in pages()
    for name in pages():
        same = (DIST / name).read_bytes() == page(name).encode()
        assert same, (
            f"{name} differs: run python -m tools.inline write"
        )  # not compared in the assert: pytest would spell out the difference of two large files
    for source, name in COPIES.items():
        assert (DIST / name).read_bytes() == (READER / source).read_bytes()
    for source, name in MODULES.items():
        same = (STATIC / name).read_bytes() == module(source).encode()
        assert same, f"{name} differs: run python -m tools.inline write"
    assert sorted(path.name for path in DIST.iterdir()) == sorted([*pages(), *COPIES.values()])


def test_the_signer_speaks_to_partners_and_the_verifier_to_nobody() -> None:
    """The one page that a network hears of names https and this very machine; everything else is forbidden to both."""
    speaks = "connect-src https: http://127.0.0.1:* http://localhost:*"
    assert "connect-src" not in page("verifier.html").split("</head>")[0]
    policy = page("signer.html").split('Content-Security-Policy" content="')[1].split('"')[0]
    assert policy.endswith(f"form-action 'none'; {speaks}")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_no_page_holds_what_it_does_not_use() -> None:
    """The verifier has no secret to handle, so what makes kits and opens shares is not in it."""
    made = page("verifier.html")
    assert "src/check.js" in made
    assert "src/kit.js" not in made
    assert "testing/bridge.js" not in made
