"""Who keeps what is sealed, and what must be changed: the charter's clause, today's office-holders, and rotations (DESIGN 5).

The charter names offices and bodies; who they are is read off the seats. A rotation opens when something stops being true that a live seal rests on,
and stays until a later seal is live and two members have attested that the provider accepts nothing older; it is never closed by things becoming
true again. ``custody`` holds the acts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from typing import Any, Final

from msgspec.structs import replace

from commonhold.kernel.charter.rules import Custodians
from commonhold.kernel.custody.sealing.shares import Manifest
from commonhold.kernel.custody.sealing.structure import MAX_MEMBERS, MAX_PEOPLE, Group
from commonhold.kernel.errors import RuleError
from commonhold.kernel.record import payloads
from commonhold.kernel.record.state import Draft, Rotation, Seal, State

WITNESSES: Final = 2
"""Members who must attest that a provider's credential was really changed."""

_CONCERNED: Final = frozenset({"members", "releases", "rules", "seals", "seats"})


def manifest(state: State, seal: Seal) -> Manifest:
    """The public half of a seal of this record."""
    payload: payloads.Seal = state.frozen[seal.proposal].payload
    return payload.manifest(state.org)


def seals_of(state: State, resource: str) -> tuple[Seal, ...]:
    """Every seal of *resource*, the newest first."""
    found = [seal for seal in state.parts["seals"].values() if seal.resource == resource]
    return tuple(sorted(found, key=lambda seal: -seal.number))


def live_seal(state: State, resource: str) -> Seal | None:
    """The seal of *resource* that counts now, or None."""
    return next((seal for seal in seals_of(state, resource) if seal.status == "live"), None)


def openable_seal(state: State, resource: str, number: int) -> Seal | None:
    """The seal of *resource* with this number if it can be released: the live one, or an earlier one that nobody has attested to be worth nothing."""
    found: Seal | None = state.parts["seals"].get(f"{resource}/{number}")
    return found if found is not None and found.status in ("live", "replaced") else None


def kept_objects(state: State) -> dict[str, bool]:
    """The digests of what seals that are not retired need to be opened, those of the newest first; True for a sealed object, False for an envelope.

    Both are encrypted, and whoever keeps a copy of the record keeps them too: without them the custodians' words open nothing.
    """
    found: dict[str, bool] = {}
    for seal in sorted(state.part("seals").values(), key=lambda seal: -seal.index):
        if seal.status != "retired":
            payload: payloads.Seal = state.frozen[seal.proposal].payload
            found[payload.sealed] = True
            found.update((share.envelope, False) for share in payload.shares.values())
    return found


def charter_texts(state: State) -> tuple[str, ...]:
    """The digests of the words of the charter in force: its title and its articles. They are public, and no reader can tell the rules without them."""
    value: Any = state.charter.value
    return (value["title"], *value["articles"].values()) if value else ()


def people_of(state: State, place: str) -> frozenset[str]:
    """Everybody with a kit who holds the office, or is in the body, that a clause names."""
    body = state.charter.bodies.get(place)
    if body is not None and body.selector == "members":
        return frozenset(name for name, member in state.active_members() if member.kit)
    held: frozenset[str] = state.holders.get(place if body is None else body.selector, frozenset())
    return held


def structure_for(state: State, resource: str) -> Group:
    """The structure that the charter's clause gives *resource* with today's office-holders.

    Somebody who is in several groups gets their one share in the group that has the fewest people to spare; where that leaves another group too few, as many are
    moved as it takes.

    Raises:
        RuleError: ``seal/no-clause`` if the charter says nothing of the resource; ``seal/too-few`` naming the places that are not filled;
            ``seal/too-large`` where more people hold them than one seal can have.
    """
    clause = state.charter.custody.get(resource)
    if clause is None:
        raise RuleError(
            f"the charter does not say who keeps the secrets of {resource!r}",
            code="seal/no-clause",
            data={"resources": sorted(state.charter.custody)},
            next_step=f"It does for: {', '.join(sorted(state.charter.custody)) or 'nothing'}. Add a clause [custody.NAME] by an amendment.",
        )
    leaves = list(_leaves(clause.open))
    there = {id(leaf): _people(state, leaf) for leaf in leaves}
    taken: set[str] = set()
    chosen: dict[int, frozenset[str]] = {}
    for leaf in sorted(leaves, key=lambda leaf: len(there[id(leaf)]) - leaf.m):
        chosen[id(leaf)] = there[id(leaf)] - taken
        taken |= there[id(leaf)]
    for leaf in leaves:
        while len(chosen[id(leaf)]) < leaf.m and _moved(leaf, leaves, there, chosen):
            pass
    found = _group(clause.open, chosen)
    if len(people := found.people()) > MAX_PEOPLE:
        raise _too_many(people, "in all", MAX_PEOPLE, f"in one seal, and custody.{clause.name} names all of these")
    return found


