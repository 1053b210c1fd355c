"""How many copies of a work there are to be, at how many operators, and which places get them (docs/formats/replicas.md).

A policy is data: rules by kind of work, and places with their operators and what they have room for. :func:`plan` is a pure function of it, so two houses that
see the same holdings want the same copies. A copy that is there stays where it is; places without one are ranked by SHA-256 of place and work, so that a new
place takes its share and nothing is moved between the others.

Left to others: copying, and what is true about a place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.custody.registerfile import decode
from commonhold.kernel.errors import FormatError
from commonhold.kernel.record.bodies import Name, Value

FORM: Final = "commonhold/replicas/v1"
MAX_POLICY: Final = 1 << 20
EVERY: Final = "*"
"""The rule for kinds that have none of their own."""


_Kind = Annotated[str, msgspec.Meta(pattern=r"\A(?:\*|[a-z][a-z0-9-]{0,31})\Z")]


class Rule(Value, frozen=True):
    """So many full copies, at so many different operators."""

    copies: Annotated[int, msgspec.Meta(ge=1, le=64)]
    operators: Annotated[int, msgspec.Meta(ge=1, le=64)]


class Place(Value, frozen=True):
    """A place for copies: its address, who runs it, and the bytes that it has room for."""

    at: Annotated[str, msgspec.Meta(min_length=1, max_length=400, pattern=r"\A[!-~]+\Z")]
    capacity: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    operator: Name


class Policy(Value, frozen=True):
    """What is asked of copies, and where they may lie."""

    form: Literal["commonhold/replicas/v1"]
    places: Annotated[dict[Name, Place], msgspec.Meta(max_length=256)]
    rules: Annotated[dict[_Kind, Rule], msgspec.Meta(min_length=1, max_length=256)]

    def rule(self, kind: str) -> Rule:
        """The rule for works of a kind."""
        return self.rules.get(kind) or self.rules[EVERY]


class Sized(NamedTuple):
    """A work, as far as copies of it go; *size* in bytes, its manifest included."""

    id: str
    kind: str
    size: int


@dataclass(frozen=True)
class Short:
    """A work that has too few copies, or all of them at too few operators: where further ones go, and what is lacking even then."""

    work: str
    kind: str
    size: int
    have: tuple[str, ...]
    to: tuple[str, ...]
    copies_lacking: int
    operators_lacking: int


@dataclass(frozen=True)
class Plan:
    """What is short, by work id; *room* is what each place has left once all of it is done."""

    works: int
    short: tuple[Short, ...]
    room: Mapping[str, int]


def parse_policy(raw: bytes) -> Policy:
    """The policy in a file's bytes: JSON, however it is laid out; nothing in it is ignored.

    Raises:
        FormatError: ``replicas/...``, naming what is wrong.
    """
    if len(raw) > MAX_POLICY:
        raise FormatError(f"the policy has {len(raw)} bytes, and at most {MAX_POLICY} are allowed", code="replicas/too-large")
    try:
        policy = msgspec.convert(decode(raw, "the policy"), Policy, strict=True)
    except msgspec.ValidationError as error:
        raise FormatError(f"the policy has a part of the wrong shape: {error}", code="replicas/shape") from None
    if EVERY not in policy.rules:
        raise FormatError(
            'the policy has no rule for every other kind of work ("*")',
            code="replicas/no-rule",
            next_step='Add one, such as "*": {"copies": 3, "operators": 2}.',
        )
    for kind, rule in policy.rules.items():
        if rule.operators > rule.copies:
            raise FormatError(
                f"the rule for {kind} wants {rule.copies} copies at {rule.operators} operators, and a copy has one operator",
                code="replicas/rule",
                next_step="Ask for as many copies as operators at least.",
            )
    return policy


def policy_bytes(policy: Policy) -> bytes:
    """The canonical bytes of a policy, by whose digest two people see that they mean the same one."""
    return canonical_bytes(msgspec.to_builtins(policy))


def plan(policy: Policy, works: Iterable[Sized], holdings: Mapping[str, Iterable[str]]) -> Plan:
    """What to copy where, so that every work comes as near to its rule as there is room for.

    Args:
        holdings: the places that have a whole copy, by work; places that the policy does not know count for nothing.
    """
    listed = sorted(set(works))
    have = {work.id: frozenset(holdings.get(work.id, ())) & policy.places.keys() for work in listed}
    room = {name: place.capacity for name, place in policy.places.items()}
    for work in listed:
        for name in have[work.id]:
            room[name] -= work.size
    short = [found for work in listed if (found := _short(policy, work, have[work.id], room))]
    return Plan(len(listed), tuple(short), room)


def _short(policy: Policy, work: Sized, have: frozenset[str], room: dict[str, int]) -> Short | None:
    rule = policy.rule(work.kind)
    operators = {policy.places[name].operator for name in have}
    copies = len(have)
    if copies >= rule.copies and len(operators) >= rule.operators:
        return None
    left = sorted((name for name in policy.places if name not in have and room[name] >= work.size), key=lambda name: _rank(name, work.id))
    to: list[str] = []
    while left and (copies < rule.copies or len(operators) < rule.operators):
        elsewhere = [name for name in left if policy.places[name].operator not in operators]
        wanted = len(operators) < rule.operators
        if wanted and not elsewhere and copies >= rule.copies:
            # A further copy at the same operators would help nobody.
            break
        name = elsewhere[0] if wanted and elsewhere else left[0]
        left.remove(name)
        to.append(name)
        room[name] -= work.size
        operators.add(policy.places[name].operator)
        copies += 1
    return Short(*work, tuple(sorted(have)), tuple(to), max(0, rule.copies - copies), max(0, rule.operators - len(operators)))


def _rank(place: str, work: str) -> bytes:
    return hashlib.sha256(f"{place}\n{work}".encode()).digest()
