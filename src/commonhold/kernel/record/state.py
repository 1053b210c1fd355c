"""The state that the fold yields: who exists, who holds what, what is being decided, and what has been decided (DESIGN 3.5).

A :class:`State` is an immutable value. Its *parts* are maps from a key to a canonical value, and they alone make the state digest; the other
fields are indexes over them and over the entries, so that one more entry costs what it changes and not what there is. ``Draft`` is the same
thing under construction: the fold copies a state into a draft (its maps are persistent, so that costs a few pointers), works on it, and
freezes it or throws it away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import immutables
import msgspec

from commonhold.kernel.charter.rules import Body, Charter, Count, Rule, Share
from commonhold.kernel.keys import KitKeys, Passkey
from commonhold.kernel.record.bodies import Parent, Partner, Value
from commonhold.kernel.tlog.policy import Policy

PARTS: Final = (
    "channels",
    "clock",
    "delegations",
    "emergencies",
    "epochs",
    "erasures",
    "members",
    "origins",
    "partners",
    "proposals",
    "releases",
    "resolutions",
    "resources",
    "rotations",
    "rules",
    "seals",
    "seats",
    "statements",
    "works",
)
"""The parts of the state digest, in bytewise order."""


class Member(Value, frozen=True):
    """A person in the register, under a pseudonym.

    *since* is the entry that made them count; *kit* the id of their kit's key, with the entry that enrolled it. For the acts that
    new members and recovered keys wait for, *counts_from* is the time on the record's clock from which they have a voice, and *weighs_from*
    the one from which they weigh in the denominator (0: at once). Recovery leaves the weight: whoever lost a key is a member all along.
    """

    since: int
    status: str
    keys: dict[str, dict[str, Any]]
    kit: str = ""
    kit_since: int = -1
    counts_from: int = 0
    weighs_from: int = 0


class Seat(Value, frozen=True):
    """A place in an office. ``offered`` waits for consent, ``accepted`` for the clock, ``held`` counts.

    *by* is the proposal that gave it, *terms* how many terms in a row this is, *renewal* the proposal that offers the holder another term.
    """

    office: str
    member: str
    status: str
    by: str
    index: int
    since: int = 0
    until: int = 0
    terms: int = 1
    renewal: str = ""


class Act(Value, frozen=True):
    """One member's approval, objection or confirmation: where it stands, by which key, and through which offices."""

    index: int
    key: str
    offices: tuple[str, ...] = ()


class Proposal(Value, frozen=True):
    """A proposal and all that has been said of it.

    *rules* and *articles* name what it is judged by, as they stood when it was made (*charter* is that charter's digest); *bases* are the
    frozen denominators. *status*: open, enacted, blocked (objection), failed (cannot pass any more), expired, withdrawn, void (its rule
    was changed), refused (met its rule, but could not take effect), lapsed (an emergency act that was not ratified). *why* is a stable code where the
    status alone does not say it; the sentence for people is in :attr:`State.reasons`, outside the digest. *notices* hold by ``MEMBER/WAY`` whom word
    of it has reached.
    """

    index: int
    by: str
    kind: str
    payload: dict[str, Any]
    not_after: int
    charter: str
    rules: tuple[str, ...]
    articles: tuple[str, ...]
    bases: dict[str, int]
    approvals: dict[str, Act]
    objections: dict[str, Act]
    confirms: dict[str, Act]
    status: str = "open"
    clocked: bool = False
    frozen_at: int = 0
    noticed: int = 0
    carried: int = 0
    waits_until: int = 0
    waited_at: int = -1
    closed: int = -1
    closed_at: int = 0
    why: str = ""
    emergency: str = ""
    ratify_until: int = 0
    notices: dict[str, Act] = msgspec.field(default_factory=dict)


class Delegation(Value, frozen=True):
    """Leave to act in an office-holder's place under one rule: from which *office*, given by whom, until when, by which proposal."""

    office: str
    by: str
    until: int
    proposal: str


class Frozen(msgspec.Struct, frozen=True):
    """What a proposal is judged by, fixed when it is made: the rules themselves, and what follows from them without looking at people.

    *needs* are all needs, flat, with the majority that stands in for a waiting period; *kit* says whether acts on it take the kit;
    *excluded* is the member who may not count, or an empty string; *bodies* are the charter's, so that an amendment which renames a body
    takes nobody's voice away; *registers* name who held the seats of each deciding body of office-holders at that moment.
    """

    rules: tuple[Rule, ...]
    payload: Any
    needs: tuple[Count | Share, ...]
    kit: bool
    excluded: str
    bodies: Mapping[str, Body]
    registers: Mapping[str, frozenset[str]]


