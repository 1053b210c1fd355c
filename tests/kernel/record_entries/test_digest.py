"""The state digest: the same from any road to the same state, and proofs that show what is there and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.record import digest as digest_module
from commonhold.kernel.record.digest import LeafProof, StateProof, StateTree, leaf_bytes, prefix_of, verify_absent, verify_present
from commonhold.kernel.record.state import Seat, empty_state
from commonhold.kernel.tlog.hashes import EMPTY_ROOT, leaf_hash, node_hash
from tests.kernel.attacks.saltmarsh import house, partnered, statement

KEYS = st.tuples(st.sampled_from(["members", "seats", "works"]), st.text(st.sampled_from('ab"\\,[é'), max_size=3))
VALUES = st.integers(0, 3)
STATES = st.dictionaries(KEYS, VALUES, max_size=12)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive(values: Mapping[tuple[str, str], Any]) -> bytes:
    return naive_root(sorted(leaf_bytes(part, key, value) for (part, key), value in values.items()))


def tree_of(values: Mapping[tuple[str, str], Any]) -> StateTree:
    tree = StateTree()
    tree.update(values)
    return tree


@settings(max_examples=60)
@given(STATES, st.lists(st.dictionaries(KEYS, st.one_of(VALUES, st.none()), max_size=6), max_size=5))
def test_a_tree_kept_in_step_is_the_tree_built_anew(
    start: dict[tuple[str, str], int], steps: list[dict[tuple[str, str], int | None]]
) -> None:
    """However values were added, changed and removed, in whatever batches, the digest is that of the sorted leaves."""
    values: dict[tuple[str, str], int] = dict(start)
    tree = tree_of(start)
    assert (tree.root(), tree.count) == (naive(values), len(values))
    for step in steps:
        tree.update(step)
        for place, value in step.items():
            if value is None:
                values.pop(place, None)
            else:
                values[place] = value
        assert (tree.root(), tree.count) == (naive(values), len(values))
        assert tree.root() == tree_of(values).root()


@settings(max_examples=60)
@given(STATES, KEYS)
def test_every_key_is_proved_present_or_absent(values: dict[tuple[str, str], int], asked: tuple[str, str]) -> None:
    """For any key there is a proof of the truth about it, and none of the contrary."""
    tree, root = tree_of(values), naive(values)
    for part, key in {*values, asked}:
        proof = tree.prove(part, key)
        if (part, key) in values:
            assert verify_present(proof, root, part, key) == values[part, key]
            with pytest.raises(ProofError) as refusal:
                verify_absent(proof, root, part, key)
            assert refusal.value.code == "state/not-absent"
        else:
            verify_absent(proof, root, part, key)
            with pytest.raises(ProofError):
                verify_present(proof, root, part, key)


@st.composite
def bent_proofs(draw: st.DrawFn) -> tuple[dict[tuple[str, str], int], tuple[str, str], StateProof]:
    values = draw(st.dictionaries(KEYS, VALUES, min_size=1, max_size=12))
    tree = tree_of(values)
    asked, other = draw(st.sampled_from([*values]) | KEYS), draw(st.sampled_from([*values]) | KEYS)
    proof, foreign = tree.prove(*asked), tree.prove(*other)
    leaves = list(proof.leaves)
    at = draw(st.integers(0, len(leaves) - 1))
    leaf = leaves[at]
    match draw(st.sampled_from(["count", "index", "leaf", "hash", "fewer", "more", "drop", "add", "swap", "foreign"])):
        case "count":
            return values, asked, replace(proof, count=draw(st.integers(-1, 14)))
        case "index":
            leaves[at] = replace(leaf, index=draw(st.integers(-1, 14)))
        case "leaf":
            leaves[at] = replace(leaf, leaf=leaf_bytes(*asked, draw(VALUES)))
        case "hash":
            hashes = list(leaf.hashes) or [bytes(32)]
            hashes[draw(st.integers(0, len(hashes) - 1))] = draw(st.sampled_from([bytes(32), *tree._levels[0]]))
            leaves[at] = replace(leaf, hashes=tuple(hashes))
        case "fewer":
            leaves[at] = replace(leaf, hashes=leaf.hashes[:-1])
        case "more":
            leaves[at] = replace(leaf, hashes=(*leaf.hashes, bytes(32)))
        case "drop":
            del leaves[at]
        case "add":
            leaves.append(draw(st.sampled_from(leaves + list(foreign.leaves))))
        case "swap":
            leaves.reverse()
        case "foreign":
            leaves[at] = draw(st.sampled_from(foreign.leaves))
    return (
        values,
        asked,
        replace(proof, leaves=tuple(leaves), count=draw(st.sampled_from([proof.count, proof.count, proof.count + 1, proof.count - 1]))),
    )


@settings(max_examples=120)
@given(bent_proofs())
def test_no_bent_proof_ever_shows_a_falsehood(case: tuple[dict[tuple[str, str], int], tuple[str, str], StateProof]) -> None:
    """Whatever is changed in a proof, it is refused or still shows the truth: an index and a count alone bind nobody, the hashes do."""
    values, (part, key), proof = case
    root = naive(values)
    try:
        shown = verify_present(proof, root, part, key)
    except CommonholdError:
        pass
    else:
        assert values[part, key] == shown
    try:
        verify_absent(proof, root, part, key)
    except CommonholdError:
        pass
    else:
        assert (part, key) not in values


def test_a_proof_carries_no_leaf_that_it_does_not_need() -> None:
    """A proof of absence is its two neighbours and nothing else, so that there is one proof and not many."""
    tree = tree_of({("works", key): 1 for key in "abcef"})
    proof = tree.prove("works", "d")
    assert [leaf.index for leaf in proof.leaves] == [2, 3]
    verify_absent(proof, tree.root(), "works", "d")
    for extra in (tree.prove("works", "a").leaves, proof.leaves[:1], proof.leaves):
        with pytest.raises(ProofError) as refusal:
            verify_absent(replace(proof, leaves=(*proof.leaves, *extra)), tree.root(), "works", "d")
        assert refusal.value.code == "state/absent"


def test_the_proof_of_an_empty_state_is_its_digest() -> None:
    """Nothing is in an empty state, and only the empty digest shows that."""
    tree = StateTree.of(empty_state())
    assert (tree.count, tree.root()) == (0, EMPTY_ROOT)
    proof = tree.prove("members", "heron")
    verify_absent(proof, EMPTY_ROOT, "members", "heron")
    full = tree_of({("members", "heron"): 1})
    for bad, root in ((proof, full.root()), (replace(full.prove("members", "heron"), count=0), EMPTY_ROOT)):
        with pytest.raises(ProofError, match="the state is empty") as refusal:
            verify_absent(bad, root, "members", "tern")
        assert refusal.value.code == "state/absent"
    with pytest.raises(ProofError) as refusal:
        verify_present(proof, EMPTY_ROOT, "members", "heron")
    assert refusal.value.code == "state/present"


@pytest.mark.parametrize("raw", [b"7", b'["a","b"]', b'["a",1,2]', b'["a","b",1,2]', b'{"a":1}'])
def test_a_leaf_that_is_none_of_a_state_is_refused(raw: bytes) -> None:
    """A root that somebody made over other things proves nothing about a state."""
    proof = StateProof(1, (LeafProof(raw, 0, ()),))
    for refuse in (verify_present, verify_absent):
        with pytest.raises(FormatError, match=r"is not \[part, key, value\]") as refusal:
            refuse(proof, leaf_hash(raw), "a", "b")
        assert refusal.value.code == "state/leaf"


def test_a_proof_of_another_key_is_no_proof() -> None:
    """A reader asks for one key, and the proof of its neighbour does not answer."""
    tree = tree_of({("works", "a"): 1, ("works", "b"): 2})
    with pytest.raises(ProofError, match="is of works/a, not of works/b") as refusal:
        verify_present(tree.prove("works", "a"), tree.root(), "works", "b")
    assert refusal.value.code == "state/other-key"


def test_one_changed_value_costs_as_many_hashes_as_the_tree_is_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a state of a thousand values a change of one hashes one leaf and ten nodes, never all of them; an equal value hashes nothing."""
    counts = {"leaf": 0, "node": 0}

    def counting_leaf(raw: bytes) -> bytes:
        counts["leaf"] += 1
        return leaf_hash(raw)

    def counting_node(left: bytes, right: bytes) -> bytes:
        counts["node"] += 1
        return node_hash(left, right)

    values = {("works", f"{n:04}"): 1 for n in range(1000)}
    tree = tree_of(values)
    monkeypatch.setattr(digest_module, "leaf_hash", counting_leaf)
    monkeypatch.setattr(digest_module, "node_hash", counting_node)
    for n in (0, 500, 999):
        tree.update({("works", f"{n:04}"): 2})
        values["works", f"{n:04}"] = 2
    assert counts["leaf"] == 3
    assert counts["node"] <= 30
    before = dict(counts)
    tree.update({("works", "0000"): 2})
    tree.update({("works", "absent"): None})
    assert counts == before
    # What is appended at the end of the order costs no more than its own edge.
    tree.update({("works", "9999"): 1})
    assert counts["node"] - before["node"] <= 12
    monkeypatch.undo()
    assert tree.root() == naive({**values, ("works", "9999"): 1})


