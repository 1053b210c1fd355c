"""Laws of rotations: what opens one, that nothing but the whole of it closes one, and who attests."""

from __future__ import annotations

import pytest

from tests.attacks import Mutation, attack
from tests.kernel.sealing.vault import KEEPING, Vault

RECORD_KEEPING = "src/commonhold/kernel/record/keeping.py"


def change(vault: Vault, *names: str) -> None:
    """Let members attest that the live seal of the page holds what the provider accepts."""
    for name in names:
        vault.do(name, "acknowledge", what="changed", of=vault.live().proposal)


def reasons(vault: Vault, resource: str = "page") -> tuple[str, ...]:
    found = vault.rotation(resource)
    return found.reasons if found is not None else ()


@attack(
    "rotation-leaver",
    Mutation(
        RECORD_KEEPING,
        find='        if member is None or member.status != "active":\n            gone',
        replace="        if member is None:\n            gone",
    ),
)
def test_a_departure_opens_a_rotation_of_everything_the_leaver_had_a_share_in() -> None:
    """Whoever leaves takes their share with them: both resources are red, and say because of whom."""
    vault = Vault()
    vault.seal()
    vault.seal("domain")
    vault.propose("tern", "depart", {"member": "tern"})
    for resource in ("page", "domain"):
        assert reasons(vault, resource) == ("left/tern",)
        found = vault.rotation(resource)
        assert found is not None
        assert (found.number, found.index) == (1, vault.last.index)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("dismiss", ("seat/tern",)),
        ("kit", ("kit/tern",)),
        ("appoint", ("new/curlew",)),
        ("threshold", ("rule",)),
        ("clause", ("rule",)),
        ("expel", ("left/tern",)),
    ],
)
def test_what_a_seal_rests_on_opens_a_rotation_when_it_changes(what: str, expected: tuple[str, ...]) -> None:
    """A dismissal, a new kit, a new holder, another number in the charter, no clause any more."""
    vault = Vault()
    vault.seal()
    if what == "dismiss":
        vault.decide("dismiss", {"office": "treasurer", "member": "tern"})
    elif what == "kit":
        vault.decide("rotate-key", {"member": "tern", "add": [vault.new_kit("tern").keys.to_value()], "revoke": []}, "tern")
    elif what == "appoint":
        vault.install("editor", "curlew")
    elif what == "expel":
        vault.decide("expel", {"member": "tern"}, "heron", "plover", "curlew")
    else:
        changes = {"custody/keys/open": {"m": 3, "of": ["chair", "treasurer", "editor"]}} if what == "threshold" else {"custody": None}
        amended = {**KEEPING, **changes} if what == "threshold" else {key: value for key, value in KEEPING.items() if "custody" not in key}
        vault.decide("amend", vault.amendment(amended))
    assert reasons(vault) == expected


def test_what_does_not_concern_a_seal_leaves_it_green() -> None:
    """Members come and go, resolutions are made, and an amendment changes something else."""
    vault = Vault()
    vault.seal()
    vault.admit("gannet")
    vault.propose("dunlin", "depart", {"member": "dunlin"})
    vault.decide("amend", vault.amendment({**KEEPING, "decisions/slow/notice": "P4D"}), "heron", "tern", "plover", "curlew")
    assert vault.rotation() is None


@attack(
    "rotation-hushed-up",
    Mutation(
        RECORD_KEEPING, find="    if rotation is not None and rotation.number < found.number:", replace="    if rotation is not None:"
    ),
    Mutation(
        RECORD_KEEPING,
        find="    if not new:\n        return\n",
        replace='    if not new:\n        if not reasons:\n            draft.drop("rotations", found.resource)\n        return\n',
    ),
)
def test_a_rotation_is_not_closed_by_things_becoming_true_again() -> None:
    """A treasurer who was dismissed and is back has had the share all along: only a new seal and a changed password end it."""
    vault = Vault()
    vault.seal()
    vault.decide("dismiss", {"office": "treasurer", "member": "tern"})
    vault.install("treasurer", "tern")
    assert reasons(vault) == ("seat/tern",)
    change(vault, "heron", "curlew")
    assert reasons(vault) == ("seat/tern",)


