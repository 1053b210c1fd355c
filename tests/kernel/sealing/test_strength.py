"""Laws of strength: what a seal is on paper and in truth, and who could open it without asking anybody."""

from __future__ import annotations

from commonhold.kernel.custody import analyse
from commonhold.kernel.custody.register import DOUBTFUL_SHARES, EARLIER_SHARES, TOGETHER, Party, Register
from commonhold.kernel.custody.sealing.structure import parse_structure
from commonhold.kernel.record.strength import Step, Strength, replacing, seal_nodes, strength, with_seals
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import DAY, T0
from tests.kernel.sealing.seals import BOTH
from tests.kernel.sealing.vault import Vault

FILE = "src/commonhold/kernel/record/strength.py"


def test_what_is_on_paper_and_what_is_true_are_said_side_by_side() -> None:
    """Numbers of each group, with and without the shares that are lost; and that nobody can open it, where that is so."""
    flat = parse_structure({"need": 3, "of": ["heron", "tern", "plover", "curlew", "avocet"]})
    assert Strength(flat, {}).in_words() == "3 of 5, on paper and in truth"
    assert Strength(flat, {"tern": "left"}).in_words() == "3 of 5 on paper, 3 of 4 in truth"
    closed = Strength(flat, {"tern": "left", "plover": "kit", "curlew": "late"})
    assert closed.in_words() == "3 of 5 on paper, 3 of 2 in truth: nobody can open it"
    assert (closed.opens, closed.spare) == (False, -1)
    both = Strength(parse_structure(BOTH), {"north": "late", "heron": "left"})
    assert both.in_words() == "2 of (2 of 3, 3 of 5) on paper, 2 of (2 of 2, 3 of 4) in truth"
    assert both.sound == {"tern", "plover", "east", "south", "west", "coast"}
    mixed = Strength(parse_structure({"need": 1, "of": ["heron", {"need": 1, "of": ["tern"]}]}), {"heron": "left"})
    assert mixed.in_words() == "1 of (heron, 1 of 1) on paper, 1 of (heron (lost), 1 of 1) in truth"


def test_the_spare_is_what_may_be_lost_in_the_worst_case() -> None:
    """Of 2 of 3 AND 3 of 5 one may go: the second loss among the officers closes it."""
    both = parse_structure(BOTH)
    assert Strength(both, {}).spare == 1
    assert Strength(both, {"heron": "left"}).spare == 0
    assert Strength(both, {"north": "left"}).spare == 1
    assert Strength(both, {"north": "left", "east": "left"}).spare == 0


@attack(
    "drill-missed",
    Mutation(FILE, find="clause.drill.after(proved.time) < state.clock:", replace="clause.drill.after(proved.time) < 0:"),
    Mutation(FILE, find="        elif member.kit != holding.kit:", replace="        elif False:"),
    Mutation(FILE, find="        elif proved is None:", replace="        elif False:"),
)
def test_a_share_that_nobody_has_proved_in_time_is_not_counted() -> None:
    """A missed drill, another kit, a departure, and a share that was never taken up: each is named, and a proof brings back what is late."""
    vault = Vault(clocked=True)
    seal = vault.offer_seal()
    vault.prove(seal, "heron")
    assert strength(vault.state, vault.sealed(seal)).lost == {"tern": "unproved", "plover": "unproved"}
    vault.prove(seal, "tern")
    vault.prove(seal, "plover")
    assert strength(vault.state, vault.live()).in_words() == "2 of 3, on paper and in truth"
    vault.tick(91 * DAY)
    assert strength(vault.state, vault.live()).lost == {"heron": "late", "tern": "late", "plover": "late"}
    vault.prove(seal, "heron")
    changed = vault.decide("rotate-key", {"member": "plover", "add": [vault.new_kit("plover").keys.to_value()], "revoke": []}, "plover")
    vault.tick()
    assert vault.status(changed) == "enacted"
    vault.propose("tern", "depart", {"member": "tern"})
    vault.tick()
    assert strength(vault.state, vault.live()).lost == {"tern": "left", "plover": "kit"}


def test_without_a_clock_or_a_clause_no_drill_is_missed() -> None:
    """Nobody could say when it was."""
    vault = Vault({"custody/keys/drill": None}, clocked=True)
    vault.seal()
    vault.tick(400 * DAY)
    assert "late" not in strength(vault.state, vault.live()).lost.values()
    plain = Vault(clocked=True)
    plain.seal()
    plain.decide("amend", plain.amendment({}))
    plain.tick(400 * DAY)
    assert plain.state.charter.custody == {}
    assert strength(plain.state, plain.live()).lost == {}
    early = Vault()
    early.seal()
    assert strength(early.state, early.live()).lost == {}