class Decided(Value, frozen=True):
    """Something that was decided and stands: the proposal, the article, who approved, where and when (0: no clock yet)."""

    proposal: str
    articles: tuple[str, ...]
    approvers: tuple[str, ...]
    index: int
    value: dict[str, Any]
    time: int = 0
    status: str = "stands"


class Proved(Value, frozen=True):
    """A custodian's last proof that they have their share: at which entry, when (0: no clock), and the link that they showed."""

    index: int
    time: int
    link: str


class Seal(Value, frozen=True):
    """A seal of the secrets behind a resource, by its *proposal*, in which its public half stands.

    *status*: ``offered`` until every custodian has acknowledged their share, then ``live``; ``replaced`` from when a later one is live, and ``retired`` from
    when two members have attested that the provider accepts what is in the later one.
    *proved* holds the custodians' last proofs, *changed* who attested that the provider accepts what is in it and nothing older.
    """

    resource: str
    number: int
    proposal: str
    index: int
    status: str
    proved: dict[str, Proved]
    changed: dict[str, int]
    live: int = -1
    live_at: int = 0


class Release(Value, frozen=True):
    """An enacted release of a seal to a one-off recipient, and at which entry each custodian contributed. *void* where a succession or an amendment ended it.

    *emergency*: it was decided under the charter's rule for emergencies.
    """

    resource: str
    number: int
    by: str
    recipient: str
    until: int
    index: int
    contributions: dict[str, int]
    void: bool = False
    emergency: bool = False


class Rotation(Value, frozen=True):
    """A resource whose secrets must be changed: because of what (each reason once, in order), at which entry that began, and up to which seal it concerns."""

    number: int
    index: int
    time: int
    reasons: tuple[str, ...]


class Epoch(Value, frozen=True):
    """An epoch after the first: its log's *origin*, where it branches off, its ``open`` entry and who signed that.

    Empty *proposal*: no succession was decided yet, so the organisation does not live there. *unwitnessed*: none of the partners before it
    stood behind that decision.
    """

    origin: str
    parent: Parent
    open: str
    by: str
    proposal: str = ""
    approvers: tuple[str, ...] = ()
    index: int = -1
    time: int = 0
    unwitnessed: bool = False


class Enrolled(Value, frozen=True):
    """A key as the fold knows it, dead or alive: nobody may ever enrol it again."""

    member: str
    since: int
    revoked: int = -1


class State:
    """An immutable state of the record after its first *size* leaves, of which the first *base* stand in the logs of earlier epochs.

    Indexes count on through the epochs: leaf i of this epoch's log is entry base + i. ``phase`` is empty, founding or running; and, in a later
    epoch, branched (nothing but its ``open`` counts, and it must name *parent*) or succeeding (nothing but its succession counts).
    ``parts`` holds everything that is digested. ``keyring`` maps every key id and age recipient ever enrolled to its owner, ``public`` every
    key id to its public half. ``ids`` are the consumed entry ids with their indexes. ``clock`` is None in a house whose partners have not attested yet.
    """

    org: str
    epoch: int
    origin: str
    log_key: bytes
    size: int
    base: int
    parent: Parent | None
    proposed_policy: Partner | None
    phase: str
    charter: Charter
    parts: Mapping[str, immutables.Map[str, Any]]
    keyring: immutables.Map[str, Enrolled]
    public: immutables.Map[str, KitKeys | Passkey]
    holders: immutables.Map[str, frozenset[str]]
    opened: immutables.Map[str, int]
    ids: immutables.Map[str, int]
    block: immutables.Map[str, int]
    spent: immutables.Map[str, tuple[tuple[int, int], ...]]
    tenures: immutables.Map[str, tuple[int, int]]
    frozen: immutables.Map[str, Frozen]
    undo: immutables.Map[str, tuple[tuple[str, str, Any, Any], ...]]
    reasons: immutables.Map[str, str]
    policy: Policy | None
    next_policy: Policy | None
    clock: int | None
    covered: int

    def part(self, name: str) -> Mapping[str, Any]:
        """One part of the state as a read-only map; empty if nothing is in it."""
        values: Mapping[str, Any] = self.parts.get(name, _EMPTY)
        return values

    def member(self, member: str) -> Member | None:
        """The member under that pseudonym, departed ones included."""
        found: Member | None = self.parts["members"].get(member)
        return found

    def proposal(self, proposal: str) -> Proposal | None:
        """The proposal with that entry id, closed ones included."""
        found: Proposal | None = self.parts["proposals"].get(proposal)
        return found

    def active_members(self) -> Iterator[tuple[str, Member]]:
        """Everybody who is in the register now, in no particular order."""
        return ((name, member) for name, member in self.parts["members"].items() if member.status == "active")

    def offices_of(self, member: str) -> tuple[str, ...]:
        """The offices in which *member* holds a seat, sorted."""
        return tuple(sorted([office for office, holders in self.holders.items() if member in holders]))

    def thaw(self) -> Draft:
        """A draft that starts as this state."""
        draft = Draft.__new__(Draft)
        # Copying the dictionary as it is takes a fifth of filling another, and this happens twice for each entry.
        fields = self.__dict__.copy()
        fields["parts"] = fields["parts"].copy()
        fields["changed"] = set()
        draft.__dict__ = fields
        return draft

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a state is immutable; {name} is set on a draft")


