"""Keep the packages that the reader is built from: ``python -m tools.vendor {write,check}``.

``write`` asks the configured npm for each pinned package, compares the archive with the integrity hash that the manifest holds (a new version: with
the one that npm names), and keeps, byte for byte, the files that :data:`ENTRIES` reach by imports, with the licences. ``check`` needs no network
and no npm: every file of ``reader/vendor`` is in the manifest with its SHA-256, and nothing else lies there.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "reader" / "vendor"
MANIFEST = VENDOR / "manifest.json"

# The exact versions; a dependency of a dependency is pinned like any other.
PINNED = {
    "@noble/ciphers": "2.4.0",
    "@noble/curves": "2.4.0",
    "@noble/hashes": "2.4.0",
    "@scure/base": "2.4.0",
    "@scure/bip39": "2.4.0",
    "qr": "0.7.0",
}
# What the reader imports.
ENTRIES = (
    "@noble/ciphers/chacha.js",
    "@noble/curves/ed25519.js",
    "@noble/hashes/hkdf.js",
    "@noble/hashes/hmac.js",
    "@noble/hashes/pbkdf2.js",
    "@noble/hashes/sha2.js",
    "@scure/base",
    "@scure/bip39/wordlists/english.js",
    "qr",
    "qr/decode.js",
)
_SOURCE = re.compile(r'^(?:import|export)\b[^;"\']*?from\s*["\']([^"\'\n]+)["\']', re.MULTILINE)


def write() -> None:
    """Fetch, compare and keep.

    Raises:
        SystemExit: where an archive is not the one that its integrity hash names, or an import cannot be followed.
    """
    kept = json.loads(MANIFEST.read_text("utf-8"))["packages"] if MANIFEST.is_file() else {}
    archives = {name: _fetched(name, version, kept.get(name, {})) for name, version in PINNED.items()}
    packages: dict[str, Any] = {}
    for name, (integrity, files) in archives.items():
        described = json.loads(files["package.json"])
        packages[name] = {
            "version": PINNED[name],
            "licence": described["license"],
            "integrity": integrity,
            "main": _main(described),
            "files": {},
        }
    for name, file in _reached({name: files for name, (_, files) in archives.items()}, packages):
        packages[name]["files"][file] = hashlib.sha256(archives[name][1][file]).hexdigest()
    shutil.rmtree(VENDOR, ignore_errors=True)
    for name, package in packages.items():
        package["files"] = dict(sorted(package["files"].items()))
        for file in package["files"]:
            place = VENDOR / name / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archives[name][1][file])
    about = "What the reader is built from, as npm has it; written and checked by tools/vendor.py."
    MANIFEST.write_text(json.dumps({"about": about, "packages": packages}, indent=1) + "\n", "utf-8")


def faults(vendor: Path = VENDOR) -> Iterator[str]:
    """What in *vendor* is not as its manifest says."""
    packages = json.loads((vendor / "manifest.json").read_text("utf-8"))["packages"]
    expected = {f"{name}/{file}": digest for name, package in packages.items() for file, digest in package["files"].items()}
    found = {str(path.relative_to(vendor)): path for path in sorted(vendor.rglob("*")) if path.is_file()}
    del found["manifest.json"]
    for name in sorted(expected.keys() | found.keys()):
        if name not in expected:
            yield f"{name} is not in the manifest"
        elif name not in found:
            yield f"{name} is missing"
        elif (digest := hashlib.sha256(found[name].read_bytes()).hexdigest()) != expected[name]:
            yield f"{name} has the hash {digest}, and the manifest {expected[name]}"
    for name, package in packages.items():
        if PINNED.get(name) != package["version"]:
            yield f"{name} is {package['version']} in the manifest, and {PINNED.get(name)} in tools/vendor.py"
        if not any(file.startswith("LICENSE") for file in package["files"]):
            yield f"{name} has no licence"


def _fetched(name: str, version: str, kept: dict[str, Any]) -> tuple[str, dict[str, bytes]]:
    """The integrity hash and the files of one package."""
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run(
            ["npm", "pack", f"{name}@{version}", "--json", "--pack-destination", folder], capture_output=True, check=True, text=True
        )
        said = json.loads(made.stdout)[0]["integrity"]
        raw = next(Path(folder).glob("*.tgz")).read_bytes()
    expected = kept["integrity"] if kept.get("version") == version else said
    found = "sha512-" + base64.b64encode(hashlib.sha512(raw).digest()).decode()
    if found != expected:
        raise SystemExit(f"{name} {version} has the hash {found}, and {expected} is expected")
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        members = [member for member in archive if member.isfile()]
        return found, {member.name.partition("/")[2]: content.read() for member in members if (content := archive.extractfile(member))}


def _main(described: dict[str, Any]) -> str:
    """The file that the bare name of a package stands for; empty where there is none."""
    exports = described.get("exports", {})
    found = exports if isinstance(exports, str) else exports.get(".", described.get("main", ""))
    while isinstance(found, dict):
        found = found.get("import") or found["default"]
    return normpath(found) if found else ""


def _reached(archives: dict[str, dict[str, bytes]], packages: dict[str, Any]) -> set[tuple[str, str]]:
    """The files that :data:`ENTRIES` reach, and the licences of their packages."""
    waiting, reached = [_split(entry, packages) for entry in ENTRIES], set[tuple[str, str]]()
    while waiting:
        name, file = waiting.pop()
        if (name, file) in reached:
            continue
        if file not in archives[name]:
            raise SystemExit(f"{name} has no file {file}")
        reached.add((name, file))
        sources = _SOURCE.findall(archives[name][file].decode())
        waiting += [(name, normpath(join(dirname(file), to))) if to.startswith(".") else _split(to, packages) for to in sources]
    return reached | {(name, file) for name, _ in reached for file in archives[name] if re.fullmatch(r"LICENSE[\w.-]*", file)}


def _split(source: str, packages: dict[str, Any]) -> tuple[str, str]:
    """The package and the file that a bare import names."""
    name = "/".join(source.split("/")[: 2 if source.startswith("@") else 1])
    if name not in packages:
        raise SystemExit(f"{name} is imported and not pinned")
    return name, source[len(name) + 1 :] or packages[name]["main"]


def main(arguments: list[str]) -> int:
    """Write, or say what is wrong."""
    if arguments == ["write"]:
        write()
    elif arguments != ["check"]:
        print("usage: python -m tools.vendor {write,check}", file=sys.stderr)
        return 2
    wrong = list(faults())
    for line in wrong:
        print(f"reader/vendor: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