def test_a_value_without_canonical_form_leaves_the_tree_whole() -> None:
    """What cannot be a leaf is refused before anything is changed, so the digest stays that of the state before."""
    tree = tree_of({("works", "a"): 1, ("works", "b"): 1})
    root = tree.root()
    for bad in ({("works", "a"): 2, ("works", "b"): 1.5}, {("works", "a"): 2, ("works", "\u202e"): 1}):
        with pytest.raises(FormatError):
            tree.update(bad)
        assert tree.root() == root
        assert verify_present(tree.prove("works", "a"), root, "works", "a") == 1


def test_keys_are_ordered_as_their_leaves_are() -> None:
    """A key that begins another, or that holds a quote, never confuses the order: a leaf begins as its prefix does."""
    keys = ["a", 'a"', "a,", "ab", "a\\", "", "é"]
    for key in keys:
        assert leaf_bytes("works", key, [1]).startswith(prefix_of("works", key))
        assert not any(leaf_bytes("works", other, 1).startswith(prefix_of("works", key)) for other in keys if other != key)
    leaves = sorted(leaf_bytes("works", key, 1) for key in keys)
    assert leaves == [leaf_bytes("works", key, 1) for key in sorted(keys, key=lambda key: prefix_of("works", key))]


def test_a_value_leaves_out_what_it_has_by_default() -> None:
    """A leaf holds canonical data and no fields that say nothing, so that a later version can add some."""
    assert leaf_bytes("seats", "chair/heron", Seat("chair", "heron", "held", "ab", 0)) == canonical_bytes(
        ["seats", "chair/heron", {"office": "chair", "member": "heron", "status": "held", "by": "ab", "index": 0}]
    )


def test_the_outcomes_keep_a_tree_in_step_with_the_fold() -> None:
    """Whoever takes from each outcome what it changed has the digest of the state at every entry, attests included."""
    made = partnered()
    first = made.propose("heron", "statement", statement("we are on air"))
    made.approve(first, "heron", "tern")
    made.act("tern", "approve", proposal=first)
    made.attest(1_700_000_600)
    assert made.status(first) == "enacted"
    other = house()
    assert other.state.org == made.state.org
    from commonhold.kernel.record.fold import apply
    from commonhold.kernel.tlog.merkle import Tree

    state, log, tree = empty_state(), Tree(), StateTree()
    for raw in made.leaves:
        state, outcome = apply(state, raw, log.root)
        log.append(leaf_hash(raw))
        tree.update({(part, key): state.parts[part].get(key) for part, key in outcome.changed})
        assert tree.root() == StateTree.of(state).root()
        assert bool(outcome.changed) <= outcome.counts
    assert verify_present(
        tree.prove("statements", statement("we are on air")["text"]), tree.root(), "statements", statement("we are on air")["text"]
    )