@attack(
    "drill-first-clock",
    Mutation("src/commonhold/kernel/record/clock.py", find="replace(proof, time=now) for name", replace="replace(proof) for name"),
)
def test_the_first_attest_dates_the_proofs_before_it() -> None:
    """A house that gets its first partner has not missed the drills of all the time since 1970; they begin to run."""
    vault = Vault()
    seal, offered = vault.seal(), vault.offer_seal()
    proposal = vault.propose("heron", "partner", vault.make_partners("kestrel", k=1))
    vault.approve(proposal, "heron", "tern", "plover")
    vault.now = T0
    assert vault.attest(T0).counts
    assert strength(vault.state, vault.sealed(seal)).lost == {}
    assert (vault.sealed(seal).live_at, vault.sealed(offered).live_at) == (T0, 0)
    vault.tick(91 * DAY)
    assert set(strength(vault.state, vault.sealed(seal)).lost.values()) == {"late"}


@attack(
    "seal-collusion",
    Mutation(FILE, find="    return AtLeast(group.need,", replace="    return AtLeast(len(group.of),"),
)
def test_custodians_who_collude_need_no_release_and_the_analysis_says_so() -> None:
    """Every set of them that meets the structure can take what is sealed, by themselves and those who have left."""
    vault = Vault()
    vault.seal()
    vault.seal("domain")
    vault.offer_seal()
    vault.propose("tern", "depart", {"member": "tern"})
    nodes = seal_nodes(vault.state)
    assert [node.id for node in nodes] == ["seal:domain", "seal:page"]
    assert [[way.via for way in node.ways] for node in nodes] == [[TOGETHER, DOUBTFUL_SHARES]] * 2
    register = with_seals(Register("", {"heron": Party("heron", "person", org=True)}, {}), vault.state)
    assert {name: party.org for name, party in register.parties.items()} == {"heron": True, "plover": True, "tern": False}
    found = analyse(register, ("seal:page",))["seal:page"]
    assert {frozenset(one) for one in found.seize.sets} == {
        frozenset({"heron", "tern"}), frozenset({"heron", "plover"}), frozenset({"plover", "tern"}),
    }  # fmt: skip


@attack(
    "custodian-silent",
    Mutation(FILE, find='for kind in ("dismiss", "appoint")]', replace='for kind in ("appoint",)]'),
    Mutation(FILE, find='        kinds = [("expel", "")]', replace="        kinds = []"),
    Mutation(
        "src/commonhold/kernel/record/custody.py",
        find='    if found.status == "offered" and proved.keys() == public.holdings.keys():',
        replace='    if found.status == "offered":',
    ),
)
def test_a_custodian_who_dies_or_falls_silent_is_replaced_by_the_charters_rule() -> None:
    """Late, dismissed, replaced, sealed anew by those who live; the old seal opens until the new one has all of its custodians."""
    vault = Vault(clocked=True)
    vault.seal()
    vault.tick(91 * DAY)
    for name in ("heron", "plover"):
        vault.prove(vault.live().proposal, name)
    found = strength(vault.state, vault.live())
    assert (found.lost, found.in_words(), found.spare) == ({"tern": "late"}, "2 of 3 on paper, 2 of 2 in truth", 0)
    steps = replacing(vault.state, "page", "tern")
    assert [(step.kind, step.office, step.rule, step.article) for step in steps] == [
        ("dismiss", "treasurer", "dismiss", "1.2"),
        ("appoint", "treasurer", "elect", "1.2"),
    ]
    living = ("heron", "plover", "curlew")
    dismissal = vault.decide("dismiss", {"office": "treasurer", "member": "tern"}, *living)
    vault.tick()
    assert vault.status(dismissal) == "enacted"
    assert replacing(vault.state, "page", "tern") == (Step("expel", "", "expel", "1.1"),)
    offer = vault.decide("appoint", {"office": "treasurer", "member": "curlew"}, *living)
    vault.tick()
    vault.do("curlew", "accept", of=offer)
    vault.tick()
    rotation = vault.rotation()
    assert rotation is not None
    assert rotation.reasons == ("seat/tern", "new/curlew")
    made, payload = vault.prepare()
    assert made.structure.people() == ("curlew", "heron", "plover")
    new = vault.decide("seal", payload, "heron", "plover")
    vault.tick()
    vault.made[new] = made
    for name in ("heron", "plover"):
        vault.prove(new, name)
    assert (vault.live().number, vault.sealed(new).status) == (1, "offered")
    release = vault.decide("release", vault.request(), "heron", "plover", by="dunlin")
    vault.tick()
    vault.contribute(release, "heron", "plover")
    assert vault.opened(release).secrets[0].value == "page 1"
    vault.prove(new, "curlew")
    assert (vault.live().number, strength(vault.state, vault.live()).lost) == (2, {})
    for name in ("heron", "curlew"):
        vault.do(name, "acknowledge", what="changed", of=new)
    assert vault.rotation() is None


