"""Laws of history: which epoch stands, what displaces a branch, and when nobody may guess."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.errors import ProofError
from commonhold.kernel.ids import origin_of
from commonhold.kernel.notes import SignerKey
from commonhold.kernel.record.fold import fold
from commonhold.kernel.record.history import MAX_LOGS, History, Log, read_history
from commonhold.kernel.record.succession import epoch_of
from commonhold.kernel.tlog.checkpoint import Checkpoint
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.testing.house import MemoryHouse
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import DAY, FLOCK, T0, Club, digest, text
from tests.kernel.record.test_succession import POLICY, go_on, opened

HISTORY = "src/commonhold/kernel/record/history.py"


def read(*houses: MemoryHouse) -> History:
    """The history of these logs, which must not depend on their order."""
    logs = [house.held() for house in houses]
    histories = [read_history(houses[0].org, order) for order in (logs, logs[::-1])]
    told = {(tuple(chapter.origin for chapter in history.line), frozenset(history.contradiction)) for history in histories}
    assert len(told) == 1
    return histories[0]


def moved(club: MemoryHouse, *names: str, size: int | None = None, seed: str = "next", unwitnessed: bool = False) -> MemoryHouse:
    """A next epoch whose succession these members have decided."""
    house = opened(club, names[0], size, seed)
    house.succeed(*names, unwitnessed=unwitnessed)
    if not unwitnessed:
        assert house.attest(T0 + 50).counts
    assert house.state.phase == "running"
    return house


def why(history: History, house: MemoryHouse) -> str:
    """Why an epoch was passed over."""
    return history.passed_over[house.state.origin].code


def test_one_log_is_a_history_of_one_epoch() -> None:
    """What it says is what a replay says."""
    club = Club(clocked=True)
    history = read(club)
    assert digest(history.current.state) == digest(club.state)
    assert (history.contradiction, history.passed_over, history.refused) == ((), {}, {})
    assert len(history.current.outcomes) == club.tree.size


def test_a_succession_that_the_members_decided_stands() -> None:
    """The line goes from the founding through every epoch, in whatever order its logs are found."""
    club = Club(clocked=True)
    first = moved(club, *FLOCK[:3])
    go_on(first)
    first.attest(T0 + 60)
    second = moved(first, *FLOCK[2:], seed="third")
    history = read(second, club, first)
    assert [chapter.origin for chapter in history.line] == [house.state.origin for house in (club, first, second)]
    assert digest(history.current.state) == digest(second.state)


@attack(
    "epoch-below-threshold",
    Mutation(HISTORY, find="        if not child.lives:\n", replace="        if child is None:\n"),
)
def test_an_epoch_that_nobody_decided_changes_nothing() -> None:
    """Any member can open one; the organisation stays where it is until enough of them say otherwise."""
    club = Club(clocked=True)
    house = opened(club)
    house.succeed(*FLOCK[:2])
    house.attest(T0 + 5)
    history = read(club, house)
    assert history.current.origin == club.state.origin
    assert why(history, house) == "history/not-decided"


@pytest.mark.parametrize("junk", ["noise", "statement", "proposal", "channel"])
def test_what_moves_no_authority_does_not_displace_a_branch(junk: str) -> None:
    """After the branch the old log may say what it likes: as long as members, seats, rules, keys and partners are what they were, nothing."""
    club = Club(clocked=True)
    size = club.tree.size
    if junk == "noise":
        club.append(b"junk")
    elif junk == "proposal":
        club.propose("curlew", "ordinary", {"text": text("later")})
    elif junk == "statement":
        club.decide("statement", {"text": text("later"), "language": "en"}, "heron", "tern")
    else:
        club.decide("channel", {"op": "add", "address": "https://later.example/"}, "heron")
    club.tick()
    house = moved(club, *FLOCK[:3], size=size)
    assert read(club, house).current.origin == house.state.origin


@attack("epoch-recall", Mutation(HISTORY, find="            struck |= proposal.approvals.keys()\n", replace="            pass\n"))
def test_a_recall_by_a_majority_cannot_be_branched_away() -> None:
    """Whoever was dismissed cannot take the organisation back to the day before, however many of the same people they persuade."""
    for count in (3, 4, 5):
        club = Club(clocked=True)
        size = club.tree.size
        club.decide("dismiss", {"office": "chair", "member": "heron"}, *FLOCK[2:])
        club.tick()
        house = moved(club, *FLOCK[:count], size=size)
        history = read(club, house)
        assert history.current.origin == club.state.origin
        assert why(history, house) == "history/displaced"
        assert history.passed_over[house.state.origin].data["struck"] == sorted(FLOCK[2:])
        assert read(club, moved(club, *FLOCK[:3])).current.state.part("seats") == club.state.part("seats")


@attack(
    "epoch-veto",
    Mutation(
        HISTORY,
        find="            struck |= proposal.approvals.keys()\n",
        replace="            struck |= {name for name, _ in at.active_members()}\n",
    ),
)
def test_a_few_who_go_on_deciding_do_not_block_a_majority() -> None:
    """What two of the old log's officers decide after the branch takes their own two voices and nobody else's."""
    club = Club({"decisions/elect": {"article": "1.2", "by": {"office": "chair"}, "enacts": ["appoint"]}}, clocked=True)
    size = club.tree.size
    club.decide("appoint", {"office": "editor", "member": "curlew"}, "heron")
    club.tick()
    assert club.seat("editor", "curlew")
    assert read(club, moved(club, *FLOCK[1:4], size=size)).line[1:]
    four = moved(club, *FLOCK[:3], size=size, seed="four")
    assert why(read(club, four), four) == "history/displaced", "with heron's own voice there are only two others"


@attack(
    "epoch-long-range", Mutation(HISTORY, find="        if now is None or now.kit != member.kit:\n", replace="        if now is None:\n")
)
def test_a_key_that_was_changed_since_the_branch_does_not_count() -> None:
    """Whoever holds yesterday's kits of those who rotated or left has yesterday's majority, which is none."""
    club = Club(clocked=True)
    size, stolen = club.tree.size, dict(club.kits)
    for name in ("tern", "plover"):
        kit = club.new_kit(name)
        club.decide("rotate-key", {"member": name, "add": [kit.keys.to_value()], "revoke": []}, name, by=name)
        club.kits[name] = kit
    club.propose("dunlin", "depart", {"member": "dunlin"})
    club.tick()
    kits, club.kits = club.kits, stolen
    house = moved(club, *FLOCK, size=size)
    club.kits = kits
    history = read(club, house)
    assert why(history, house) == "history/displaced"
    assert history.passed_over[house.state.origin].data["struck"] == ["dunlin", "plover", "tern"]


@attack(
    "epoch-double-signer",
    Mutation(HISTORY, find="    if len(_opens(alone)) != 1:\n", replace="    alone = alone or candidates[:1]\n    if not alone:\n"),
)
def test_whoever_signs_for_two_epochs_has_a_voice_in_neither() -> None:
    """Two majorities of one register share members; without these neither meets its rule, and no winner is guessed."""
    club = Club(clocked=True)
    rival = moved(club, "plover", "curlew", "dunlin", seed="rival")
    alike = moved(club, *FLOCK[:3], seed="alike")
    history = read(club, alike, rival)
    assert set(history.contradiction) == {alike.state.origin, rival.state.origin}
    assert history.current.origin == club.state.origin


@attack(
    "epoch-double-signer",
    Mutation(HISTORY, find="[still_meets(child, lost | twice) for child", replace="[still_meets(child, lost) for child"),
)
def test_the_epoch_that_meets_its_rule_without_the_double_signers_stands() -> None:
    """Registers of different places differ, so one may stand alone: three of five of long ago against six of nine of today."""
    club = Club({"decisions/admit": {"article": "1.1", "by": {"office": "chair"}}}, clocked=True)
    size, newer = club.tree.size, ("gannet", "knot", "ruff", "smew")
    for name in newer:
        club.admit(name, "heron")
    club.tick(40 * DAY)
    long_ago = moved(club, "tern", "plover", "curlew", size=size, seed="long ago")
    assert read(club, long_ago).current.origin == long_ago.state.origin
    today = opened(club)
    opening = epoch_of(today.state)
    assert opening is not None
    today.approve(today.propose("heron", "succeed", {"open": opening.open}), "heron", "dunlin", "curlew", *newer)
    today.attest(club.now + 1)
    history = read(club, long_ago, today)
    assert history.current.origin == today.state.origin
    assert why(history, long_ago) == "history/double-signers"
    assert history.passed_over[long_ago.state.origin].data["struck"] == ["curlew"]


def test_members_get_out_of_a_contradiction_by_deciding_again() -> None:
    """Another succession after one of two epochs that contradict each other resolves it, if those who signed twice are not needed for it."""
    names = (*FLOCK, "gannet", "knot")
    club = Club(members=names, clocked=True)
    honest = moved(club, *names[:4], seed="honest")
    rival = moved(club, *names[3:], seed="rival")
    assert read(club, honest, rival).contradiction
    twice = opened(honest, seed="twice")
    twice.succeed(*names[:4])
    twice.attest(T0 + 60)
    assert read(club, honest, rival, twice).contradiction
    again = opened(honest, seed="again")
    again.succeed("heron", "tern", "plover", "gannet")
    again.attest(T0 + 60)
    history = read(club, honest, rival, again)
    assert not history.contradiction
    assert [chapter.origin for chapter in history.line] == [house.state.origin for house in (club, honest, again)]
    other = opened(rival, "knot", seed="other")
    other.succeed("knot", "dunlin", "gannet", "heron")
    other.attest(T0 + 60)
    assert read(club, honest, rival, again, other).contradiction


@attack("epoch-two-faces", Mutation(HISTORY, find="for other in others) == 1:", replace="for other in others) == -1:"))
def test_of_two_faces_of_a_log_the_one_that_partners_cosigned_counts() -> None:
    """A log that shows partners one history and somebody else another deceives only whoever looks at no cosignature."""
    club = Club(clocked=True)
    size = club.tree.size
    hidden = Club(clocked=True)
    hidden.append(b"another history")
    hidden.append(b"and more of it")
    club.decide("ordinary", {"text": text("the true one")})
    history = read_history(club.org, [hidden.held(), club.held(T0 + 5)])
    assert history.current.tree.root() == club.tree.root()
    assert [error.code for error in history.passed_over.values()] == ["history/other-face"]
    for time in (None, T0 + 5):
        logs = [hidden.held(time), club.held(time)]
        assert read_history(club.org, logs).contradiction == (club.state.origin,) * 2
    house = moved(club, *FLOCK[:3])
    history = read_history(club.org, [hidden.held(), club.held(), house.held()])
    assert (history.contradiction, history.current.origin) == ((), house.state.origin), "the members have said which"
    assert size < club.tree.size


def face_of(house: MemoryHouse, *leaves: bytes, size: int | None = None) -> MemoryHouse:
    """What whoever holds the key of a log can show as well: its first entries, and then others."""
    face = copy.copy(house)
    face.leaves, face.outcomes = house.leaves[:size], house.outcomes[:size]
    face.tree, face.state = Tree(leaf_hash(leaf) for leaf in face.leaves), fold(face.leaves, house.start)
    for leaf in leaves:
        face.append(leaf)
    return face


@attack(
    "epoch-face-of-the-past",
    Mutation(HISTORY, find="voices.setdefault(_opening(child), set())", replace="voices.setdefault(child.tree.root().hex(), set())"),
    Mutation(HISTORY, find="len(_opens(standing)) > 1 and len(_opens(following)) > 1", replace="len(standing) > 1 and len(following) > 1"),
)
def test_a_second_face_of_a_log_that_was_left_makes_nobody_a_double_signer() -> None:
    """Whoever holds the key of a past epoch's log signs other tails for ever; members who moved on by one succession signed one succession."""
    club = Club(clocked=True)
    first = moved(club, *FLOCK[:3])
    second = moved(first, *FLOCK[:3], seed="second")
    firsts = [face_of(first, b"one"), face_of(first, b"another"), face_of(first, b"a third")]
    assert read(club, *firsts, second).current.origin == second.state.origin
    # Two faces of the log where they live now are the end of it, until they decide again; then nothing of them is left.
    seconds = [face_of(second, b"one"), face_of(second, b"another")]
    history = read(club, *firsts, *seconds)
    assert history.contradiction == (second.state.origin,) * 2
    assert [chapter.origin for chapter in history.line] == [house.state.origin for house in (club, first)]
    third = moved(second, *FLOCK[:3], seed="third")
    history = read(club, *firsts, *seconds, third)
    assert (history.contradiction, history.current.origin) == ((), third.state.origin)


