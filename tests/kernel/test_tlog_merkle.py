"""Laws about the tree: it is RFC 6962's, every proof that it makes verifies, and nothing else does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.tlog.hashes import check_size, consistency_ranges, inclusion_ranges
from commonhold.kernel.tlog.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.attacks import Mutation, attack

MERKLE = "src/commonhold/kernel/tlog/merkle.py"
LEAVES = [leaf_hash(bytes([index % 256, index // 256])) for index in range(600)]
TREE = Tree(LEAVES)
sizes = st.integers(0, 600)


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """The root exactly as RFC 6962 section 2.1 writes it, by recursion."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 section 2.1.1, by recursion."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def test_leaves_and_nodes_are_hashed_under_different_first_bytes() -> None:
    """A node can never pass for a leaf: their hashes begin with different bytes (RFC 6962 2.1)."""
    assert leaf_hash(b"entry") == hashlib.sha256(b"\x00entry").digest()
    assert node_hash(LEAVES[0], LEAVES[1]) == hashlib.sha256(b"\x01" + LEAVES[0] + LEAVES[1]).digest()
    assert hashlib.sha256(b"").digest() == EMPTY_ROOT == Tree().root() == Frontier().root()


@given(sizes)
def test_the_tree_and_the_frontier_have_the_root_of_rfc_6962(size: int) -> None:
    """At every size, tree, frontier and the definition by recursion agree."""
    expected = naive_root(LEAVES[:size])
    assert TREE.root(size) == expected
    assert Tree(LEAVES[:size]).root() == expected
    assert Frontier().extend(LEAVES[:size]).root() == expected
    assert TREE.frontier(size) == Frontier().extend(LEAVES[:size])


def test_a_growing_tree_remembers_every_earlier_root() -> None:
    """Whatever was asked before and forgotten since, an earlier root is still the same: the empty one too."""
    tree, frontier, roots = Tree(), Frontier(), [EMPTY_ROOT]
    for leaf in LEAVES[:300]:
        tree.append(leaf)
        frontier = frontier.append(leaf)
        roots.append(tree.root())
        assert roots[-1] == frontier.root()
    assert len(tree) == tree.size == frontier.size == 300
    assert [tree.root(size) for size in range(301)] == roots
    assert len(tree._roots) <= 64, "the cache of roots must stay small"
    assert tree.leaf(299) == LEAVES[299]


@given(st.data())
def test_inclusion_proofs_are_rfc_6962s_and_verify(data: st.DataObject) -> None:
    """The proof of any leaf at any size is the one that the definition gives, and it verifies."""
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    proof = TREE.inclusion_proof(index, size)
    assert proof == naive_path(index, LEAVES[:size])
    verify_inclusion(index, size, LEAVES[index], proof, TREE.root(size))


@given(st.data())
def test_consistency_proofs_verify(data: st.DataObject) -> None:
    """Between any two sizes that are not 0 the proof verifies, and it is empty where there is nothing to show."""
    new = data.draw(st.integers(1, 600))
    old = data.draw(st.integers(1, new))
    proof = TREE.consistency_proof(old, new)
    verify_consistency(old, new, TREE.root(old), TREE.root(new), proof)
    assert (proof == []) == (old == new)
    assert TREE.consistency_proof(0, new) == []


