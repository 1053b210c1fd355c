"""Laws of opening: a set of people opens a seal exactly if its structure is met, and every wrong share is named before anything is put together."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st
from nacl.exceptions import CryptoError

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.custody.sealing import opening
from commonhold.kernel.custody.sealing.opening import HEADER, check_contributions, open_seal, seal
from commonhold.kernel.custody.sealing.shares import (
    About,
    Envelope,
    chain_end,
    check_contribution,
    check_proof,
    envelope_bytes,
    key_commitment,
    next_proof,
    parse_envelope,
)
from commonhold.kernel.custody.sealing.splitting import split_key
from commonhold.kernel.custody.sealing.structure import Group, parse_structure
from commonhold.kernel.errors import CustodyError, FormatError
from tests.attacks import Mutation, attack
from tests.kernel.sealing.seals import ABOUT, BOTH, DEEP, OFFICERS, SECRETS, dice, given, sealed, structures

SHARES = "src/commonhold/kernel/custody/sealing/shares.py"
OPENING = "src/commonhold/kernel/custody/sealing/opening.py"


def opens(manifest: Any, made: Any, contributions: list[Envelope]) -> Any:
    return open_seal(manifest, made.sealed, contributions)


@settings(max_examples=15)
@always(structures(), st.data())
def test_a_set_of_people_opens_exactly_if_the_structure_is_met(structure: Group, data: st.DataObject) -> None:
    """Whoever they are, in whatever order they contribute."""
    made, manifest = sealed(structure.to_value())
    some = data.draw(st.lists(st.sampled_from(structure.people()), unique=True))
    if structure.is_met(set(some)):
        assert opens(manifest, made, given(made, *some)).secrets == SECRETS
    else:
        with pytest.raises(CustodyError) as caught:
            opens(manifest, made, given(made, *some))
        assert caught.value.code == "seal/not-enough"


def test_three_levels_of_groups_open() -> None:
    """Two of the officers, and two of three committees by two of their three, and one more beside them: 2 of the 3 parts are enough."""
    made, manifest = sealed(DEEP)
    assert opens(manifest, made, given(made, "heron", "plover", "smith")).secrets == SECRETS
    assert opens(manifest, made, given(made, "smith", "north-a", "north-b", "south-b", "south-c")).secrets == SECRETS
    with pytest.raises(CustodyError):
        opens(manifest, made, given(made, "smith", "north-a", "north-b", "south-b", "east-c"))


@attack(
    "seal-too-few",
    Mutation(
        "src/commonhold/kernel/custody/sealing/structure.py",
        find=" for part in self.of) >= self.need",
        replace=" for part in self.of) >= self.need - 1",
    ),
)
def test_one_share_too_few_opens_nothing() -> None:
    """m - 1 custodians have nothing, and are told who else could contribute."""
    made, manifest = sealed(BOTH)
    with pytest.raises(CustodyError, match="do not meet") as caught:
        opens(manifest, made, given(made, "heron", "tern", "north", "east"))
    assert caught.value.code == "seal/not-enough"
    assert caught.value.data["have"] == ["east", "heron", "north", "tern"]


@attack(
    "seal-wrong-share",
    Mutation(SHARES, find="or not hmac.compare_digest(own, holding.commitment):", replace="or not own:"),
)
def test_a_wrong_share_with_a_right_checksum_is_named_before_anything_is_put_together() -> None:
    """A share from another split of another key passes SLIP-39's own checksum; its commitment gives it away, and says whose it is."""
    made, manifest = sealed()
    foreign = split_key(bytes(32), parse_structure(OFFICERS), ABOUT.to_value(), dice("foreign"))
    wrong = Envelope(ABOUT, 1, "tern", foreign["tern"])
    shares, verdicts = check_contributions(manifest, [*given(made, "heron"), wrong])
    assert set(shares) == {"heron"}
    assert [(verdict.member, verdict.code) for verdict in verdicts] == [("heron", "used"), ("tern", "share/wrong")]
    with pytest.raises(CustodyError, match="the share of tern is not the one that was sealed") as caught:
        opens(manifest, made, [*given(made, "heron"), wrong])
    assert caught.value.data["refused"] == {"tern": "share/wrong"}
    assert opens(manifest, made, [*given(made, "heron"), wrong, *given(made, "plover")]).secrets == SECRETS


