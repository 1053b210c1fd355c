"""Replay: the fold with its signatures checked ahead, on this core or another, and never another state for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

import pytest

from commonhold.kernel.record import replay as replay_module
from commonhold.kernel.record.digest import StateTree
from commonhold.kernel.record.fold import Outcome, apply
from commonhold.kernel.record.jobs import Job, here, verify_jobs
from commonhold.kernel.record.replay import Replay
from commonhold.kernel.record.state import State, empty_state
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.testing.house import MemoryHouse
from tests.authenticator import Authenticator
from tests.kernel.attacks.saltmarsh import START, house, partnered, statement


@cache
def busy() -> MemoryHouse:
    """A log with everything that a replay must get right: keys that come and go, forgeries, copies, rubbish, a passkey and attests."""
    made = partnered()
    new = made.new_kit("curlew")
    passkey = Authenticator().passkey.to_value()
    change = made.propose("curlew", "rotate-key", {"member": "curlew", "add": [new.keys.to_value(), passkey], "revoke": []})
    made.approve(change, "curlew")
    made.attest(START + 60)
    assert made.status(change) == "enacted"
    made.act("curlew", "withdraw", what="seat", of="editor")
    old, made.kits["curlew"] = made.kits["curlew"], new
    made.act("curlew", "withdraw", what="seat", of="chair")
    text = made.propose("heron", "statement", statement("on air"))
    made.approve(text, "heron")
    made.append(made.sign("tern", "approve", {"proposal": text}, kit=made.new_kit("thief")))
    forged = made.sign("tern", "approve", {"proposal": text})
    made.append(forged.replace(b'"nonce":"', b'"nonce":"AAAA')[: len(forged)])
    made.append(forged[:-40] + forged[-40:].replace(b"=", b"A"))
    made.append(made.sign("tern", "approve", {"proposal": text}, kit=old))
    made.append(made.leaves[-5])
    made.append(b"rubbish")
    made.append(made.leaves[0])
    made.act("heron", "propose", kind="recover-member", payload={"member": "tern", "kit": {"kind": "none"}}, not_after=START * 2)
    made.act("heron", "propose", kind="rotate-key", payload={"member": "heron", "add": 7, "kit": [], "revoke": []}, not_after=START * 2)
    made.act(
        "heron",
        "propose",
        kind="admit",
        payload={"member": "dunlin", "keys": [passkey, made.new_kit("dunlin").keys.to_value()]},
        not_after=START * 2,
    )
    made.approve(text, "tern")
    made.attest(START + 120)
    assert made.status(text) == "enacted"
    return made


def slowly(leaves: list[bytes]) -> tuple[State, list[Outcome]]:
    state, tree, outcomes = empty_state(), Tree(), []
    for raw in leaves:
        state, outcome = apply(state, raw, tree.root)
        tree.append(leaf_hash(raw))
        outcomes.append(outcome)
    return state, outcomes


@pytest.mark.parametrize("chunk", [1, 3, 256])
def test_a_replay_is_the_fold(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """Every outcome, the state and the root are those of folding leaf by leaf, however the log is cut into batches."""
    monkeypatch.setattr(replay_module, "CHUNK", chunk)
    made = busy()
    replay = Replay()
    outcomes = list(replay.run(made.leaves))
    state, expected = slowly(made.leaves)
    assert outcomes == expected == made.outcomes
    assert StateTree.of(replay.state).root() == StateTree.of(state).root()
    assert replay.tree.root() == made.tree.root()
    assert {outcome.code for outcome in outcomes} >= {
        "",
        "canonical/not-json",
        "found/again",
        "key/unknown",
        "entry/replayed",
        "payload/shape",
    }


def test_a_replay_on_another_process_is_the_same_replay() -> None:
    """The mathematics may run elsewhere; what comes back is the same state to the bit."""
    made = busy()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:

        def elsewhere(jobs: list[Job]) -> Callable[[], list[bool]]:
            future = pool.submit(verify_jobs, jobs)
            return lambda: future.result(60)

        replay = Replay()
        assert list(replay.run(made.leaves, elsewhere)) == made.outcomes
    assert StateTree.of(replay.state).root() == StateTree.of(made.state).root()


def test_a_replay_goes_on_from_a_state() -> None:
    """Whoever has replayed the beginning replays only the rest, with the keys that the state already knows."""
    made = busy()
    first = Replay()
    list(first.run(made.leaves[:10]))
    rest = Replay(first.state, first.tree)
    assert list(rest.run(made.leaves[10:])) == made.outcomes[10:]
    assert StateTree.of(rest.state).root() == StateTree.of(made.state).root()


def test_the_signatures_of_kits_are_checked_ahead() -> None:
    """Every kit's signature, of founders and of kits enrolled since, goes through the verifier, in the order of the log."""
    made = busy()
    seen: list[Job] = []

    def counting(jobs: list[Job]) -> Callable[[], list[bool]]:
        seen.extend(jobs)
        return here(jobs)

    list(Replay().run(made.leaves, counting))
    leaves = [outcome.entry for outcome in made.outcomes if outcome.entry is not None]
    enrolled = {kit.key_id: kit.keys.sign for kit in [*house().kits.values(), made.kits["curlew"]]}
    ahead = [(enrolled[e.key], e.signed_bytes, e.sig.value) for e in leaves if e.sig is not None and e.key in enrolled]
    assert seen == ahead
    assert {public for public, _, _ in seen} == set(enrolled.values())


def test_a_verifier_is_asked_about_signatures_and_nothing_else() -> None:
    """A verifier that calls everything good lets no stranger in: whose key it is, whether it is revoked and what it may do, the fold decides."""
    made = busy()
    replay = Replay()
    outcomes = list(replay.run(made.leaves, lambda jobs: lambda: [True] * len(jobs)))
    for lied, true in zip(outcomes, made.outcomes, strict=True):
        assert lied.code == true.code or true.code in {"signature/invalid", "entry/replayed"}
    replay = Replay()
    outcomes = list(replay.run(made.leaves, lambda jobs: lambda: [False] * len(jobs)))
    assert outcomes[0].counts, "the founding is checked by the fold itself"
    assert not any(outcome.counts for outcome in outcomes[1:])
    assert replay.state.phase == "founding"


def test_outcomes_come_as_they_are_taken_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long log is read a few batches ahead of the fold and no further."""
    monkeypatch.setattr(replay_module, "CHUNK", 2)
    made, read = busy(), 0

    def source() -> object:
        nonlocal read
        for leaf in made.leaves:
            read += 1
            yield leaf

    replay = Replay()
    running = replay.run(source())  # type: ignore[arg-type] # a generator in place of a sequence, to see what is read when
    next(running)
    assert replay.state.size == 1
    assert read <= 2 * (replay_module.AHEAD + 1)
    assert list(Replay().run([])) == []