def _moved(short: Custodians, leaves: list[Custodians], there: dict[int, frozenset[str]], chosen: dict[int, frozenset[str]]) -> bool:
    """Whether a group that has too few got one more, from a group that has somebody to spare, at once or by way of others."""
    gives: dict[int, tuple[str, Custodians]] = {}
    # By identity: two groups of a clause may read alike.
    waiting, seen = [short], {id(short)}
    for taker in waiting:
        for giver in leaves:
            could = sorted(chosen[id(giver)] & there[id(taker)])
            if id(giver) in seen or not could:
                continue
            seen.add(id(giver))
            gives[id(giver)] = (could[0], taker)
            if len(chosen[id(giver)]) <= giver.m:
                waiting.append(giver)
                continue
            while id(giver) in gives:
                person, to = gives[id(giver)]
                chosen[id(giver)] -= {person}
                chosen[id(to)] |= {person}
                giver = to  # noqa: PLW2901 - along the chain, and then the search is over
            return True
    return False


def check_structure(state: State, resource: str, structure: Group) -> None:
    """Pass in silence if *structure* is what the charter's clause asks for, with everybody who is to have a share today.

    Raises:
        RuleError: ``seal/no-clause``; ``seal/not-the-charters`` with everything in which it differs.
    """
    structure_for(state, resource)
    differs = differences(state, resource, structure)
    if differs:
        raise RuleError(
            f"this is not how article {state.charter.custody[resource].article or '(none)'} has the secrets of {resource} kept: {', '.join(differs)}",
            code="seal/not-the-charters",
            data={"differences": list(differs)},
            next_step="Make the seal again from the record as it is now.",
        )


def differences(state: State, resource: str, structure: Group) -> tuple[str, ...]:
    """In what a structure differs from the charter's clause and today's office-holders: ``rule``, ``seat/NAME`` and ``new/NAME``; empty if in nothing."""
    clause = state.charter.custody.get(resource)
    if clause is None:
        return ("rule",)
    if not _same_shape(clause.open, structure):
        return ("rule",)
    odd = [f"seat/{name}" for name in sorted(_misplaced(state, clause.open, structure))]
    due = frozenset().union(*(_people(state, leaf) for leaf in _leaves(clause.open)))
    odd += [f"new/{name}" for name in sorted(due - set(structure.people()))]
    return tuple(odd)


def settle(draft: Draft) -> None:
    """Open the rotations that this entry's changes call for, and end those that are done. Cheap for seals that the changes do not concern."""
    changed = [(part, key) for part, key in draft.changed if part in _CONCERNED]
    if not changed:
        return
    everything = any(part == "rules" for part, _ in changed)
    touched = {draft.parts[part][key].resource for part, key in changed if part in ("seals", "releases")}
    people = {key.rpartition("/")[2] for part, key in changed if part in ("members", "seats")}
    offices = {key.partition("/")[0] for part, key in changed if part == "seats"}
    if any(part == "members" for part, _ in changed):
        offices.add(draft.charter.top_body)
    # Most entries of custody are about one seal and nobody's place: the others are not asked whom they concern.
    anybody = bool(people or offices)
    for found in list(draft.parts["seals"].values()):
        if found.status != "live":
            continue
        if everything or found.resource in touched or (anybody and _is_concerned(draft, found, people, offices)):
            _settle(draft, found)


def _is_concerned(draft: Draft, found: Seal, people: AbstractSet[str], offices: AbstractSet[str]) -> bool:
    payload: payloads.Seal = draft.frozen[found.proposal].payload
    if not people.isdisjoint(payload.shares):
        return True
    clause, bodies = draft.charter.custody.get(found.resource), draft.charter.bodies
    places = clause.open.places() if clause is not None else ()
    # A body of all members is known by its name, one of office-holders by their office.
    return any(place in offices or (place in bodies and bodies[place].selector in offices) for place in places)


