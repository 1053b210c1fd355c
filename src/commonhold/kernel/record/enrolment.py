"""Enrolling and revoking keys: one key, one person, once (DESIGN 3.2, 3.7).

A key id that was ever enrolled is never enrolled again, by anybody: so no key can stand for two people, and a revoked key stays dead. A
member has at most one kit; a new one takes the place of the old, which is revoked by the same act.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from commonhold.kernel.errors import RuleError
from commonhold.kernel.keys import KitKeys, Passkey
from commonhold.kernel.record.state import Draft, Enrolled


def enrol(draft: Draft, name: str, key: KitKeys | Passkey, index: int) -> None:
    """Enrol *key* for the member *name* as of the entry at *index*.

    Raises:
        RuleError: if the key, or the age recipient of the kit, was ever enrolled before.
    """
    key_id = key.key_id
    known = draft.keyring.get(key_id)
    if known is not None:
        raise RuleError(
            f"the key {key_id[:12]} is already enrolled for {known.member}",
            code="enrol/key-used",
            data={"key": key_id, "member": known.member},
            next_step="Every member makes a key of their own, and a new one for every change.",
        )
    if isinstance(key, KitKeys):
        if key.age in draft.keyring:
            raise RuleError("this kit's age recipient is already enrolled", code="enrol/age-used", next_step="Make a new kit.")
        draft.keyring = draft.keyring.set(key.age, Enrolled(name, index))
        old = draft.parts["members"][name]
        if old.kit:
            revoke(draft, name, old.kit, index)
    member = draft.parts["members"][name]
    changes: dict[str, Any] = {"keys": {**member.keys, key_id: key.to_value()}}
    if isinstance(key, KitKeys):
        # Whoever had a kit keeps their place in registers frozen meanwhile: a changed key is not a new voice.
        changes |= {"kit": key_id, "kit_since": member.kit_since if member.kit_since >= 0 else index}
    draft.put("members", name, replace(member, **changes))
    draft.keyring = draft.keyring.set(key_id, Enrolled(name, index))
    draft.public = draft.public.set(key_id, key)


def revoke(draft: Draft, name: str, key_id: str, index: int) -> None:
    """Revoke a key of the member *name*: acts signed with it stop counting wherever nothing is enacted yet.

    Raises:
        RuleError: if the key is not theirs or is already revoked.
    """
    member = draft.parts["members"][name]
    if key_id not in member.keys:
        raise RuleError(f"the key {key_id[:12]} is not a key of {name}", code="enrol/not-theirs", data={"key": key_id})
    keys = {other: value for other, value in member.keys.items() if other != key_id}
    kit = "" if member.kit == key_id else member.kit
    draft.put("members", name, replace(member, keys=keys, kit=kit))
    draft.keyring = draft.keyring.set(key_id, replace(draft.keyring[key_id], revoked=index))
