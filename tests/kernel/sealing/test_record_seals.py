"""Laws of seals in the record: whose shares they are, when one counts, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonhold.kernel.charter.rules import Custodians
from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.opening import Sealed, seal
from commonhold.kernel.custody.sealing.structure import parse_structure
from commonhold.kernel.errors import CommonholdError, CustodyError, RuleError
from commonhold.kernel.record import keeping
from commonhold.kernel.record.keeping import live_seal, structure_for
from commonhold.kernel.record.payloads import parse_payload
from tests.attacks import Mutation, attack
from tests.authenticator import Authenticator
from tests.kernel.record.helpers import Club, text
from tests.kernel.sealing.seals import dice
from tests.kernel.sealing.vault import Vault

CUSTODY = "src/commonhold/kernel/record/custody.py"
KEEPING = "src/commonhold/kernel/record/keeping.py"


@attack(
    "seal-unproved",
    Mutation(
        CUSTODY,
        find='    if found.status == "offered" and proved.keys() == public.holdings.keys():',
        replace='    if found.status == "offered":',
    ),
)
def test_a_seal_counts_once_every_custodian_has_proved_their_share() -> None:
    """The last of three proofs makes it live; until then nothing rests on it."""
    vault = Vault()
    seal = vault.offer_seal()
    assert structure_for(vault.state, "page").to_value() == {"need": 2, "of": ["heron", "plover", "tern"]}
    for name in ("heron", "plover"):
        vault.prove(seal, name)
        assert vault.sealed(seal).status == "offered"
        assert live_seal(vault.state, "page") is None
    vault.refused("curlew", "acknowledge", "acknowledge/not-live", what="changed", of=seal)
    vault.prove(seal, "tern")
    assert vault.live().proposal == seal
    assert vault.live().live == vault.last.index
    assert vault.rotation() is None


@attack(
    "seal-false-proof",
    Mutation(CUSTODY, find="        check_proof(entry.body.proof, last)", replace="        bytes.fromhex(entry.body.proof)"),
)
def test_nobody_acknowledges_a_share_that_they_cannot_open() -> None:
    """A proof is checked by everybody, and is good once."""
    vault = Vault()
    seal = vault.offer_seal()
    vault.refused("heron", "acknowledge", "acknowledge/proof", what="share", of=seal, proof=text("made up"))
    vault.refused("heron", "acknowledge", "acknowledge/proof", what="share", of=seal)
    vault.refused("heron", "acknowledge", "acknowledge/proof", what="share", of=seal, proof=vault.proof(seal, "tern"))
    first = vault.proof(seal, "heron")
    vault.prove(seal, "heron")
    vault.refused("heron", "acknowledge", "acknowledge/proof", what="share", of=seal, proof=first)
    vault.prove(seal, "heron")
    assert vault.sealed(seal).proved.keys() == {"heron"}
    vault.refused("curlew", "acknowledge", "acknowledge/not-custodian", what="share", of=seal, proof=first)
    vault.refused("heron", "acknowledge", "act/no-seal", what="share", of=text("none"), proof=first)


@attack(
    "seal-other-custodians",
    Mutation(CUSTODY, find="    check_structure(draft, payload.resource, public.structure)\n", replace=""),
    Mutation(KEEPING, find="    if custodians.m != group.need:", replace="    if custodians.m < group.need:"),
)
@pytest.mark.parametrize(
    ("structure", "differs"),
    [
        ({"need": 1, "of": ["heron", "plover", "tern"]}, ["rule"]),
        ({"need": 2, "of": ["heron", "tern"]}, ["new/plover"]),
        ({"need": 2, "of": ["curlew", "heron", "plover", "tern"]}, ["seat/curlew"]),
        ({"need": 2, "of": ["heron", {"need": 1, "of": ["plover", "tern"]}]}, ["rule"]),
    ],
)
def test_only_the_charters_custodians_hold_shares(structure: Any, differs: list[str]) -> None:
    """Whoever seals chooses neither the people nor the numbers."""
    vault = Vault()
    _, payload = vault.prepare(structure=parse_structure(structure))
    outcome = vault.refused_proposal("heron", "seal", payload, "seal/not-the-charters")
    assert all(difference in outcome.words for difference in differs)


def test_the_groups_of_a_clause_are_kept_in_their_order() -> None:
    """ "One of the officers and two of the editors": a group cannot stand in for another, nor people for a group."""
    clause = {"m": 2, "of": [{"m": 1, "of": ["chair", "treasurer"]}, {"m": 2, "of": ["editor"]}]}
    seats = {"chair": "heron", "treasurer": "tern", "editor": "plover", "editor/2": "curlew"}
    vault = Vault({"custody/keys/open": clause, "custody/keys/drill": None}, seats=seats)
    right = structure_for(vault.state, "page").to_value()
    assert right == {"need": 2, "of": [{"need": 1, "of": ["heron", "tern"]}, {"need": 2, "of": ["curlew", "plover"]}]}
    vault.prepare(structure=parse_structure(right))
    for wrong in (
        {"need": 2, "of": right["of"][::-1]},
        {"need": 2, "of": [{"need": 1, "of": ["curlew", "tern"]}, {"need": 2, "of": ["heron", "plover"]}]},
        {"need": 2, "of": ["heron", right["of"][1]]},
        {"need": 2, "of": [*right["of"], {"need": 1, "of": ["dunlin"]}]},
    ):
        _, payload = vault.prepare(structure=parse_structure(wrong))
        vault.refused_proposal("heron", "seal", payload, "seal/not-the-charters")
    vault.seal()
    assert vault.live().proved.keys() == {"heron", "tern", "plover", "curlew"}


def test_somebody_in_two_groups_gets_one_share_where_it_is_scarcest() -> None:
    """The chair is an editor as well: their share goes to the group that has nobody to spare."""
    clause = {"m": 2, "of": [{"m": 1, "of": ["chair", "treasurer"]}, {"m": 2, "of": ["editor"]}]}
    seats = {"chair": "heron", "treasurer": "tern", "editor": "plover", "editor/2": "heron"}
    vault = Vault({"custody/keys/open": clause}, seats=seats)
    assert structure_for(vault.state, "page").to_value()["of"] == [{"need": 1, "of": ["tern"]}, {"need": 2, "of": ["heron", "plover"]}]
    vault.seal()
    few = Vault({"custody/keys/open": clause}, seats={"chair": "heron", "treasurer": "tern", "editor": "plover"})
    with pytest.raises(RuleError) as caught:
        structure_for(few.state, "page")
    assert caught.value.code == "seal/too-few"
    assert caught.value.data["there"] == ["plover"]


def test_a_seal_for_more_people_than_it_can_have_is_refused_before_anybody_seals() -> None:
    """Seventeen of a body in one group, or seventy in five groups: by how many, in which places, and what to do, where the structure is asked for."""
    seventeen = [f"m{number}" for number in range(17)]
    vault = Vault({"custody/keys/open": {"m": 2, "of": ["assembly"]}}, members=seventeen, seats={"chair": "m0"})
    with pytest.raises(RuleError, match="17 people of assembly have a kit, and a secret is shared among at most 16 in one group") as caught:
        structure_for(vault.state, "page")
    assert (caught.value.code, caught.value.data) == ("seal/too-large", {"people": 17, "most": 16})
    assert "amendment" in caught.value.next_step
    regions = {f"offices/region{number}": {"article": "1.3", "seats": 16} for number in range(4)}
    groups = [{"m": 1, "of": [f"region{number}"]} for number in range(4)] + [{"m": 1, "of": ["assembly"]}]
    seats = {f"region{number // 16}/{number}": f"m{number}" for number in range(64)}
    seventy = [f"m{number}" for number in range(70)]
    vault = Vault({**regions, "custody/keys/open": {"m": 3, "of": groups}}, members=seventy, seats=seats)
    with pytest.raises(RuleError, match=r"70 people in all have a kit, .* at most 64 in one seal, and custody\.keys names all of these"):
        structure_for(vault.state, "page")
    del groups[-1]
    fits = Vault({**regions, "custody/keys/open": {"m": 3, "of": groups}}, members=seventy, seats=seats)
    assert len(structure_for(fits.state, "page").people()) == 64


def test_a_small_organisation_whose_officers_are_members_too_can_seal() -> None:
    """Two officers and three members of five: it takes all five, in the groups where they are needed, and is not refused for want of people."""
    clause = {"m": 2, "of": [{"m": 2, "of": ["chair", "treasurer", "editor"]}, {"m": 3, "of": ["assembly"]}]}
    vault = Vault({"custody/keys/open": clause})
    found = structure_for(vault.state, "page")
    assert found.to_value()["of"] == [{"need": 2, "of": ["plover", "tern"]}, {"need": 3, "of": ["curlew", "dunlin", "heron"]}]
    assert found.fewest() == 5
    vault.seal()
    more = {"m": 2, "of": [{"m": 2, "of": ["chair", "treasurer", "editor"]}, {"m": 4, "of": ["assembly"]}]}
    with pytest.raises(RuleError) as caught:
        structure_for(Vault({"custody/keys/open": more}).state, "page")
    assert caught.value.code == "seal/too-few"


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 3), st.sets(st.sampled_from("abcdef"), min_size=1)), min_size=2, max_size=4))
def test_whoever_can_be_given_a_place_in_every_group_is(groups: list[tuple[int, set[str]]]) -> None:
    """Told by trying every choice: if each group can be filled so that nobody counts twice, it is; if not, the refusal is right."""
    groups = [(min(need, len(people)), people) for need, people in groups]
    leaves = [Custodians(need, ("alike",)) for need, _ in groups]
    there = {id(leaf): frozenset(people) for leaf, (_, people) in zip(leaves, groups, strict=True)}
    taken: set[str] = set()
    chosen = {}
    for leaf in leaves:
        chosen[id(leaf)] = there[id(leaf)] - taken
        taken |= there[id(leaf)]
    for leaf in leaves:
        while len(chosen[id(leaf)]) < leaf.m and keeping._moved(leaf, leaves, there, chosen):
            pass
    everybody = sorted(frozenset().union(*there.values()))
    possible = any(
        all(
            sum(at == place and person in people for person, at in zip(everybody, choice, strict=True)) >= need
            for place, (need, people) in enumerate(groups)
        )
        for choice in product(range(len(groups)), repeat=len(everybody))
    )
    assert all(len(chosen[id(leaf)]) >= leaf.m for leaf in leaves) == possible
    assert sorted(name for part in chosen.values() for name in part) == everybody
    assert all(chosen[id(leaf)] <= there[id(leaf)] for leaf in leaves)


def test_a_body_of_members_keeps_a_secret_with_everybody_who_has_a_kit() -> None:
    """Whoever has only a passkey could hold no share, and is left out."""
    vault = Vault({"custody/keys/open": {"m": 3, "of": ["assembly"]}})
    assert structure_for(vault.state, "page").people() == ("curlew", "dunlin", "heron", "plover", "tern")
    vault.seal()
    vault.admit("gannet", key=Authenticator("eddsa", 1).passkey.to_value(), kit=False)
    assert vault.rotation() is None
    vault.admit("ruff")
    found = vault.rotation()
    assert found is not None
    assert found.reasons == ("new/ruff",)


def test_a_body_of_office_holders_is_its_holders() -> None:
    """The desk is whoever is an editor."""
    vault = Vault({"custody/keys/open": {"m": 1, "of": ["desk", "chair"]}})
    assert structure_for(vault.state, "page").people() == ("heron", "plover")
    vault.seal()
    vault.install("editor", "curlew")
    found = vault.rotation()
    assert found is not None
    assert found.reasons == ("new/curlew",)


def test_what_the_charter_does_not_name_is_not_sealed() -> None:
    """A resource without a clause has no custodians, and the refusal lists those that have."""
    vault = Vault()
    with pytest.raises(RuleError) as caught:
        structure_for(vault.state, "mailbox")
    assert caught.value.code == "seal/no-clause"
    assert caught.value.data["resources"] == ["domain", "page"]
    _, payload = vault.prepare()
    vault.refused_proposal("heron", "seal", {**payload, "resource": "mailbox"}, "seal/no-clause")
    plain = Club()
    with pytest.raises(RuleError):
        structure_for(plain.state, "page")


def test_a_seal_has_the_next_number_and_its_custodians_present_kits() -> None:
    """What was prepared before another seal, or before a kit was changed, is refused when it would take effect."""
    vault = Vault()
    _, payload = vault.prepare()
    vault.refused_proposal("heron", "seal", {**payload, "seal": 2}, "seal/number")
    late = vault.propose("heron", "seal", payload)
    first = vault.offer_seal()
    vault.approve(late, "heron", "tern")
    assert (vault.status(late), vault.proposal(late).why) == ("refused", "seal/number")
    vault.refused("heron", "acknowledge", "act/no-seal", what="share", of=late, proof=text("none"))
    ordinary = vault.propose("heron", "ordinary", {"text": text("else")})
    vault.refused("heron", "acknowledge", "act/no-seal", what="share", of=ordinary, proof=text("none"))
    assert vault.sealed(first).number == 1
    _, payload = vault.prepare("domain")
    new = vault.new_kit("plover")
    proposal = vault.decide("rotate-key", {"member": "plover", "add": [new.keys.to_value()], "revoke": []}, "plover")
    assert vault.status(proposal) == "enacted"
    vault.refused_proposal("heron", "seal", payload, "seal/kit")
    strange = {**payload["shares"]["plover"], "kit": text("nobody")}
    vault.refused_proposal("heron", "seal", {**payload, "shares": {**payload["shares"], "plover": strange}}, "seal/kit")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"shares": {}}, "payload/shares"),
        ({"structure": {"need": 4, "of": ["heron", "tern"]}}, "seal/threshold"),
        ({"structure": {"need": 2, "of": ["heron", "heron"]}}, "seal/person-twice"),
        ({"seal": 0}, "payload/shape"),
        ({"more": 1}, "payload/shape"),
    ],
)
def test_a_payload_that_is_no_seal_is_refused(change: dict[str, Any], code: str) -> None:
    """Its shape, its numbers, and one share for each person of its structure."""
    _, payload = Vault().prepare()
    with pytest.raises(CommonholdError) as caught:
        parse_payload("seal", {**payload, **change})
    assert caught.value.code == code


def test_custody_takes_the_kit() -> None:
    """Whoever has seized the house's domain proves no share, contributes none and attests nothing."""
    vault = Vault()
    passkey = Authenticator("eddsa", 3)
    added = vault.propose("heron", "rotate-key", {"member": "heron", "add": [passkey.passkey.to_value()], "revoke": []})
    vault.approve(added, "heron")
    seal = vault.offer_seal()
    assert vault.press("heron", passkey, "acknowledge", what="share", of=seal, proof=vault.proof(seal, "heron")).code == "act/needs-kit"
    assert not vault.sealed(seal).proved


