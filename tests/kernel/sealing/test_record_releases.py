"""Laws of releases: who decides, who contributes, to whom, until when, and what none of it may be bent to."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.shares import envelope_bytes, parse_envelope
from commonhold.kernel.errors import CustodyError
from commonhold.kernel.record.custody import AGE_HEADER
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import DAY, T0, text
from tests.kernel.sealing.vault import KEEPING, TWO_OFFICERS, Vault

CUSTODY = "src/commonhold/kernel/record/custody.py"


def test_custodians_open_a_released_seal_together() -> None:
    """Decided by two officers, contributed to by two, opened by whoever asked for it."""
    vault = Vault()
    vault.seal()
    release = vault.release()
    vault.contribute(release, "tern")
    with pytest.raises(CustodyError):
        vault.opened(release)
    vault.contribute(release, "plover")
    assert vault.opened(release).secrets == (Secret("password", "page", "page 1"),)
    assert vault.released(release).contributions.keys() == {"tern", "plover"}
    vault.contribute(release, "heron")
    assert [verdict.code for verdict in vault.opened(release).verdicts] == ["used", "used", "surplus"]


@attack(
    "release-own-request",
    Mutation(
        "src/commonhold/kernel/record/tally.py",
        find='    excluded = proposal.by if proposal.kind in RELEASES else "" if',
        replace='    excluded = "" if proposal.kind in RELEASES else "" if',
    ),
)
def test_nobody_approves_their_own_request() -> None:
    """An officer who asks for a secret needs two others; a second office or a second key gives them no voice either."""
    vault = Vault(seats={"chair": "heron", "treasurer": "tern", "editor": "plover", "editor/2": "heron"})
    vault.seal()
    request = vault.propose("heron", "release", vault.request())
    outcome = vault.refused("heron", "approve", "act/cannot-count", proposal=request)
    assert "heron asked for it" in outcome.words
    vault.approve(request, "tern")
    assert vault.status(request) == "open"
    vault.approve(request, "plover")
    assert vault.status(request) == "enacted"


@attack(
    "release-changed-rule",
    Mutation(
        "src/commonhold/kernel/record/effects.py",
        find='        if sibling.kind in ("dismiss", "succeed"):',
        replace='        if sibling.kind in ("dismiss", "succeed", "release"):',
    ),
)
def test_a_rule_that_is_changed_after_the_request_never_judges_it() -> None:
    """An amendment that makes releases cheaper voids the request that was waiting; it has to be asked for again, in the open."""
    vault = Vault()
    vault.seal()
    request = vault.propose("curlew", "release", vault.request())
    vault.approve(request, "tern")
    cheaper = {**KEEPING, "decisions/release": {"article": "1.4", "by": {"office": "treasurer"}}}
    vault.decide("amend", vault.amendment(cheaper))
    assert (vault.status(request), vault.proposal(request).why) == ("void", "void/rule")
    assert not vault.state.parts["releases"]


def test_a_waiting_period_ends_by_the_clock_and_a_confirmation_and_never_by_silence() -> None:
    """The requester cannot confirm; nothing in the request makes the wait shorter."""
    rule = {"article": "1.4", "by": TWO_OFFICERS, "objection": {"of": "assembly", "at_least": 2, "within": "P3D"}}
    vault = Vault({"decisions/release": rule}, clocked=True)
    vault.seal()
    request = vault.propose("curlew", "release", vault.request())
    vault.approve(request, "tern", "plover")
    vault.tick()
    vault.tick(4 * DAY)
    assert vault.status(request) == "open"
    vault.refused("curlew", "confirm", "act/cannot-confirm", proposal=request)
    vault.do("heron", "confirm", proposal=request)
    vault.tick()
    assert vault.status(request) == "enacted"


@attack(
    "release-rush",
    Mutation(
        "src/commonhold/kernel/record/decide.py", find="    if draft.clock < proposal.waits_until:\n        return False\n", replace=""
    ),
    Mutation(
        "src/commonhold/kernel/record/decide.py",
        find="        if len(against) >= threshold:",
        replace="        if len(against) > threshold:",
    ),
    Mutation(
        "src/commonhold/kernel/record/decide.py",
        find="    return tally.is_confirmed(draft, proposal_id, proposal, limit)",
        replace="    return True",
    ),
)
def test_nobody_is_hurried_through_the_waiting_period() -> None:
    """Two objections stop it; without them it opens nothing before its end and a confirmation; then it is opened, and the old way stays shut."""
    rule = {"article": "1.4", "by": TWO_OFFICERS, "objection": {"of": "assembly", "at_least": 2, "within": "P3D"}}
    vault = Vault({"decisions/release": rule}, clocked=True)
    vault.seal()
    stopped, passed = (vault.propose(by, "release", vault.request()) for by in ("curlew", "dunlin"))
    for request in (stopped, passed):
        vault.approve(request, "tern", "plover")
    vault.tick()
    vault.tick(2 * DAY)
    for name in ("heron", "curlew"):
        vault.refused(name, "confirm", "act/still-waiting", proposal=passed)
    vault.do("heron", "object", proposal=stopped)
    vault.tick()
    assert vault.status(stopped) == "open"
    vault.do("dunlin", "object", proposal=stopped)
    vault.tick()
    assert (vault.status(stopped), vault.status(passed)) == ("blocked", "open")
    vault.tick(2 * DAY)
    assert (vault.status(passed), list(vault.state.parts["releases"])) == ("open", [])
    for name in ("heron", "curlew"):
        vault.do(name, "confirm", proposal=passed)
    vault.tick()
    vault.contribute(passed, "heron", "plover")
    assert vault.opened(passed).secrets[0].value == "page 1"


@attack(
    "release-replayed-recipient",
    Mutation(
        CUSTODY,
        find="    if payload.recipient in draft.keyring or payload.recipient in others:",
        replace="    if payload.recipient in draft.keyring:",
    ),
    Mutation(
        CUSTODY,
        find="    if payload.recipient in draft.keyring or payload.recipient in others:",
        replace="    if payload.recipient in others:",
    ),
)
def test_a_release_takes_a_key_of_its_own() -> None:
    """Neither a kit's nor an earlier release's: what is contributed to one request answers no other."""
    vault = Vault()
    vault.seal()
    vault.refused_proposal("curlew", "release", vault.request(recipient=vault.kits["curlew"].keys.age), "release/recipient-used")
    waiting = vault.request()
    vault.propose("curlew", "release", waiting)
    vault.refused_proposal("dunlin", "release", waiting, "release/recipient-used")
    release = vault.release()
    vault.refused_proposal("dunlin", "release", vault.request(recipient=vault.released(release).recipient), "release/recipient-used")
    vault.refused_proposal("dunlin", "release", vault.request(recipient="age1qqqq"), "bech32/parts")


@attack(
    "release-old-seal",
    Mutation(CUSTODY, find="    if current is None:\n", replace="    if current is None and False:\n"),
    Mutation(
        CUSTODY,
        find="    if openable_seal(draft, payload.resource, payload.seal) is None:",
        replace="    if live_seal(draft, payload.resource) is None:",
    ),
)
def test_only_what_may_still_open_something_is_released_and_contributed_to() -> None:
    """A seal that is offered or retired is not; and what was being released stops when two members attest that a newer one holds."""
    vault = Vault()
    first = vault.offer_seal()
    vault.refused_proposal("curlew", "release", vault.request(number=1), "release/not-live")
    for name in ("heron", "tern", "plover"):
        vault.prove(first, name)
    vault.refused_proposal("curlew", "release", vault.request(number=2), "release/not-live")
    release = vault.release()
    vault.contribute(release, "tern")
    second = vault.seal()
    for name in ("curlew", "dunlin"):
        vault.do(name, "acknowledge", what="changed", of=second)
    vault.refused("heron", "contribute", "contribute/stale", release=release, envelope=vault.envelope(release, "heron"))
    assert vault.released(release).contributions.keys() == {"tern"}
    vault.refused_proposal("curlew", "release", vault.request(number=1), "release/not-live")


@attack(
    "release-spoilt-share",
    Mutation(
        CUSTODY,
        find="    contributions = {**found.contributions, entry.by: draft.size}\n",
        replace="    contributions = {entry.by: draft.size, **found.contributions}\n    assert contributions[entry.by] == draft.size\n",
    ),
)
def test_a_contribution_that_was_spoilt_is_given_again() -> None:
    """A damaged file or the wrong sheet costs no new release: the right one still counts, and a second right one changes nothing."""
    vault = Vault()
    vault.seal()
    release = vault.release()
    vault.contribute(release, "heron")
    wrong = replace_words(vault, release, "tern")
    vault.do("tern", "contribute", release=release, envelope=wrong)
    with pytest.raises(CustodyError) as caught:
        vault.opened(release)
    assert caught.value.data["refused"] == {"tern": "share/wrong"}
    vault.contribute(release, "tern")
    assert vault.released(release).contributions["tern"] == vault.last.index
    assert vault.opened(release).secrets == (Secret("password", "page", "page 1"),)
    vault.contribute(release, "tern")
    assert [(verdict.member, verdict.code) for verdict in vault.opened(release).verdicts] == [
        ("heron", "used"),
        ("tern", "share/wrong"),
        ("tern", "used"),
        ("tern", "share/duplicate"),
    ]


def replace_words(vault: Vault, release: str, name: str) -> str:
    """What *name* would contribute with the words of somebody else's share."""
    own = parse_envelope(b64.decode(vault.envelope(release, name)).removeprefix(AGE_HEADER))
    words = parse_envelope(b64.decode(vault.envelope(release, "plover")).removeprefix(AGE_HEADER)).words
    return b64.encode(AGE_HEADER + envelope_bytes(dataclasses.replace(own, words=words)))