def test_epochs_off_two_faces_of_one_log_leave_the_contradiction_where_it_is() -> None:
    """Each majority believed another face: nobody guesses which. Where both branch off what the faces share, they contradict each other."""
    club = Club(clocked=True)
    first = moved(club, *FLOCK[:3])
    faces = [face_of(first, b"one"), face_of(first, b"another")]
    apart = [moved(face, *names, seed=f"off {at}") for at, (face, names) in enumerate(zip(faces, (FLOCK[:3], FLOCK[2:]), strict=True))]
    history = read(club, *faces, *apart)
    assert history.contradiction == (first.state.origin,) * 2
    alike = [moved(first, *names, seed=f"off {at}") for at, names in enumerate((FLOCK[:3], FLOCK[2:]))]
    history = read(club, *faces, *alike)
    assert set(history.contradiction) == {house.state.origin for house in alike}


def test_copies_of_one_log_are_one_log() -> None:
    """An older copy adds nothing, and the longest is read."""
    club = Club(clocked=True)
    history = read_history(club.org, [club.held(size=8), club.held(), club.held(T0 + 5), club.held(size=7)])
    assert history.current.tree.size == club.tree.size
    assert history.current.witnessed == club.tree.size
    assert not history.contradiction
    assert not history.passed_over
    assert not read(Club()).current.witnessed


