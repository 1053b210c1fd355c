"""The evidence beside a dossier: for each decision its proof, under the checkpoint that the log signed, as files that strangers can check.

A decision has three files: a proof file, which Commonhold replays (docs/formats/proof-file.md), and the entry's own bytes with a C2SP tlog-proof, which
any program for such logs checks. What the document itself says is made elsewhere; here it is one more file.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from commonhold.kernel.errors import CommonholdError, StoreError
from commonhold.kernel.record.dossier import Dossier
from commonhold.kernel.record.prooffile import make_proof_file, texts_of
from commonhold.kernel.tlog.proof import TlogProof
from commonhold.store.files import store_error
from commonhold.store.keyfile import MODE, write_new
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.record import ReadRecord

FOLDER: Final = "evidence"
SUMS: Final = "SHA256SUMS"
MAX_PROOFS: Final = 64 << 20
"""Bytes of all proof files together. Each holds the whole record, so above this only the newest decision has one; the others have the rest."""


class Names(NamedTuple):
    """The files of one decision, by name; *proof* is empty where there is none."""

    proof: str
    inclusion: str
    leaf: str


def texts_at(place: Path, digests: frozenset[str]) -> dict[str, bytes]:
    """Those of the objects that are in a house's folder, each compared with its digest; an altered one counts as absent."""
    objects, texts = ObjectDirectory(place), {}
    for digest in sorted(digests):
        with contextlib.suppress(CommonholdError):
            texts[digest] = objects.get(digest)
    return texts


def prove_all(read: ReadRecord, dossier: Dossier, texts: Mapping[str, bytes]) -> tuple[dict[str, bytes], dict[str, Names]]:
    """The files of the evidence by name, and which of them prove which decision.

    Args:
        read: the record, replayed with all its outcomes and leaves.

    Raises:
        FormatError: if the record has more entries than a proof file may hold.
    """
    files: dict[str, bytes] = {f"{FOLDER}/checkpoint": read.checkpoint_raw, f"{FOLDER}/log.vkey": f"{read.log_key}\n".encode()}
    names: dict[str, Names] = {}
    decisions = dossier.decisions
    each = sum(map(len, read.leaves)) * 4 // 3
    proved = decisions if each * len(decisions) <= MAX_PROOFS else decisions[-1:]
    for number, decision in enumerate(decisions):
        stem = f"{FOLDER}/{number:03}-{decision.kind}"
        entry = read.outcomes[decision.index].entry
        assert entry is not None, "what was decided was parsed"  # noqa: S101 - for the types; nothing from outside decides it
        names[decision.entry] = Names(f"{stem}.proof.json" if decision in proved else "", f"{stem}.tlog-proof", f"{stem}.entry.json")
        if decision in proved:
            said = {digest: texts[digest] for digest in texts_of(read.state, entry) if digest in texts}
            proof = make_proof_file(read.state, read.tree, read.leaves, read.checkpoint_raw, decision.index, entry, said)
            files[names[decision.entry].proof] = proof.to_bytes() + b"\n"
        hashes = tuple(read.tree.inclusion_proof(decision.index, read.checkpoint.size))
        files[names[decision.entry].inclusion] = TlogProof(None, decision.index, hashes, read.checkpoint_raw).format()
        files[names[decision.entry].leaf] = read.leaves[decision.index]
    for article in dossier.articles:
        if article.found:
            files[f"{FOLDER}/article-{article.number}-{article.digest[:8]}.txt"] = texts[article.digest]
    return files, names


def sums(files: Mapping[str, bytes]) -> bytes:
    """The digests of files, as ``sha256sum --check`` reads them."""
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()


def check_free(path: Path) -> None:
    """Pass in silence if something new can be written to *path*: nothing is there, or an empty folder.

    Raises:
        StoreError: ``store/exists``, or as the disk says.
    """
    try:
        taken = os.path.lexists(path) and (path.is_symlink() or not path.is_dir() or any(path.iterdir()))
    except OSError as error:
        raise store_error(error, f"look into {path}") from error
    if taken:
        raise StoreError(
            f"{path} is there already, and nothing is written over it",
            code="store/exists",
            next_step="Name a folder or a file that is not there yet with --out.",
        )


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Put *files* into a new folder at *path*, which is there whole or not at all.

    Raises:
        StoreError: ``store/exists`` if something is there; otherwise as the disk says. What was written of it is removed.
    """
    check_free(path)
    scratch = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}.new")
    try:
        scratch.mkdir(mode=0o700)
        for name, data in files.items():
            place = scratch / name
            place.parent.mkdir(mode=0o700, exist_ok=True)
            write_new(place, data, mode=MODE)
        # An empty folder may be replaced; one that somebody has filled meanwhile refuses.
        os.rename(scratch, path)
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise store_error(error, f"write {path}") from error
    except StoreError:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def zipped(folder: str, files: Mapping[str, bytes]) -> bytes:
    """*files* in one *folder* as a zip file; the same files make the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}", (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()