@attack(
    "rotation-unchanged-password",
    Mutation(RECORD_KEEPING, find="    if len(attested) >= WITNESSES:", replace="    if attested:"),
)
def test_a_rotation_ends_with_new_shares_and_two_members_who_saw_the_password_changed() -> None:
    """Neither alone is enough: old shares still open the old content, which must be worth nothing."""
    vault = Vault()
    vault.seal()
    release = vault.release()
    assert reasons(vault) == (f"release/{release}",)
    change(vault, "heron", "tern")
    assert vault.rotation() is not None
    vault.seal()
    assert vault.rotation() is not None
    change(vault, "curlew")
    vault.refused("curlew", "acknowledge", "acknowledge/again", what="changed", of=vault.live().proposal)
    assert vault.rotation() is not None
    change(vault, "dunlin")
    assert vault.rotation() is None


def test_whoever_attested_and_left_is_not_counted() -> None:
    """Two members now, not one who is and one who was."""
    vault = Vault()
    vault.seal()
    vault.release()
    vault.seal()
    change(vault, "dunlin")
    vault.propose("dunlin", "depart", {"member": "dunlin"})
    change(vault, "curlew")
    assert vault.rotation() is not None
    change(vault, "heron")
    assert vault.rotation() is None


def test_what_happens_during_a_rotation_is_added_and_the_new_seal_is_rotated_too() -> None:
    """A custodian who leaves after the new shares were acknowledged has one of them: the next seal is needed as well."""
    vault = Vault()
    vault.seal()
    release = vault.release()
    vault.seal()
    vault.propose("tern", "depart", {"member": "tern"})
    found = vault.rotation()
    assert found is not None
    assert (found.number, found.reasons) == (2, (f"release/{release}", "left/tern"))
    change(vault, "curlew", "dunlin")
    assert vault.rotation() is not None
    offer = vault.decide("appoint", {"office": "treasurer", "member": "curlew"}, "heron", "plover", "dunlin")
    vault.do("curlew", "accept", of=offer)
    vault.seal()
    change(vault, "curlew", "dunlin")
    assert vault.rotation() is None


def test_a_release_of_the_seal_before_opens_a_rotation_that_the_live_one_can_end() -> None:
    """What was opened is in the old seal; once two members have seen that only the new one's content is accepted, nothing is left to change."""
    vault = Vault()
    vault.seal()
    vault.seal()
    release = vault.release(number=1)
    found = vault.rotation()
    assert found is not None
    assert (found.number, found.reasons) == (1, (f"release/{release}",))
    again = vault.release(number=1)
    found = vault.rotation()
    assert found is not None
    assert (found.number, found.reasons) == (1, (f"release/{release}", f"release/{again}"))
    change(vault, "curlew", "dunlin")
    assert vault.rotation() is None
    assert vault.sealed_number(1).status == "retired"
    both = vault.seal()
    older = vault.release(number=2)
    newer = vault.release()
    found = vault.rotation()
    assert found is not None
    assert (found.number, found.reasons) == (3, (f"release/{older}", f"release/{newer}"))
    vault.do("curlew", "acknowledge", what="changed", of=both)
    vault.do("dunlin", "acknowledge", what="changed", of=both)
    assert reasons(vault) == (f"release/{older}", f"release/{newer}")


def test_the_end_of_a_term_opens_a_rotation() -> None:
    """By the record's clock, at the attest that ends it."""
    vault = Vault(clocked=True)
    vault.seal()
    vault.tick(366 * 86_400)
    assert reasons(vault) == ("seat/heron", "seat/plover")


def test_a_seal_that_was_not_taken_up_rotates_nothing() -> None:
    """An offered seal has no old content, so nothing that happens to it is red."""
    vault = Vault()
    vault.offer_seal()
    vault.propose("tern", "depart", {"member": "tern"})
    assert vault.rotation() is None
