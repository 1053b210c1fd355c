"""A node's three keys and the folder that they live in: ``keys`` (mode 0600) and ``node.db`` (DESIGN 3.4, 3.5).

The witness key cosigns what it is shown to have grown (C2SP tlog-witness); the mirror key cosigns what the node holds, leaf for leaf (C2SP
tlog-mirror); the validating key signs what the node's replay of it amounts to. They are distinct cosigners with distinct names,
``NAME/witness``, ``NAME/mirror`` and ``NAME/validator``.

A witness that forgot what it signed could sign a second history, so keys without the database that belongs to them are refused for ever, and
so is a database with another key's memory.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from commonhold.kernel.errors import CustodyError, FatalStoreError, FormatError, StoreError
from commonhold.kernel.notes import COSIGNATURE, SignerKey, VerifierKey, check_key_name
from commonhold.mirror.database import Database
from commonhold.store.keyfile import read_with_mode, write_new

KEYS: Final = "keys"
DATABASE: Final = "node.db"
ROLES: Final = ("witness", "mirror", "validator")
HEADER: Final = "commonhold/node/v1"
_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The keys of one node, all of kind 0x04."""

    witness: SignerKey
    mirror: SignerKey
    validator: SignerKey

    @property
    def vkeys(self) -> dict[str, VerifierKey]:
        """The public halves by role."""
        return {role: getattr(self, role).verifier for role in ROLES}


def open_state(folder: Path, name: str) -> tuple[NodeKeys, Database]:
    """The keys and the memory of the node in *folder*; both are made on the first start.

    Raises:
        FatalStoreError: ``node/forgot`` for keys whose database is gone, ``node/keys-lost`` for the reverse, ``node/other-keys`` if the two
            do not belong together: nothing may be signed then.
        FormatError: for a name that no key can have, or another than the node was made with.
        CustodyError: if others can read the keys.
        StoreError: if the disk refuses.
    """
    check_key_name(name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {folder} cannot be made: {error.strerror}", code="store/io", next_step="Choose another.") from None
    has_keys, has_memory = (folder / KEYS).exists(), (folder / DATABASE).exists()
    if not has_keys:
        keys = NodeKeys(*(SignerKey(f"{name}/{role}", secrets.token_bytes(32), COSIGNATURE) for role in ROLES))
        return keys, _first_start(folder, keys, has_memory=has_memory)
    keys = _load(folder / KEYS)
    if not has_memory:
        raise FatalStoreError(
            f"{folder} holds a node's keys, and the database that says what they have signed is gone",
            code="node/forgot",
            next_step=f"Bring {DATABASE} back if it was only moved. Otherwise never sign with these keys again: start a new node in another "
            "folder, and ask the organisations that named this one as partner to name the new one.",
        )
    if keys.mirror.name != f"{name}/mirror":
        raise FormatError(
            f"the node in {folder} is called {keys.mirror.name.removesuffix('/mirror')}, not {name}",
            code="node/name",
            next_step="Give the name that it was made with: it is part of its keys.",
        )
    database = Database(folder / DATABASE)
    if dict(database.read("SELECT name, value FROM node")) != _public(keys):
        database.close()
        raise FatalStoreError(
            f"the keys and the database in {folder} belong to two different nodes",
            code="node/other-keys",
            next_step="Put back the two that belong together; a database of another node does not know what these keys have signed.",
        )
    return keys, database


def _first_start(folder: Path, keys: NodeKeys, *, has_memory: bool) -> Database:
    if has_memory:
        old = Database(folder / DATABASE)
        used = old.read("SELECT origin FROM heads UNION SELECT origin FROM copies")
        old.close()
        if used:
            raise FatalStoreError(
                f"{folder} holds a node's database, and its keys are gone",
                code="node/keys-lost",
                next_step="Bring the file `keys` back from your backup, or start a new node in another folder.",
            )
        # A first start that was cut between the two files: it has signed nothing.
        (folder / DATABASE).unlink()
    database = Database.create(folder / DATABASE, sorted(_public(keys).items()))
    # Last: keys without a memory are refused, a memory that is still empty is not.
    text = "".join(f"{line}\n" for line in (HEADER, *(getattr(keys, role).encode() for role in ROLES)))
    try:
        write_new(folder / KEYS, text.encode(), mode=_MODE)
    except StoreError:
        database.close()
        raise
    return database


def _load(path: Path) -> NodeKeys:
    raw, mode = read_with_mode(path, max_size=4096, what="a node's keys")
    if mode & 0o077:
        raise CustodyError(
            f"{path} holds a node's keys, and others can reach it: its mode is {mode:04o}, not 0600",
            code="keyfile/mode",
            next_step=f"Run `chmod 600 {path}`. If others use this machine, they may have read it: start a new node in another folder.",
        )
    lines = raw.decode("ascii", "replace").split("\n")
    if len(lines) != len(ROLES) + 2 or lines[0] != HEADER or lines[-1]:
        raise FormatError(f"{path} is no node's key file, or it was cut off", code="keyfile/kind", next_step="Take another copy.")
    return NodeKeys(*map(SignerKey.parse, lines[1:-1]))


def _public(keys: NodeKeys) -> dict[str, str]:
    return {role: str(key) for role, key in keys.vkeys.items()}