def test_who_replaces_a_custodian_is_the_charters_to_say() -> None:
    """Nobody where it names no custodians or has no rule; of a body of all members a silent one is expelled, and one who left is gone already."""
    vault = Vault({"custody/keys/open": {"m": 2, "of": ["assembly"]}, "decisions/expel": None})
    assert replacing(vault.state, "page", "tern") == (Step("expel", "", "", ""),)
    assert replacing(vault.state, "cellar", "tern") == ()
    assert replacing(vault.state, "page", "nobody") == ()
    vault.propose("tern", "depart", {"member": "tern"})
    assert replacing(vault.state, "page", "tern") == ()


@attack(
    "seal-counted-as-there",
    Mutation(
        "src/commonhold/kernel/custody/graph.py", find="            if way.assumed or way.doubtful:", replace="            if way.assumed:"
    ),
    Mutation(FILE, find="    return Group(group.need, there) if len(there) >= group.need else None", replace="    return group"),
)
def test_who_could_take_it_and_who_still_has_it_are_counted_by_different_shares() -> None:
    """A share whose drill was missed may open it for a thief, and may not be there for the organisation: each question is answered at its worst."""
    vault = Vault(clocked=True)
    seal = vault.seal()
    vault.tick(91 * DAY)
    for name in ("heron", "tern"):
        vault.prove(seal, name)
    register = with_seals(Register("", {}, {}), vault.state)
    found = analyse(register, ("seal:page",))["seal:page"]
    assert {frozenset(one) for one in found.seize.sets} == {
        frozenset({"heron", "tern"}), frozenset({"heron", "plover"}), frozenset({"plover", "tern"}),
    }  # fmt: skip
    assert {frozenset(one) for one in found.lockout.sets} == {frozenset({"heron"}), frozenset({"tern"})}
    vault.tick(91 * DAY)
    assert strength(vault.state, vault.live()).lost.keys() == {"heron", "tern", "plover"}
    register = with_seals(Register("", {}, {}), vault.state)
    assert [way.via for way in register.nodes["seal:page"].ways] == [TOGETHER]
    found = analyse(register, ("seal:page",))["seal:page"]
    assert len(found.seize.sets) == 3
    assert found.lockout.sets == ((),)


@attack(
    "seal-earlier-quorum",
    Mutation(FILE, find='if other.resource == seal.resource and other.status == "replaced"', replace="if other.number < 0"),
)
def test_the_custodians_before_count_until_two_members_have_seen_the_change() -> None:
    """Whoever held the shares of the seal before may have the password that the provider still accepts."""
    vault = Vault()
    vault.seal()
    vault.decide("dismiss", {"office": "treasurer", "member": "tern"})
    vault.install("treasurer", "curlew")
    second = vault.seal()
    vault.seal("domain")
    register = with_seals(Register("", {}, {}), vault.state)
    assert [way.via for way in register.nodes["seal:page"].ways] == [TOGETHER, EARLIER_SHARES]
    found = analyse(register, ("seal:page",))["seal:page"]
    assert frozenset({"plover", "tern"}) in {frozenset(one) for one in found.seize.sets}
    assert frozenset({"heron", "curlew"}) in {frozenset(one) for one in found.seize.sets}
    for name in ("dunlin", "curlew"):
        vault.do(name, "acknowledge", what="changed", of=second)
    found = analyse(with_seals(Register("", {}, {}), vault.state), ("seal:page",))["seal:page"]
    assert "tern" not in {name for one in found.seize.sets for name in one}


def test_the_groups_of_a_seal_are_counted_without_what_is_lost() -> None:
    """A group that can never be met any more is not there; the others go on."""
    clause = {"m": 1, "of": [{"m": 2, "of": ["chair", "treasurer"]}, {"m": 2, "of": ["editor"]}]}
    seats = {"chair": "heron", "treasurer": "tern", "editor": "plover", "editor/2": "curlew"}
    vault = Vault({"custody/keys/open": clause}, seats=seats)
    vault.seal()
    vault.propose("tern", "depart", {"member": "tern"})
    found = analyse(with_seals(Register("", {}, {}), vault.state), ("seal:page",))["seal:page"]
    assert {frozenset(one) for one in found.lockout.sets} == {frozenset({"plover"}), frozenset({"curlew"})}
    assert {frozenset(one) for one in found.seize.sets} == {frozenset({"heron", "tern"}), frozenset({"plover", "curlew"})}