def test_a_later_seal_retires_the_earlier_ones_only_once_it_is_live() -> None:
    """Until every new holder has proved their share the old seal is the live one; then no old share is proved any more."""
    vault = Vault()
    first, second = vault.seal(), vault.offer_seal()
    for name in ("heron", "tern"):
        vault.prove(second, name)
        assert vault.live().number == 1
    third, fourth = vault.offer_seal(), vault.offer_seal()
    vault.prove(second, "plover")
    assert [vault.sealed(one).status for one in (first, second, third, fourth)] == ["replaced", "live", "offered", "offered"]
    vault.refused("heron", "acknowledge", "acknowledge/replaced", what="share", of=first, proof=vault.proof(first, "heron"))
    for name in ("heron", "tern", "plover"):
        vault.prove(fourth, name)
    assert [vault.sealed(one).status for one in (first, second, third, fourth)] == ["replaced", "replaced", "retired", "live"]
    vault.seal("domain")
    assert vault.live("domain").number == 1


@attack(
    "seal-of-rubbish",
    Mutation(KEEPING, find='found.status in ("live", "replaced") else None', replace='found.status == "live" else None'),
    Mutation(
        CUSTODY,
        find='_SUCCEEDED: Final = {"live": "replaced", "offered": "retired"}',
        replace='_SUCCEEDED: Final = {"live": "retired", "offered": "retired"}',
    ),
)
def test_a_new_seal_that_does_not_open_takes_nothing_from_anybody() -> None:
    """Whoever seals can make shares that everybody proves and that open nothing: the old seal is released until two members have seen the change."""
    vault = Vault()
    vault.seal()
    made, payload = vault.prepare()
    forged, _ = vault.prepare()
    names = forged.structure.people()
    bent = replace(made, words={**made.words, names[1]: seal_again(forged).words[names[1]]})
    public = bent.manifest({name: vault.member(name).kit for name in names}, {name: text(f"envelope {name}") for name in names})
    proposal = vault.decide(
        "seal", {**payload, "shares": {name: holding.to_value() for name, holding in public.holdings.items()}}, "heron", "tern"
    )
    vault.made[proposal] = bent
    for name in names:
        vault.prove(proposal, name)
    assert vault.live().number == 2
    empty = vault.release()
    vault.contribute(empty, *names[:2])
    with pytest.raises(CustodyError) as caught:
        vault.opened(empty)
    assert caught.value.code == "seal/inconsistent"
    release = vault.release(number=1)
    vault.contribute(release, "heron", "tern")
    assert vault.opened(release).secrets[0].value == "page 1"
    for name in ("curlew", "dunlin"):
        assert vault.sealed_number(1).status == "replaced"
        vault.do(name, "acknowledge", what="changed", of=proposal)
    assert vault.sealed_number(1).status == "retired"
    vault.refused("plover", "contribute", "contribute/stale", release=release, envelope=vault.envelope(release, "plover"))


def seal_again(made: Sealed) -> Sealed:
    """The same secrets for the same people under another key."""
    return seal([Secret("password", "page", "other")], made.structure, made.about, dice("another"))