@attack("release-late", Mutation(CUSTODY, find="    if draft.clock is not None and draft.clock > found.until:", replace="    if False:"))
def test_a_release_ends_by_the_records_clock() -> None:
    """After its end nobody contributes; a request whose end is over is not even made."""
    vault = Vault(clocked=True)
    vault.seal()
    vault.refused_proposal("curlew", "release", vault.request(until=T0), "release/too-late")
    release = vault.release(until=vault.now + DAY)
    vault.contribute(release, "tern")
    vault.tick(2 * DAY)
    vault.refused("plover", "contribute", "contribute/expired", release=release, envelope=vault.envelope(release, "plover"))
    assert vault.released(release).contributions.keys() == {"tern"}


def test_who_contributes_what_is_checked() -> None:
    """Custodians alone, to a decided release that they have seen, an age file and nothing else."""
    vault = Vault()
    vault.seal()
    request = vault.propose("curlew", "release", vault.request())
    vault.refused("tern", "contribute", "contribute/no-release", release=request, envelope=b64.encode(AGE_HEADER + bytes(20)))
    vault.approve(request, "heron", "tern")
    seen = vault.tree.size - 1
    envelope = vault.envelope(request, "tern")
    assert vault.act("tern", "contribute", seen=seen, release=request, envelope=envelope).code == "act/seen-too-little"
    vault.refused("curlew", "contribute", "contribute/not-custodian", release=request, envelope=envelope)
    for bad in (b64.encode(bytes(60)), "!" * 60):
        vault.refused("tern", "contribute", "contribute/envelope", release=request, envelope=bad)
    vault.contribute(request, "tern")
    vault.refused("tern", "contribute", "contribute/no-release", release=text("none"), envelope=envelope)


