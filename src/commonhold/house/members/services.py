"""What members bring into the record about themselves, prepared: who is to be admitted with which key, which passkey is added, which revoked.

The house prepares, and decides nothing: an `admit` is proposed and approved by members, who compare six words with the newcomer outside the house; a
`rotate-key` is signed by the member's own kit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from commonhold.house.core import ledger
from commonhold.house.members.models import Passkey, User
from commonhold.kernel import keys
from commonhold.kernel.keys import fingerprint
from commonhold.kernel.record.queries import describe_proposal
from commonhold.kernel.record.state import State


def public_of(passkey: Passkey) -> keys.Passkey:
    """The public half of a passkey as the record holds it."""
    return keys.Passkey(passkey.alg, bytes(passkey.spki), passkey.rp_id, (passkey.origin,))


def words_of(passkey: Passkey) -> tuple[str, ...]:
    """Six words of a passkey, which its owner reads to those who approve, outside the house. No page shows them to anybody else."""
    return fingerprint(public_of(passkey))


def first_passkey(user: User) -> Passkey | None:
    """The one that an account was made with: the one to be admitted by."""
    return user.passkeys.order_by("pk").first()


def admission_payload(user: User) -> dict[str, Any]:
    """The payload of the `admit` that makes an applicant a member, with the one key that approvers compare."""
    passkey = first_passkey(user)
    return {"member": user.member, "keys": [public_of(passkey).to_value()] if passkey is not None else []}


def enrolment_payload(user: User, passkey: Passkey | None = None) -> dict[str, Any]:
    """The payload of the `rotate-key` that adds a passkey to what the record has of its member: by default the newest one that it has not."""
    found = passkey if passkey is not None else next(iter(unenrolled(user)), None)
    return {"member": user.member, "add": [public_of(found).to_value()] if found is not None else [], "revoke": []}


def revocation_payload(user: User, key: str) -> dict[str, Any]:
    """The payload of the `rotate-key` that revokes one of their keys."""
    return {"member": user.member, "add": [], "revoke": [key]}


def departure_payload(user: User) -> dict[str, Any]:
    """The payload of the `depart` that ends a membership."""
    return {"member": user.member}


def unenrolled(user: User) -> list[Passkey]:
    """The passkeys of an account that the record has never had, newest first."""
    keyring = ledger.state().keyring
    return [found for found in user.passkeys.order_by("-pk") if found.key not in keyring]


def applicants() -> list[User]:
    """Everybody who has an account and is not in the record, oldest first."""
    known = ledger.state().part("members")
    return [user for user in User.objects.order_by("pk") if user.member not in known]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal that concerns somebody: its id, its kind, how it stands, who has approved, and how many more it takes."""

    proposal: str
    kind: str
    status: str
    approved: tuple[str, ...]
    required: int
    missing: int
    until: int


def proposals_about(state: State, member: str, kind: str, key: str = "") -> list[Waiting]:
    """The proposals of a kind about a member, newest first; with *key*, those alone that would enrol it."""
    rows = []
    for name, found in state.part("proposals").items():
        if found.kind != kind or found.payload.get("member") != member or (key and key not in _added(found.payload)):
            continue
        told = describe_proposal(state, name)
        need = max(told["needs"], key=lambda one: one["missing"], default={"required": 0, "missing": 0})
        rows.append(
            (found.index, Waiting(name, kind, found.status, tuple(told["approved"]), need["required"], need["missing"], found.not_after))
        )
    return [row for _, row in sorted(rows, reverse=True, key=lambda one: one[0])]


def _added(payload: Any) -> set[str]:
    values = payload.get("keys", payload.get("add", []))
    return {keys.parse_key_value(value).key_id for value in values}