@st.composite
def mutations(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    """*proof*, changed in one way."""
    changed = list(proof)
    kind = draw(st.sampled_from(["flip", "drop", "add", "swap"] if proof else ["add"]))
    at = draw(st.integers(0, max(0, len(proof) - 1)))
    if kind == "flip":
        bit = draw(st.integers(0, 255))
        changed[at] = (int.from_bytes(changed[at], "big") ^ 1 << bit).to_bytes(32, "big")
    elif kind == "drop":
        del changed[at]
    elif kind == "add":
        changed.insert(at, draw(st.sampled_from([bytes(32), *proof])))
    else:
        changed.reverse()
    return changed


@given(st.data())
def test_a_changed_inclusion_proof_is_refused(data: st.DataObject) -> None:
    """No bit, hash or order of a proof can change, nor can the leaf, its index, the size's tree or the root."""
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    proof, root = TREE.inclusion_proof(index, size), TREE.root(size)
    changed = data.draw(mutations(proof))
    if changed != proof:
        with pytest.raises(ProofError):
            verify_inclusion(index, size, LEAVES[index], changed, root)
    for wrong in ((index + 1) % size, (index + size // 2) % size):
        if wrong != index:
            with pytest.raises(ProofError):
                verify_inclusion(wrong, size, LEAVES[index], proof, root)
    with pytest.raises(ProofError):
        verify_inclusion(index, size, leaf_hash(b"another"), proof, root)
    with pytest.raises(ProofError):
        verify_inclusion(index, size, LEAVES[index], proof, bytes(32))


@given(st.data())
def test_a_changed_consistency_proof_is_refused(data: st.DataObject) -> None:
    """No bit, hash or order of a proof can change, nor can either root."""
    new = data.draw(st.integers(2, 600))
    old = data.draw(st.integers(1, new - 1))
    proof, roots = TREE.consistency_proof(old, new), (TREE.root(old), TREE.root(new))
    changed = data.draw(mutations(proof))
    if changed != proof:
        with pytest.raises(ProofError):
            verify_consistency(old, new, *roots, changed)
    for wrong in ((bytes(32), roots[1]), (roots[0], bytes(32)), (roots[1], roots[0])):
        with pytest.raises(ProofError):
            verify_consistency(old, new, *wrong, proof)


@attack("record-15", Mutation(MERKLE, find="if not 0 <= old_size <= new_size <= MAX_SIZE:", replace="if old_size < 0:"))
def test_a_tree_never_shrinks() -> None:
    """An older tree served after a newer one has no proof, whatever is given for one."""
    for proof in ([], TREE.consistency_proof(5, 9), [TREE.root(5)]):
        with pytest.raises(ProofError) as refusal:
            verify_consistency(9, 5, TREE.root(9), TREE.root(5), proof)
        assert refusal.value.code == "proof/sizes"
        assert refusal.value.data == {"old": 9, "new": 5}


@attack(
    "record-20",
    Mutation(MERKLE, find="_check_roots(old_result, old_root,", replace="_check_roots(old_root, old_root,"),
)
def test_a_history_that_was_written_again_is_not_consistent() -> None:
    """A tree that differs in one early leaf has no proof from the checkpoint that a reader kept, not even its own."""
    forged = Tree([leaf_hash(b"rewritten"), *LEAVES[1:20]])
    with pytest.raises(ProofError) as refusal:
        verify_consistency(7, 20, TREE.root(7), forged.root(20), forged.consistency_proof(7, 20))
    assert refusal.value.code == "proof/root"
    assert TREE.root(7).hex() in str(refusal.value), "both roots are shown"
    assert forged.root(7).hex() in str(refusal.value)


def test_equal_sizes_need_equal_roots_and_no_proof() -> None:
    """Two trees of one size are the same tree or a contradiction; a proof between them is one too."""
    for size in (0, 5):
        verify_consistency(size, size, TREE.root(size), TREE.root(size), [])
        with pytest.raises(ProofError) as refusal:
            verify_consistency(size, size, TREE.root(size), TREE.root(6), [])
        assert refusal.value.code == "proof/root"
        with pytest.raises(ProofError) as refusal:
            verify_consistency(size, size, TREE.root(size), TREE.root(size), [bytes(32)])
        assert refusal.value.code == "proof/length"


def test_size_0_proves_nothing_to_a_verifier() -> None:
    """RFC 9162 has no proof from an empty tree; a witness, which must accept ``old 0`` with an empty proof, does not ask for one."""
    for proof in ([], [bytes(32)]):
        with pytest.raises(ProofError) as refusal:
            verify_consistency(0, 5, EMPTY_ROOT, TREE.root(5), proof)
        assert refusal.value.code == "proof/empty-tree"


def test_too_short_and_too_long_proofs_are_told_apart_from_wrong_ones() -> None:
    """A reader learns whether a proof was cut, had something added, or leads elsewhere."""
    proof, path = TREE.consistency_proof(6, 11), TREE.inclusion_proof(6, 11)
    for bad in (proof[:-1], [*proof, bytes(32)]):
        with pytest.raises(ProofError) as refusal:
            verify_consistency(6, 11, TREE.root(6), TREE.root(11), bad)
        assert refusal.value.code == "proof/length"
    for bad in (path[:-1], [*path, bytes(32)]):
        with pytest.raises(ProofError) as refusal:
            verify_inclusion(6, 11, LEAVES[6], bad, TREE.root(11))
        assert refusal.value.code == "proof/length"
    with pytest.raises(ProofError) as refusal:
        verify_consistency(6, 11, TREE.root(6), TREE.root(11), [])
    assert refusal.value.code == "proof/length"


@attack("record-29", Mutation(MERKLE, find="if len(proof) > MAX_PROOF:", replace="if len(proof) > MAX_PROOF * 2:"))
def test_64_hashes_are_too_many_for_any_tree() -> None:
    """No tree has more than 63 levels of siblings, so a longer proof is refused before anything is hashed."""
    for verify in (
        lambda: verify_inclusion(0, MAX_SIZE, bytes(32), [bytes(32)] * 64, bytes(32)),
        lambda: verify_consistency(1, MAX_SIZE, bytes(32), bytes(32), [bytes(32)] * 64),
    ):
        with pytest.raises(ProofError, match="has 64 hashes, and at most 63") as refusal:
            verify()
        assert refusal.value.code == "proof/length"


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), bytes(64)])
def test_hashes_of_another_length_are_refused_wherever_they_stand(bad: bytes) -> None:
    """32 bytes and nothing else: two shorter or longer pieces could be joined into one node's input."""
    root, proof = TREE.root(4), TREE.inclusion_proof(1, 4)
    for leaf, path, end in ((bad, proof, root), (LEAVES[1], [bad, proof[1]], root), (LEAVES[1], proof, bad)):
        with pytest.raises(ProofError) as refusal:
            verify_inclusion(1, 4, leaf, path, end)
        assert refusal.value.code == "proof/hash"
    tree = Tree(LEAVES[:3])
    with pytest.raises(FormatError):
        tree.append(bad)
    assert (tree.size, tree.root()) == (3, TREE.root(3)), "a refused leaf leaves the tree as it was"
    with pytest.raises(FormatError):
        Frontier().append(bad)
    with pytest.raises(FormatError):
        Frontier(1, (bad,))