def _settle(draft: Draft, found: Seal) -> None:
    rotation: Rotation | None = draft.parts["rotations"].get(found.resource)
    attested = {name for name in found.changed if _is_active(draft, name)}
    if len(attested) >= WITNESSES:
        for other in seals_of(draft, found.resource):
            if other.status == "replaced":
                draft.put("seals", f"{other.resource}/{other.number}", replace(other, status="retired"))
        if rotation is not None and rotation.number < found.number:
            draft.drop("rotations", found.resource)
            rotation = None
    # Which seal each reason concerns: what is in a later one is not known by it.
    reasons = {**dict.fromkeys(reasons_to_rotate(draft, found), found.number), **_releases_of_replaced(draft, found)}
    new = tuple(reason for reason in reasons if rotation is None or reason not in rotation.reasons)
    if not new:
        return
    number = max(reasons[reason] for reason in new)
    if rotation is None:
        draft.put("rotations", found.resource, Rotation(number, draft.size, draft.clock or 0, new))
    else:
        draft.put("rotations", found.resource, replace(rotation, number=max(number, rotation.number), reasons=rotation.reasons + new))


def _releases_of_replaced(draft: Draft, found: Seal) -> dict[str, int]:
    """The releases of earlier seals of the resource that still are worth something, each with its seal's number."""
    replaced = {seal.number for seal in seals_of(draft, found.resource) if seal.status == "replaced"}
    return {
        f"release/{key}": release_.number
        for key, release_ in sorted(draft.parts["releases"].items())
        if release_.resource == found.resource and release_.number in replaced
    }


def reasons_to_rotate(state: State, found: Seal) -> Iterator[str]:
    """Why the secrets of a live seal must be changed, as things stand.

    ``left/NAME`` (not a member any more), ``kit/NAME`` (their kit was changed), ``seat/NAME`` (they hold no such place any more), ``new/NAME``
    (they hold one and have no share), ``rule`` (the charter asks for other groups or numbers), ``release/ID`` (it was released).
    """
    public = manifest(state, found)
    gone = set()
    for name, holding in public.holdings.items():
        member = state.member(name)
        if member is None or member.status != "active":
            gone.add(f"seat/{name}")
            yield f"left/{name}"
        elif member.kit != holding.kit:
            yield f"kit/{name}"
    for reason in differences(state, found.resource, public.structure):
        if reason not in gone:
            yield reason
    for key, release_ in sorted(state.parts["releases"].items()):
        if (release_.resource, release_.number) == (found.resource, found.number):
            yield f"release/{key}"


def _is_active(state: State, name: str) -> bool:
    member = state.member(name)
    return member is not None and member.status == "active"


def _leaves(custodians: Custodians) -> Iterator[Custodians]:
    if custodians.groups:
        for group in custodians.groups:
            yield from _leaves(group)
    else:
        yield custodians


def _people(state: State, leaf: Custodians) -> frozenset[str]:
    return frozenset().union(*(people_of(state, place) for place in leaf.of))


def _group(custodians: Custodians, chosen: dict[int, frozenset[str]]) -> Group:
    if custodians.groups:
        return Group(custodians.m, tuple(_group(group, chosen) for group in custodians.groups))
    people = chosen[id(custodians)]
    if len(people) < custodians.m:
        raise RuleError(
            f"{custodians.m} custodians are needed of {', '.join(custodians.of)}, and {len(people)} with a kit are there who have no other share",
            code="seal/too-few",
            data={"places": list(custodians.of), "there": sorted(people), "needed": custodians.m},
            next_step="Fill the offices first.",
        )
    if len(people) > MAX_MEMBERS:
        raise _too_many(people, f"of {', '.join(custodians.of)}", MAX_MEMBERS, "in one group")
    return Group(custodians.m, tuple(sorted(people)))


def _too_many(people: Collection[str], who: str, most: int, where: str) -> RuleError:
    return RuleError(
        f"{len(people)} people {who} have a kit, and a secret is shared among at most {most} {where}",
        code="seal/too-large",
        data={"people": len(people), "most": most},
        next_step="Let an amendment of the clause name fewer people, such as a committee of them, or more groups of fewer.",
    )


def _same_shape(custodians: Custodians, group: Group) -> bool:
    if custodians.m != group.need:
        return False
    if not custodians.groups:
        return all(isinstance(part, str) for part in group.of)
    return len(custodians.groups) == len(group.of) and all(
        isinstance(part, Group) and _same_shape(inner, part) for inner, part in zip(custodians.groups, group.of, strict=True)
    )


def _misplaced(state: State, custodians: Custodians, group: Group) -> AbstractSet[str]:
    """Those who stand in a group of whose places they hold none."""
    if not custodians.groups:
        return set(group.people()) - _people(state, custodians)
    pairs = zip(custodians.groups, group.of, strict=True)
    return frozenset().union(*(_misplaced(state, inner, part) for inner, part in pairs if isinstance(part, Group)))