@attack(
    "seal-forged-pair",
    Mutation(SHARES, find="or not hmac.compare_digest(own, holding.commitment):", replace="or not own:"),
)
def test_a_forged_pair_that_slip_39_accepts_opens_nothing() -> None:
    """Two shares made by an attacker combine to the attacker's own key: SLIP-39's digest is no signature, the commitments are."""
    made, manifest = sealed()
    forged = split_key(b"\x07" * 32, parse_structure(OFFICERS), ABOUT.to_value(), dice("mallory"))
    pair = [Envelope(ABOUT, index, name, forged[name]) for index, name in enumerate(("heron", "tern"))]
    with pytest.raises(CustodyError) as caught:
        opens(manifest, made, pair)
    assert caught.value.code == "seal/not-enough"
    assert caught.value.data["refused"] == {"heron": "share/wrong", "tern": "share/wrong"}


@attack("seal-stale-share", Mutation(SHARES, find="        if found.seal != self.about.seal:", replace="        if found.seal < 0:"))
def test_a_share_of_an_earlier_seal_is_called_stale() -> None:
    """After a rotation the old share says which seal it is from, and counts for nothing."""
    old, _ = sealed()
    made, manifest = sealed(about=replace(ABOUT, seal=4))
    shares, verdicts = check_contributions(manifest, [*given(old, "heron"), *given(made, "tern", "plover")])
    assert set(shares) == {"tern", "plover"}
    assert verdicts[0].code == "share/stale"
    assert "from seal 1, and this is seal 4" in verdicts[0].words


def test_a_share_of_something_else_is_called_that() -> None:
    """Of another organisation, of another resource, of somebody who holds none, or under somebody else's number."""
    made, manifest = sealed()
    (own,) = given(made, "heron")
    cases = {
        "share/other-org": replace(own, about=About("00" * 32, "page", 1)),
        "share/other-resource": replace(own, about=replace(ABOUT, resource="domain")),
        "share/not-custodian": replace(own, member="gannet"),
        "share/wrong": replace(own, index=1),
    }
    for code, envelope in cases.items():
        with pytest.raises(CustodyError) as caught:
            manifest.check_share(envelope)
        assert caught.value.code == code
    manifest.check_share(own)


@attack(
    "seal-duplicate",
    Mutation(OPENING, find="        if envelope.member in right:", replace="        if envelope.member in ():"),
)
def test_a_second_share_of_one_person_and_one_that_is_not_needed_are_set_aside() -> None:
    """Whoever contributes twice counts once; whoever is not needed is not used, and both are named."""
    made, manifest = sealed()
    shares, verdicts = check_contributions(manifest, given(made, "heron", "heron", "plover", "tern"))
    assert list(shares) == ["heron", "plover"]
    assert [(verdict.member, verdict.code) for verdict in verdicts] == [
        ("heron", "used"),
        ("heron", "share/duplicate"),
        ("plover", "used"),
        ("tern", "surplus"),
    ]
    assert opens(manifest, made, given(made, "heron", "heron", "plover", "tern")).secrets == SECRETS


def test_another_object_than_the_recorded_one_is_not_even_tried() -> None:
    """A sealed object is named by its digest; cut, altered, and far too large ones are refused."""
    made, manifest = sealed()
    for raw in (made.sealed[:-1], made.sealed + b"x", b"", b"x" * (10 << 20), made.sealed.replace(HEADER, b"commonhold/sealed/v2\n")):
        with pytest.raises(FormatError) as caught:
            open_seal(manifest, raw, given(made, "heron", "tern"))
        assert caught.value.code == "seal/object"