@attack(
    "release-asker-left",
    Mutation(CUSTODY, find='    if asker is None or asker.status != "active":', replace="    if asker is None:"),
)
def test_nobody_contributes_to_somebody_who_has_left() -> None:
    """Whoever asked and left, or was expelled, is given nothing more; a member asks again."""
    vault = Vault()
    vault.seal()
    release = vault.release(by="dunlin")
    vault.contribute(release, "tern")
    vault.decide("expel", {"member": "dunlin"}, "heron", "tern", "plover")
    vault.refused("plover", "contribute", "contribute/asker-left", release=release, envelope=vault.envelope(release, "plover"))
    assert vault.released(release).contributions.keys() == {"tern"}


def test_a_contribution_without_a_live_seal_is_refused() -> None:
    """A record cannot come to this by itself, and a reader does not rely on that."""
    vault = Vault()
    seal = vault.seal()
    release = vault.release()
    draft = vault.state.thaw()
    draft.put("seals", "page/1", replace(vault.sealed(seal), status="retired"))
    vault.state = draft.freeze()
    vault.refused("tern", "contribute", "contribute/stale", release=release, envelope=vault.envelope(release, "tern"))


@attack(
    "release-next-epoch",
    Mutation("src/commonhold/kernel/record/effects.py", find="    custody.void_releases(draft)\n", replace=""),
)
def test_a_succession_ends_releases() -> None:
    """What was released in a log that was left must be asked for again in the next; the seal itself lives on."""
    vault = Vault()
    vault.seal()
    release, other = vault.release(), vault.release("page", "dunlin")
    vault.contribute(release, "tern")
    next_house = vault.branch_off("next")
    assert next_house.open("heron").counts
    next_house.succeed("heron", "tern", "plover", "curlew", unwitnessed=True)
    assert next_house.state.phase == "running"
    assert all(next_house.state.parts["releases"][key].void for key in (release, other))
    envelope = vault.envelope(release, "plover")
    assert next_house.act("plover", "contribute", release=release, envelope=envelope).code == "contribute/no-release"
    assert next_house.state.parts["seals"]["page/1"].status == "live"


@attack(
    "contribution-to-two",
    Mutation(CUSTODY, find="raw.partition(_END)[0].count(_STANZA) == 1", replace="raw.count(_STANZA) > 0"),
)
def test_a_contribution_is_for_one_recipient() -> None:
    """A second one would have the share out of the public record for ever; what looks like a stanza in the payload is none, and a stanza without a meaning is no recipient."""
    vault = Vault()
    vault.seal()
    request = vault.propose("curlew", "release", vault.request())
    vault.approve(request, "heron", "tern")
    one = b"age-encryption.org/v1\n-> X25519 a\nb\n"
    end = b"-> x-grease c\n\n--- d\n" + b"payload\n-> X25519 e\n"
    two = b64.encode(one + b"-> X25519 a\nb\n" + end)
    vault.refused("tern", "contribute", "contribute/envelope", release=request, envelope=two)
    assert "tern" not in vault.released(request).contributions
    assert vault.act("tern", "contribute", release=request, envelope=b64.encode(one + end)).counts
    assert "tern" in vault.released(request).contributions
