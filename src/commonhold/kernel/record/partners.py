"""Partners: whose cosignatures are the record's clock, and how one policy follows another (DESIGN 3.3, 3.4).

A ``partner`` decision, and the ``open`` entry of an epoch, name a policy: the mirror keys of partner nodes, nested groups of them, and the
quorum. Only these keys count for the clock, the verdict and the branch. In a house with a clock a new policy **waits** until an attest meets
it; until then the one before it stays in force, so that partners who cannot be reached do not stop the clock for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commonhold.kernel.errors import FormatError, RuleError
from commonhold.kernel.notes import COSIGNATURE, VerifierKey, check_distinct
from commonhold.kernel.record.bodies import Partner
from commonhold.kernel.record.state import Draft, State
from commonhold.kernel.tlog.policy import NONE, Policy

IN_FORCE: Final = "policy"
NEXT: Final = "next"
"""The keys of the part "partners": the policy in force, and the one that waits for its first satisfying attest."""


def policy_of(origin: str, log_key: bytes, payload: Partner) -> Policy:
    """The policy that a payload describes, for the log of this origin and key.

    Raises:
        RuleError: if it would ask for nobody, or a validator is none of its partners.
        FormatError: for a key, name or group that cannot stand in a policy.
    """
    if payload.quorum == NONE:
        raise RuleError(
            "the policy would ask for no partner at all, and no decision may empty it",
            code="effect/empty-policy",
            next_step="Name a partner or a group of partners as the quorum.",
        )
    groups = {name: (group.k, list(group.of)) for name, group in payload.groups.items()}
    # The log's own key is named so that nobody can put it, or a key with its name and id, among the witnesses.
    policy = Policy.build((VerifierKey.of(origin, log_key),), payload.witnesses, groups, payload.quorum)
    taken = {log.key.public for log in policy.logs} | {party.key.public for party in policy.witnesses.values()}
    for name, key in validators_of(payload).items():
        if name not in policy.witnesses:
            raise RuleError(f"{name} is to vouch for states and is no partner", code="effect/validator", data={"name": name})
        if key.public in taken:
            raise RuleError(
                f"the validating key of {name} stands in the policy already, and each key has one purpose",
                code="effect/validator",
                next_step="Ask the partner for their vkeys again: a node has one key to mirror with and another to vouch for states.",
            )
        taken.add(key.public)
    return policy


def validators_of(payload: Partner) -> dict[str, VerifierKey]:
    """The keys under which a policy's partners vouch for states, by the partner's name.

    Raises:
        FormatError: for a key that is malformed or not of kind 0x04.
    """
    keys = {name: VerifierKey.parse(vkey) for name, vkey in payload.validators.items()}
    for name, key in keys.items():
        if key.kind != COSIGNATURE:
            raise FormatError(f"the validating key of {name} is of kind 0x{key.kind:02x}, and 0x04 is needed", code="checkpoint/key-kind")
    return keys


def check_policy(draft: Draft, payload: Partner) -> Policy:
    """The policy of a payload, if it can follow the one in force.

    Raises:
        RuleError, FormatError: as :func:`policy_of` does, and if its keys could not be told from those of the policy in force.
    """
    policy = policy_of(draft.origin, draft.log_key, payload)
    # Both are read from one note meanwhile; a key made to resemble another's would make every attest ambiguous, and stop the clock.
    check_distinct({party.key for each in (draft.policy or policy, policy) for party in each.witnesses.values()})
    return policy


def name_partners(draft: Draft, payload: Partner) -> None:
    """Let a decided policy wait for its first satisfying attest; in a house without a clock it is in force at once.

    Raises:
        RuleError, FormatError: as :func:`check_policy` does.
    """
    policy = check_policy(draft, payload)
    if draft.clock is None or draft.policy is None:
        draft.policy = policy
        draft.put("partners", IN_FORCE, payload)
        return
    if payload == draft.parts["partners"][IN_FORCE]:
        drop_next(draft)
        return
    draft.next_policy = policy
    draft.put("partners", NEXT, payload)


def adopt_next(draft: Draft) -> None:
    """Put the policy that waited in force."""
    draft.policy = draft.next_policy
    draft.put("partners", IN_FORCE, draft.parts["partners"][NEXT])
    drop_next(draft)


def drop_next(draft: Draft) -> None:
    """Forget the policy that waits, if there is one."""
    draft.next_policy = None
    draft.drop("partners", NEXT)


def mirror_keys(state: State) -> tuple[VerifierKey, ...]:
    """The mirror keys of the policy in force and of the one that waits, each once."""
    policies = [policy for policy in (state.policy, state.next_policy) if policy is not None]
    return tuple(dict.fromkeys(party.key for policy in policies for party in policy.witnesses.values()))


def times_under(policy: Policy, cosignatures: Mapping[VerifierKey, int]) -> dict[str, int]:
    """The cosignatures of a policy's partners, by the names that it gives them."""
    return {name: cosignatures[party.key] for name, party in policy.witnesses.items() if party.key in cosignatures}