def refusal(org: str, club: Club, *logs: Log) -> list[str]:
    history = read_history(org, [*logs, club.held()])
    assert history.current.tree.root() == club.tree.root()
    return [error.code for error in history.refused.values()]


def test_what_is_no_log_of_the_organisation_is_set_aside() -> None:
    """Junk, another organisation's log, leaves that nobody signed and an epoch without a place are named and change nothing."""
    club = Club(clocked=True)
    other = MemoryHouse(dict(club.state.charter.value), FLOCK, seed="other")
    assert refusal(club.org, club, Log(b"", ())) == ["history/no-first-entry"]
    assert refusal(club.org, club, other.held()) == ["history/no-first-entry"]
    assert refusal(club.org, club, Log(club.held().note, (b"junk",))) == ["canonical/not-json"]
    assert refusal(club.org, club, Log(club.held().note, (club.leaves[-1],))) == ["history/no-first-entry"]
    assert refusal(club.org, club, Log(other.held().note, club.leaves)) == ["note/no-known-key"]
    assert refusal(club.org, club, Log(club.held().note, club.leaves[:-1])) == ["history/root"]
    assert refusal(club.org, club, Log(club.held().note, (*club.leaves, b"more than was signed"))) == []
    house = opened(club)
    assert refusal(club.org, club, Log(house.held().note, (*house.leaves, b"junk"))) == []
    stranger = club.branch_off("stranger")
    stranger.kits["heron"] = club.new_kit("heron")
    stranger.open("heron", POLICY)
    key = SignerKey(origin_of(club.org, 1, stranger.log.verifier.public), stranger.log.seed)
    note = Checkpoint(key.name, 1, stranger.tree.root()).sign(key)
    assert refusal(club.org, club, Log(note, stranger.leaves)) == ["key/unknown"]
    for _ in range(2):
        hidden = Club(clocked=True)
        hidden.append(b"another history")
        assert refusal(club.org, club, opened(hidden).held()) == ["history/no-parent"]
        club.tick()
    with pytest.raises(ProofError) as refused:
        read_history(club.org, [house.held()])
    assert refused.value.code == "history/no-founding"
    many = read_history(club.org, [club.held(size=7)] * MAX_LOGS + [Log(b"", ())])
    assert [error.code for error in many.refused.values()] == ["history/too-many"]


@given(order=st.permutations(range(4)))
def test_the_order_in_which_logs_are_found_does_not_matter(order: Sequence[int]) -> None:
    """Two readers with the same logs read the same history."""
    houses = HOUSES
    history = read_history(houses[0].org, [houses[at].held() for at in order])
    assert history.current.origin == houses[2].state.origin
    assert set(history.passed_over) == {houses[3].state.origin}


_CLUB = Club(clocked=True)
_FIRST = moved(_CLUB, *FLOCK[:3])
_SECOND = moved(_FIRST, *FLOCK[1:4], seed="second")
HOUSES = (_CLUB, _FIRST, _SECOND, opened(_CLUB, seed="nobody's"))
