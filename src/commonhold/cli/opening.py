"""Opening the next epoch of a record with a member's kit: what `commonhold epoch open` and `commonhold restore` share."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commonhold.kernel import b64, ed25519
from commonhold.kernel.record.entries import signed_bytes, unsigned_entry, with_signature
from commonhold.kernel.record.partners import IN_FORCE
from commonhold.kernel.record.state import value_of
from commonhold.kernel.tlog.merkle import Tree
from commonhold.store.epochs import branch_at
from commonhold.store.keyfile import load_kit
from commonhold.store.record import Record, open_reader

if TYPE_CHECKING:
    from commonhold.kernel.record.state import State
    from commonhold.store.objects.directory import ObjectDirectory


def open_epoch(
    folder: Path, place: str, kit: Path, bring: Callable[[State, ObjectDirectory], object], *, at: int | None = None, policy: Any = None
) -> tuple[State, State]:
    """Open the next epoch of the record at *place* in *folder*, which is empty; give the state at the branch, and that of the new epoch.

    Args:
        bring: puts the objects of the epochs before, for the state at the branch, where they belong.
        at: branch off after so many of its entries; None for all of them.
        policy: the payload of a new partner policy; None for the partners that there are.

    Raises:
        RuleError, ProofError, FormatError, StoreError: if the record does not verify, the organisation does not live there, or a folder or kit cannot be used.
    """
    name, secret = load_kit(kit)
    start, earlier = branch_at(open_reader(place), at)
    seed = secrets.token_bytes(ed25519.SEED_BYTES)
    body: dict[str, Any] = {"parent": value_of(start.parent), "log_key": b64.encode(ed25519.public_key(seed))}
    if policy is None:
        # No succession empties the policy, so whoever names nobody keeps those who are there.
        policy = value_of(start.part("partners").get(IN_FORCE))
    if policy is not None:
        body["policy"] = policy
    unsigned = unsigned_entry(
        type="open",
        org=start.org,
        epoch=start.epoch,
        by=name,
        key=secret.key_id,
        seen=(0, Tree().root()),
        nonce=secrets.token_bytes(16),
        body=body,
    )
    entry = with_signature(unsigned, secret.sign(signed_bytes(unsigned)))
    with Record.open_epoch(folder, start, entry, seed, earlier, lambda objects: bring(start, objects)) as record:
        return start, record.state