_EMPTY: Final[immutables.Map[str, Any]] = immutables.Map()


class Draft(State):
    """A state under construction. Nobody but the fold sees one.

    ``changed`` gathers the (part, key) pairs whose leaves of the state digest have changed since the draft was made.
    """

    parts: dict[str, immutables.Map[str, Any]]
    changed: set[tuple[str, str]]
    __setattr__ = object.__setattr__  # type: ignore[assignment] # the wrapper of a slot, which says the same

    def freeze(self) -> State:
        """The state that this draft is at this moment."""
        state = State.__new__(State)
        fields = self.__dict__.copy()
        fields["parts"] = self.parts.copy()
        del fields["changed"]
        object.__setattr__(state, "__dict__", fields)
        return state

    def restore(self, state: State) -> None:
        """Become *state* again, as if nothing had been done since."""
        self.__dict__.update(state.__dict__)
        self.parts = dict(state.parts)

    def put(self, part: str, key: str, value: Any) -> None:
        """Set one value of a part and remember that its leaf of the state digest has changed."""
        self.parts[part] = self.parts[part].set(key, value)
        self.changed.add((part, key))

    def drop(self, part: str, key: str) -> None:
        """Remove one value of a part, if it is there."""
        values = self.parts[part]
        if key in values:
            self.parts[part] = values.delete(key)
            self.changed.add((part, key))

    def seat(self, seat: Seat) -> None:
        """Set a seat and keep the index of holders in step."""
        self.put("seats", f"{seat.office}/{seat.member}", seat)
        self._index_seat(seat.office, seat.member, held=seat.status == "held")

    def unseat(self, office: str, member: str) -> None:
        """End a seat: it leaves the state, and its term is remembered for the limit on terms in a row."""
        seat = self.parts["seats"].get(f"{office}/{member}")
        if seat is None:
            return
        self.drop("seats", f"{office}/{member}")
        self._index_seat(office, member, held=False)
        if seat.status == "held":
            self.tenures = self.tenures.set(f"{office}/{member}", (seat.terms, self.clock or 0))

    def _index_seat(self, office: str, member: str, *, held: bool) -> None:
        holders = self.holders.get(office, frozenset())
        self.holders = self.holders.set(office, holders | {member} if held else holders - {member})


def empty_state() -> State:
    """The state before any entry."""
    empty: immutables.Map[Any, Any] = immutables.Map()
    draft = Draft.__new__(Draft)
    for name in ("keyring", "public", "holders", "opened", "ids", "block", "spent", "tenures", "frozen", "undo", "reasons"):
        setattr(draft, name, empty)
    draft.org = draft.origin = ""
    draft.epoch = draft.size = draft.base = draft.covered = 0
    draft.parent = draft.proposed_policy = None
    draft.log_key = b""
    draft.phase = "empty"
    draft.charter = NO_CHARTER
    draft.parts = dict.fromkeys(PARTS, empty)
    draft.changed = set()
    draft.policy = draft.next_policy = None
    draft.clock = None
    return draft.freeze()


NO_CHARTER: Final = Charter(value={}, digest=b"", name="", version=0, articles={}, bodies={}, offices={}, rules={}, by_kind={})
"""What stands in for the charter before the founding; it lists no kinds, so it allows nothing."""


def value_of(value: Any) -> Any:
    """A part's value as plain canonical data (a Value becomes an object without its defaults)."""
    return msgspec.to_builtins(value)