def test_leaves_and_sizes_that_never_were_are_refused() -> None:
    """A tree answers for what it has and had, and refuses everything else in words."""
    tree = Tree(LEAVES[:5])
    for ask in (
        lambda: tree.leaf(5),
        lambda: tree.leaf(-1),
        lambda: tree.root(6),
        lambda: tree.root(-1),
        lambda: tree.inclusion_proof(5),
        lambda: tree.inclusion_proof(-1),
        lambda: tree.inclusion_proof(0, 6),
        lambda: tree.consistency_proof(4, 6),
        lambda: tree.consistency_proof(5, 4),
        lambda: tree.consistency_proof(-1),
        lambda: tree.frontier(6),
        lambda: Frontier.of(-1, lambda level, index: bytes(32)),
        lambda: Frontier(2, ()),
        lambda: Frontier(-1, ()),
        lambda: Frontier(MAX_SIZE + 1, (bytes(32),)),
        lambda: inclusion_ranges(0, MAX_SIZE + 1),
        lambda: consistency_ranges(1, MAX_SIZE + 1),
        lambda: check_size(-1),
    ):
        with pytest.raises(FormatError):
            ask()


def test_an_index_outside_the_tree_is_refused() -> None:
    """Leaf n of a tree with n leaves does not exist, however good its proof looks."""
    for index in (-1, 4, MAX_SIZE + 1):
        with pytest.raises(ProofError) as refusal:
            verify_inclusion(index, 4, LEAVES[0], TREE.inclusion_proof(0, 4), TREE.root(4))
        assert refusal.value.code == "proof/index"


def test_the_longest_proof_of_the_largest_tree_is_walked() -> None:
    """Sizes up to 2**63 - 1 have at most 63 hashes in an inclusion proof, and none of the arithmetic overflows."""
    assert len(inclusion_ranges(0, MAX_SIZE)) == 63
    assert max(len(inclusion_ranges(index, MAX_SIZE)) for index in (0, 1, MAX_SIZE // 2, MAX_SIZE - 1)) == 63
    assert len(consistency_ranges(2**61 + 1, 2**62)) == 63


@settings(max_examples=40)
@given(
    st.integers(-2, 70) | st.just(MAX_SIZE),
    st.integers(-2, 70) | st.just(MAX_SIZE),
    st.lists(st.sampled_from([bytes(32), LEAVES[0], b"short"]), max_size=66),
)
def test_nothing_but_our_errors_leaves_a_verifier(first: int, second: int, proof: list[bytes]) -> None:
    """Whatever is handed to a verifier, it passes or raises one of the project's errors."""
    for verify in (
        lambda: verify_inclusion(first, second, LEAVES[0], proof, LEAVES[1]),
        lambda: verify_consistency(first, second, LEAVES[0], LEAVES[1], proof),
    ):
        try:
            verify()
        except CommonholdError:
            continue


def test_a_copy_of_a_tree_stays_as_it_was() -> None:
    """Whoever was given a tree can go on reading it while its owner appends."""
    tree = Tree(leaf_hash(b"%d" % index) for index in range(70))
    kept, root = tree.copy(), tree.root()
    tree.extend(leaf_hash(b"more %d" % index) for index in range(70))
    assert (kept.size, kept.root(), kept.root(64)) == (70, root, tree.root(64))
    kept.append(leaf_hash(b"other"))
    assert kept.root() != tree.root(71)
