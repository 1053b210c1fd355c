"""Write the reader's pages, and what the house's pages use of it, as single files: ``python -m tools.inline {write,check}``.

Each page of ``reader/pages`` becomes one HTML file in ``src/commonhold/pages/reader``, and so in the wheel: its style, its modules and the vendored
files that they import stand in it, and its policy, a hash for each, lets it run nothing else and fetch nothing at all (the signer alone may reach partners). The same sources give the same
bytes, on any machine; Node is not needed. A module of ``MODULES`` becomes one ES module, with what it imports, among the house's static files: a
browser resolves no package's name without an import map, and that would be a script in the page.

This is no JavaScript parser. It reads ``import`` and ``export`` statements that begin a line, as our sources and those of the vendored packages do,
and refuses every form that it could get wrong: a circle of imports, ``export let``, ``export *``, an import for its effects. A module becomes a
function that runs once, after everything that it imports, and returns a frozen object of its exports. ``import {} from`` imports nothing
(TypeScript leaves it behind for types) and is dropped.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import dirname, join, normpath

ROOT = Path(__file__).resolve().parents[1]
READER = ROOT / "reader"
PAGES = READER / "pages"
DIST = ROOT / "src" / "commonhold" / "pages" / "reader"

_STATEMENT = re.compile(r"^(?:import|export)(?![\w$:])", re.MULTILINE)
_FROM = r'\s*from\s*["\'](?P<source>[^"\'\n]+)["\'](?:\s*with\s*\{\s*type:\s*["\']json["\']\s*\})?;'
_IMPORT = re.compile(r"import\s+(?:\{(?P<names>[^{}]*)\}|\*\s+as\s+(?P<all>[\w$]+)|(?P<default>[\w$]+))" + _FROM)
_RE_EXPORT = re.compile(r"export\s+(?:\{(?P<names>[^{}]*)\}|\*\s+as\s+(?P<all>[\w$]+))" + _FROM)
_EXPORT_LIST = re.compile(r"export\s*\{(?P<names>[^{}]*)\};")
_EXPORT_DEFAULT = re.compile(r"export\s+default\s+(?P<name>[\w$]+);")
_EXPORT = re.compile(r"export\s+(?=(?:const|class|function\*?|async\s+function\*?)\s+(?P<name>[\w$]+))")
_ALIAS = re.compile(r"(?P<name>[\w$]+)(?:\s+as\s+(?P<alias>[\w$]+))?")

_CHARSET = '<meta charset="utf-8">'
_STYLE = re.compile(r'<link rel="stylesheet" href="([\w./-]+)">')
_SCRIPT = re.compile(r'<script type="module" src="([\w./-]+)"></script>(?=\s*</body>)')
_OUTSIDE = re.compile(r"<[^>]*\s(?:src|srcset|href|action|style|on\w+)\s*=(?!\"#)", re.IGNORECASE)
_POLICY = "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; base-uri 'none'; form-action 'none'"
# The one page that speaks to a network says to whom: partners, and a log on this very machine.
_MORE = {"signer.html": "; connect-src https: http://127.0.0.1:* http://localhost:*"}
# The sentences that the command line and the house say, too, so that all say the same.
COPIES = {"strings/signer/en.json": "signer.json"} | {
    f"strings/signer/{code}.json": f"signer.{code}.json" for code in ("ar", "es", "ko", "ru", "zh")
}
STATIC = ROOT / "src" / "commonhold" / "house" / "core" / "static" / "house"
MODULES = {"src/house/passkey.js": "passkey.js"}


class InlineError(Exception):
    """A source that cannot be put into one file, with the file and the reason."""


@dataclass
class Module:
    """One source as a function of one file: its path below ``reader``, its code, and what it exports under which name."""

    path: str
    code: str = ""
    exports: dict[str, str] = field(default_factory=dict)
    number: int = -1


class Graph:
    """The modules that an entry needs, each after those that it imports."""

    def __init__(self, root: Path = READER) -> None:
        self.root = root
        self.order: list[Module] = []
        self.packages: list[str] = []
        self._done: dict[str, Module] = {}
        self._under_way: list[str] = []
        manifest = root / "vendor" / "manifest.json"
        self._vendored = json.loads(manifest.read_text("utf-8"))["packages"] if manifest.is_file() else {}

    def add(self, path: str) -> Module:
        """The module at *path* and, before it, all that it imports.

        Raises:
            InlineError: for a circle, a file that is not there, a bare import that is not vendored, or a statement of a form that is not read.
        """
        if path in self._done:
            return self._done[path]
        if path in self._under_way:
            circle = [*self._under_way[self._under_way.index(path) :], path]
            raise InlineError(f"a circle of imports: {' -> '.join(circle)}")
        if not (self.root / path).is_file():
            raise InlineError(f"{path} is not there; it is imported by {self._under_way[-1] if self._under_way else 'nobody'}")
        self._under_way.append(path)
        module = Module(path)
        source = (self.root / path).read_text("utf-8")
        if "<!--" in source or "$module" in source:
            raise InlineError(f"{path} holds <!-- or $module, which cannot stand in the one file")
        module.code = self._json(module, source) if path.endswith(".json") else self._rewrite(module, source)
        self._under_way.pop()
        module.number = len(self.order)
        self.order.append(module)
        self._done[path] = module
        return module

    def script(self) -> str:
        """All modules as one classic script in strict mode that leaves no global name behind."""
        script = "".join(['(() => {\n"use strict";\n', *self._parts(), "})();\n"])
        # In strings, regular expressions and comments the backslash changes nothing; without it the HTML would end here.
        return re.sub(r"</(?=script)", r"<\\/", script, flags=re.IGNORECASE)

    def module(self) -> str:
        """All modules as one ES module, which exports what the last of them exports."""
        last = self.order[-1]
        note = f"// Written by `python -m tools.inline write` from reader/{last.path} and what it imports: change those.\n\n"
        return "".join([note, *self._parts(), f"export const {{ {', '.join(last.exports)} }} = $module{last.number};\n"])

    def _parts(self) -> list[str]:
        """The licences and, each as a function that runs once, the modules."""
        lines = [self._licence(name) for name in self.packages]
        for module in self.order:
            names = "".join(f"{name}: {local}, " if name != local else f"{name}, " for name, local in module.exports.items())
            body = module.code.rstrip("\n")
            lines.append(
                f"// {module.path}\nconst $module{module.number} = (() => {{\n{body}\nreturn Object.freeze({{ __proto__: null, {names}}});\n}})();\n"
            )
        return lines

    def _json(self, module: Module, source: str) -> str:
        module.exports["default"] = "value"
        return f"const value = {json.dumps(json.loads(source), ensure_ascii=False)};\n"

    def _rewrite(self, module: Module, source: str) -> str:
        parts, at = [], 0
        while (found := _STATEMENT.search(source, at)) is not None:
            parts.append(source[at : found.start()])
            text, at = self._statement(module, source, found.start())
            parts.append(text)
        return "".join([*parts, source[at:]])

    def _statement(self, module: Module, source: str, at: int) -> tuple[str, int]:
        """What stands for the statement that begins at *at*, and where the source goes on."""
        if found := _IMPORT.match(source, at):
            return self._import(module, found), found.end()
        if found := _RE_EXPORT.match(source, at):
            target = self._target(module, found["source"])
            for name, alias in [("", found["all"])] if found["all"] else _aliases(found["names"]):
                module.exports[alias] = f"$module{target.number}" + (f".{_exported(module, target, name)}" if name else "")
            return "", found.end()
        if found := _EXPORT_LIST.match(source, at):
            module.exports |= {alias: name for name, alias in _aliases(found["names"])}
            return "", found.end()
        if found := _EXPORT_DEFAULT.match(source, at):
            module.exports["default"] = found["name"]
            return "", found.end()
        if found := _EXPORT.match(source, at):
            module.exports[found["name"]] = found["name"]
            return "", found.end()
        raise InlineError(f"{module.path}: a statement of a form that is not read: {source[at : at + 80]!r}")

    def _import(self, module: Module, found: re.Match[str]) -> str:
        if found["names"] is not None and not found["names"].strip():
            return ""
        target = self._target(module, found["source"])
        if found["all"]:
            return f"const {found['all']} = $module{target.number};"
        names = [("default", found["default"])] if found["default"] else _aliases(found["names"])
        taken = [
            f"{_exported(module, target, name)}: {alias}" if name != alias else _exported(module, target, name) for name, alias in names
        ]
        return f"const {{ {', '.join(taken)} }} = $module{target.number};"

    def _target(self, module: Module, source: str) -> Module:
        if source.startswith(("./", "../")):
            path = normpath(join(dirname(module.path), source))
            if path.startswith(".."):
                raise InlineError(f"{module.path}: {source} leads out of the reader")
            return self.add(path)
        name, _, rest = source.partition("/")
        if name.startswith("@"):
            scope, name, rest = name, *rest.partition("/")[::2]
            name = f"{scope}/{name}"
        package = self._vendored.get(name)
        file = rest or (package or {}).get("main", "")
        if package is None or file not in package["files"]:
            raise InlineError(f"{module.path}: {source!r} is not vendored; see tools/vendor.py")
        target = self.add(f"vendor/{name}/{file}")
        if name not in self.packages:
            self.packages.append(name)
        return target

    def _licence(self, name: str) -> str:
        package = self._vendored[name]
        texts = [(self.root / "vendor" / name / file).read_text("utf-8").strip() for file in package["files"] if file.startswith("LICENSE")]
        said = "\n\n".join(texts)
        if not texts or "*/" in said:
            raise InlineError(f"the licence of {name} is missing or cannot stand in a comment")
        return f"/*! {name} {package['version']}\n\n{said}\n*/\n"


def bundle(entry: str, root: Path = READER) -> str:
    """The script of one module, a path below *root*, and of everything that it imports.

    Raises:
        InlineError: as :meth:`Graph.add` does.
    """
    graph = Graph(root)
    graph.add(entry)
    return graph.script()


def module(entry: str, root: Path = READER) -> str:
    """One module, a path below *root*, and everything that it imports, as one ES module with the same exports.

    Raises:
        InlineError: as :meth:`Graph.add` does.
    """
    graph = Graph(root)
    graph.add(entry)
    return graph.module()


def page(name: str, root: Path = READER) -> str:
    """The page ``pages/<name>`` as one file.

    Raises:
        InlineError: as :meth:`Graph.add` does; or for a page that names anything else outside itself.
    """
    text = (root / "pages" / name).read_text("utf-8")
    style, script = _STYLE.search(text), _SCRIPT.search(text)
    if text.count(_CHARSET) != 1 or style is None or script is None:
        raise InlineError(f"{name} has not one charset, one stylesheet and, at its end, one module")
    css = (root / normpath(join("pages", style[1]))).read_text("utf-8")
    if "</" in css or "url(" in css or "@import" in css:
        raise InlineError(f"{style[1]} holds </, url( or @import")
    code = bundle(normpath(join("pages", script[1])), root)
    policy = _POLICY.format(script=_hash(code), style=_hash(css)) + _MORE.get(name, "")
    text = text[: script.start()] + "\0" + text[script.end() :]
    text = text.replace(style[0], "\1").replace(_CHARSET, f'{_CHARSET}\n<meta http-equiv="Content-Security-Policy" content="{policy}">')
    if outside := _OUTSIDE.search(text):
        raise InlineError(f"{name} names something outside itself, or an action: {outside[0]!r}")
    return text.replace("\1", f"<style>{css}</style>").replace("\0", f"<script>{code}</script>")


def pages() -> list[str]:
    """The names of all pages."""
    return sorted(path.name for path in PAGES.glob("*.html"))


def _aliases(names: str) -> list[tuple[str, str]]:
    found = []
    for part in re.sub(r"//[^\n]*", "", names).split(","):
        if part.strip():
            match = _ALIAS.fullmatch(part.strip())
            if match is None:
                raise InlineError(f"{part.strip()!r} is no name to import or export")
            found.append((match["name"], match["alias"] or match["name"]))
    return found


def _exported(module: Module, target: Module, name: str) -> str:
    if name not in target.exports:
        raise InlineError(f"{module.path} imports {name}, which {target.path} does not export")
    return name


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def main(arguments: list[str]) -> int:
    """Write all pages, or say which are not current."""
    if arguments not in (["write"], ["check"]):
        print("usage: python -m tools.inline {write,check}", file=sys.stderr)
        return 2
    stale = []
    files = {DIST / name: page(name).encode() for name in pages()}
    files |= {DIST / name: (READER / source).read_bytes() for source, name in COPIES.items()}
    files |= {STATIC / name: module(source).encode() for source, name in MODULES.items()}
    for place, made in files.items():
        if arguments == ["write"]:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(made)
        elif not place.is_file() or place.read_bytes() != made:
            stale.append(place)
    for place in stale:
        print(f"{place.relative_to(ROOT)} is not what its sources give: python -m tools.inline write", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