@attack(
    "seal-moved-object",
    Mutation(OPENING, find="    return AEAD_DOMAIN + canonical_bytes(about.to_value())", replace="    return AEAD_DOMAIN"),
    Mutation(SHARES, find="KEY_DOMAIN + canonical_bytes(about.to_value()) + key", replace="KEY_DOMAIN + key"),
)
def test_what_was_sealed_for_one_resource_does_not_open_as_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Organisation, resource and number of the seal are bound to the content and to the key."""
    made, manifest = sealed()
    elsewhere = replace(ABOUT, resource="domain")
    key = opening.join_shares(manifest.structure, ABOUT.to_value(), {name: made.words[name] for name in ("heron", "tern")})
    with pytest.raises(CustodyError):
        opening._decrypt(elsewhere, manifest.key, made.sealed, key)
    with pytest.raises(CryptoError):
        opening._decrypt(elsewhere, key_commitment(elsewhere, key), made.sealed, key)


def test_a_maker_who_sealed_something_else_is_found_out() -> None:
    """If the shares are the recorded ones and the content is not, the maker of the seal is to blame, and no rubbish is shown."""
    made, manifest = sealed()
    with pytest.raises(CustodyError) as caught:
        opens(replace(manifest, key="00" * 32), made, given(made, "heron", "tern"))
    assert caught.value.code == "seal/other-content"
    other, _ = sealed(seed="other")
    mixed = replace(made, words={**made.words, "tern": other.words["tern"]})
    names = ("heron", "tern", "plover")
    bent = mixed.manifest(dict.fromkeys(names, "k"), dict.fromkeys(names, "e"))
    with pytest.raises(CustodyError) as caught:
        opens(bent, mixed, given(mixed, "heron", "tern"))
    assert caught.value.code == "seal/inconsistent"
    assert opens(bent, mixed, given(mixed, "heron", "plover")).secrets == SECRETS


def test_a_chain_proves_a_share_link_by_link() -> None:
    """Each proof is the link before the last; it is checked without the share, and cannot be shown twice or by somebody else."""
    made, manifest = sealed()
    last = manifest.holdings["heron"].chain
    share = (ABOUT, 0, "heron", made.words["heron"])
    assert last == chain_end(*share)
    for _ in range(3):
        proof = next_proof(*share, last)
        check_proof(proof, last)
        with pytest.raises(CustodyError):
            check_proof(last, last)
        last = proof
    with pytest.raises(CustodyError) as caught:
        next_proof(ABOUT, 1, "tern", made.words["tern"], last)
    assert caught.value.code == "share/wrong"


def test_a_chain_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its last proof a share says that a new seal is due."""
    monkeypatch.setattr("commonhold.kernel.custody.sealing.shares.LINKS", 2)
    made, manifest = sealed()
    share = (ABOUT, 0, "heron", made.words["heron"])
    last = next_proof(*share, next_proof(*share, manifest.holdings["heron"].chain))
    with pytest.raises(CustodyError) as caught:
        next_proof(*share, last)
    assert caught.value.code == "share/used-up"


def test_an_envelope_says_whose_share_of_what_it_holds() -> None:
    """It reads back as it was, for a custodian and for a release; nothing else is taken for one, and nothing of it is repeated."""
    made, _ = sealed()
    (own,) = given(made, "heron")
    contributed = replace(own, release="ab" * 32)
    assert parse_envelope(envelope_bytes(contributed)) == contributed
    assert own.words not in repr(own)
    value = {"form": "commonhold/share/v1", "index": 0, "member": "heron", "org": "o", "resource": "page", "seal": 1, "words": "w"}
    for bent in (
        b"", b"[]", b"7", canonical_bytes({**value, "more": 1}), canonical_bytes({**value, "form": "x"}), canonical_bytes({**value, "seal": "1"}),
        canonical_bytes({**value, "words": 7}), canonical_bytes({**value, "index": True}), b"x" * 5000,
    ):  # fmt: skip
        with pytest.raises(FormatError) as caught:
            parse_envelope(bent)
        assert caught.value.code == "share/envelope"


def test_everybody_gives_their_own_share_to_the_release_that_was_decided() -> None:
    """What was given for another release, for none, or is somebody else's, is refused by its author's name."""
    made, _ = sealed()
    (own,) = given(made, "heron")
    check_contribution(replace(own, release="ab" * 32), "heron", "ab" * 32)
    for envelope, by, code in (
        (own, "heron", "share/other-release"),
        (replace(own, release="cd" * 32), "heron", "share/other-release"),
        (replace(own, release="ab" * 32), "tern", "share/other-member"),
    ):
        with pytest.raises(CustodyError, match=by) as caught:
            check_contribution(envelope, by, "ab" * 32)
        assert caught.value.code == code


def test_a_commitment_and_a_sealed_object_show_nothing_of_the_share() -> None:
    """What is public holds neither the words nor the secrets."""
    made, manifest = sealed()
    public = repr(manifest).encode() + made.sealed + repr(made).encode()
    for secret in SECRETS:
        assert secret.value.encode() not in public
    for words in made.words.values():
        assert not re.search(re.escape(" ".join(words.split()[4:8])).encode(), public)
    assert manifest.holdings["heron"].to_value().keys() == {"chain", "commitment", "envelope", "kit"}


def test_nothing_is_sealed_that_could_not_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial takes in every share: one that was made wrongly stops the seal."""
    right = opening.split_key

    def wrong(key: bytes, structure: Group, about: Any, dice: Any) -> dict[str, str]:
        shares = right(key, structure, about, dice)
        return {**shares, "plover": right(bytes(32), structure, about, dice)["plover"]}

    monkeypatch.setattr(opening, "split_key", wrong)
    with pytest.raises(CustodyError) as caught:
        seal(SECRETS, parse_structure(OFFICERS), ABOUT, dice())
    assert caught.value.code == "seal/inconsistent"
