"""Laws of an emergency release: fewer ask, the others are told over two ways, it waits, it is confirmed, it ends, and it takes nothing from anybody."""

from __future__ import annotations

from typing import Any, Final

import pytest

from commonhold.kernel.charter import check_charter
from commonhold.kernel.record.queries import describe_proposal
from commonhold.kernel.record.state import Release, value_of
from commonhold.kernel.record.watching import Told, watched
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import DAY, T0, charter
from tests.kernel.sealing.vault import KEEPING, Vault

NOTICES: Final = "src/commonhold/kernel/record/notices.py"
CUSTODY: Final = "src/commonhold/kernel/record/custody.py"
TALLY: Final = "src/commonhold/kernel/record/tally.py"
DECIDE: Final = "src/commonhold/kernel/record/decide.py"
OFFICERS: Final = ["chair", "treasurer", "editor"]
EMERGENCY: Final[dict[str, Any]] = {
    "decisions/emergency-release": {
        "article": "1.4",
        "by": {"signatures": {"of": OFFICERS, "m": 1}},
        "objection": {"of": "assembly", "at_least": 2, "within": "P3D", "confirm": 2},
        "notices": {"people": 2, "ways": 2},
    }
}
END: Final = T0 + 20 * DAY


class Watch(Vault):
    """A vault with a rule for emergencies; curlew asks, tern approves."""

    def __init__(self, changes: dict[str, Any] | None = None, *, clocked: bool = True) -> None:
        super().__init__({**EMERGENCY, **(changes or {})}, clocked=clocked)
        self.seal()

    def ask(self, by: str = "curlew", *, until: int = END) -> str:
        return self.propose(by, "emergency-release", self.request(until=until))

    def told(self, request: str, *pairs: str) -> None:
        for pair in pairs:
            name, way = pair.split("/")
            self.do(name, "acknowledge", what="notice", of=request, way=way)

    def waits(self, request: str) -> int:
        return self.proposal(request).waits_until


def test_an_emergency_release_opens_after_notice_a_wait_and_a_confirmation() -> None:
    """One officer, word over two ways to two others, three days, and those who could have objected say that it may."""
    watch = Watch()
    request = watch.ask()
    watch.approve(request, "tern")
    watch.tick()
    needs = {need["what"]: need for need in describe_proposal(watch.state, request)["needs"]}
    assert (needs["notice"]["missing"], needs["ways of notice"]["missing"]) == (2, 2)
    assert needs["notice"]["who_still_can"] == ["dunlin", "heron", "plover"]
    watch.told(request, "heron/mail", "plover/phone", "heron/partner")
    assert describe_proposal(watch.state, request)["pending"] == ["heron", "plover"]
    watch.tick()
    assert watch.waits(request) == watch.state.clock + 3 * DAY
    watch.tick(3 * DAY)
    assert watch.status(request) == "open"
    watch.refused("curlew", "confirm", "act/cannot-confirm", proposal=request)
    for name in ("heron", "plover"):
        watch.do(name, "confirm", proposal=request)
    watch.tick()
    assert watch.status(request) == "enacted", watch.why(request)
    assert watch.released(request).emergency
    watch.contribute(request, "heron", "plover")
    assert watch.opened(request).secrets[0].value == "page 1"
    rotation = watch.rotation()
    assert rotation is not None
    assert rotation.reasons == (f"release/{request}",)


@attack(
    "emergency-unseen",
    Mutation(DECIDE, find="        *notices.standings(draft, proposal_id, proposal, limit),\n", replace=""),
    Mutation(NOTICES, find="tuple(sorted(ways)), ()),", replace="tuple(sorted(pairs)), ()),"),
    Mutation(NOTICES, find="if name in told and act.index", replace="if act.index"),
)
def test_the_wait_begins_only_once_others_were_told_over_two_ways() -> None:
    """However long it lies there; one way, one person, or the word of those who are part of it is not enough."""
    watch = Watch()
    request = watch.ask()
    watch.told(request, "heron/mail", "plover/mail", "tern/phone")
    watch.approve(request, "tern")
    watch.tick()
    watch.tick(9 * DAY)
    assert (watch.status(request), watch.waits(request)) == ("open", 0)
    found = {need["what"]: need["counted"] for need in describe_proposal(watch.state, request)["needs"]}
    assert (found["notice"], found["ways of notice"]) == (["heron", "plover"], ["mail"])
    for name in ("curlew", "tern"):
        watch.refused(name, "acknowledge", "acknowledge/not-told", what="notice", of=request, way="person")
    watch.told(request, "dunlin/person")
    watch.tick()
    assert watch.waits(request) == watch.state.clock + 3 * DAY


@attack(
    "emergency-takeover",
    Mutation(CUSTODY, find="    if emergency and payload.until > ", replace="    if not emergency and payload.until > "),
    Mutation(CUSTODY, find="    if draft.clock is not None and draft.clock > found.until:", replace="    if False:"),
    Mutation(
        "src/commonhold/kernel/record/tally.py",
        find="proposal.by if proposal.kind in RELEASES else",
        replace='proposal.by if proposal.kind == "release" else',
    ),
)
def test_an_emergency_takes_nothing_from_anybody_and_ends_by_itself() -> None:
    """Its asker has no voice; it changes no seat, key or share; it ends within sixty days, and what was opened must be changed."""
    watch = Watch()
    watch.refused(
        "curlew", "propose", "release/too-long", kind="emergency-release", payload=watch.request(until=T0 + 61 * DAY), not_after=END
    )
    request = watch.ask("heron")
    watch.refused("heron", "approve", "act/cannot-count", proposal=request)
    before = {part: dict(values) for part, values in watch.state.parts.items()}
    watch.approve(request, "tern")
    watch.told(request, "plover/mail", "dunlin/phone")
    watch.tick()
    watch.tick(3 * DAY)
    for name in ("plover", "dunlin"):
        watch.do(name, "confirm", proposal=request)
    watch.tick()
    assert watch.status(request) == "enacted"
    changed = {part for part, values in watch.state.parts.items() if dict(values) != before[part]}
    assert changed == {"clock", "proposals", "releases", "rotations"}
    watch.contribute(request, "tern")
    watch.tick(30 * DAY)
    watch.refused("plover", "contribute", "contribute/expired", release=request, envelope=watch.envelope(request, "plover"))
    assert watch.rotation() is not None


@attack(
    "emergency-pair",
    Mutation(TALLY, find="    if named:\n", replace="    if not named:\n"),
    Mutation(
        TALLY, find="        return len(confirmed) >= confirms_needed(state, proposal_id, proposal)\n", replace="        return True\n"
    ),
    Mutation(
        TALLY,
        find="    return objection_holders(state, proposal, state.frozen[proposal_id]) - involved",
        replace="    return objection_holders(state, proposal, state.frozen[proposal_id])",
    ),
)
def test_two_who_agree_open_nothing_by_an_emergency() -> None:
    """One asks and one approves; neither is told or confirms for the others, whose silence is no consent, and two of whom stop it."""
    watch = Watch({"decisions/emergency-release/objection/at_least": 3})
    silent, stopped = watch.ask(), watch.ask()
    for request in (silent, stopped):
        watch.approve(request, "tern")
        for name in ("curlew", "tern"):
            watch.refused(name, "acknowledge", "acknowledge/not-told", what="notice", of=request, way="phone")
        watch.told(request, "heron/phone", "dunlin/mail")
    watch.tick()
    watch.tick(3 * DAY)
    for name in ("curlew", "tern"):
        watch.refused(name, "confirm", "act/cannot-confirm", proposal=silent)
    watch.do("dunlin", "confirm", proposal=silent)
    for name in ("heron", "dunlin", "plover"):
        watch.do(name, "object", proposal=stopped)
    watch.tick(DAY)
    assert (watch.status(silent), watch.status(stopped)) == ("open", "blocked"), (
        "one of two has confirmed the first, though one fewer than three is left"
    )
    assert not watch.state.parts["releases"]
    watch.tick(30 * DAY)
    assert watch.status(silent) == "open", "silence becomes no consent, however long it lasts"
    assert not watch.state.parts["releases"]


def test_a_share_of_all_who_may_object_confirms_an_emergency() -> None:
    """Counted when it was asked for: two fifths of five are two, and a fifth is one."""
    for share, needed in (("2/5", 2), ("1/5", 1)):
        watch = Watch({"decisions/emergency-release/objection/confirm": share})
        request = watch.ask()
        watch.approve(request, "tern")
        watch.told(request, "heron/phone", "dunlin/mail")
        watch.tick()
        watch.tick(3 * DAY)
        found = describe_proposal(watch.state, request)["waiting"]
        assert (found["confirms_needed"], found["who_must_confirm"]) == (needed, ["dunlin", "heron", "plover"])
        for name in ("heron", "dunlin")[:needed]:
            assert watch.status(request) == "open"
            watch.do(name, "confirm", proposal=request)
            watch.tick()
        assert watch.status(request) == "enacted"


def test_an_objection_stops_an_emergency_and_a_lost_receipt_begins_the_wait_anew() -> None:
    """Whoever acknowledged and then approves is one of those who want it; the others must be told again."""
    watch = Watch()
    request, other = watch.ask(), watch.ask("dunlin")
    watch.approve(request, "tern")
    watch.told(request, "heron/mail", "plover/phone")
    watch.tick()
    first = watch.waits(request)
    watch.approve(request, "plover")
    watch.tick(DAY)
    assert (watch.waits(request), watch.proposal(request).carried) == (0, 0)
    watch.told(request, "dunlin/phone")
    watch.tick(DAY)
    assert watch.waits(request) > first
    for name in ("heron", "dunlin"):
        watch.do(name, "object", proposal=request)
    watch.tick()
    assert watch.status(request) == "blocked"
    assert watch.status(other) == "open"
    assert not watch.state.parts["releases"]


def test_what_is_acknowledged_is_checked() -> None:
    """A way and nothing else goes with a notice; it is of an open proposal that asks for it, once by each person and way, and seen."""
    watch = Watch()
    request, plain = watch.ask(), watch.propose("curlew", "release", watch.request())
    watch.refused("heron", "acknowledge", "acknowledge/way", what="notice", of=request)
    watch.refused("heron", "acknowledge", "acknowledge/way", what="changed", of=watch.live().proposal, way="mail")
    watch.refused("heron", "acknowledge", "acknowledge/no-proposal", what="notice", of="0" * 64, way="mail")
    watch.refused("heron", "acknowledge", "acknowledge/not-told", what="notice", of=plain, way="mail")
    watch.told(request, "heron/mail")
    watch.refused("heron", "acknowledge", "acknowledge/again", what="notice", of=request, way="mail")
    assert watch.proposal(request).notices.keys() == {"heron/mail"}
    kit = watch.new_kit("heron")
    watch.decide("rotate-key", {"member": "heron", "add": [kit.keys.to_value()], "revoke": []}, "heron")
    watch.tick()
    watch.kits["heron"] = kit
    watch.told(request, "heron/mail")
    watch.do("curlew", "withdraw", what="proposal", of=request)
    watch.refused("plover", "acknowledge", "acknowledge/no-proposal", what="notice", of=request, way="mail")
    assert describe_proposal(watch.state, request)["status"] == "withdrawn"


def test_somebody_who_had_not_seen_the_request_acknowledges_nothing() -> None:
    """The receipt is signed over a record that holds what it is of."""
    watch = Watch()
    request = watch.ask()
    outcome = watch.act("heron", "acknowledge", what="notice", of=request, way="mail", seen=watch.proposal(request).index)
    assert outcome.code == "act/seen-too-little"


def test_a_house_without_a_clock_knows_no_emergency() -> None:
    """Nothing would wait; the ordinary rule is there."""
    watch = Watch(clocked=False)
    watch.refused("curlew", "propose", "release/needs-clock", kind="emergency-release", payload=watch.request(), not_after=END)
    assert not watch.state.parts["releases"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"decisions/emergency-release/objection/confirm": None}, "charter/emergency-release"),
        ({"decisions/emergency-release/objection/confirm": 0}, "charter/value"),
        ({"decisions/slow/objection": {"of": "assembly", "at_least": 1, "within": "P1D", "confirm": 1}}, "charter/confirm"),
        ({"decisions/emergency-release/notices": None}, "charter/emergency-release"),
        ({"decisions/emergency-release/notices": {"people": 2, "ways": 1}}, "charter/emergency-release"),
        ({"decisions/emergency-release/objection": None}, "charter/notices-nobody"),
        ({"decisions/emergency-release/objection": None, "decisions/emergency-release/notices": None}, "charter/emergency-release"),
        ({"decisions/emergency-release/objection/within": "P90D"}, "charter/emergency-release"),
        ({"decisions/emergency-release/notices": {"people": 2, "ways": 6}}, "charter/value"),
        ({"decisions/emergency-release/notices": {"people": 2}}, "charter/missing-key"),
        ({"decisions/slow/notices": {"people": 1, "ways": 1}}, "charter/notices-nobody"),
        ({"decisions/emergency-release/everyday": True}, "charter/everyday"),
        ({"emergency/storm/may": ["emergency-release"]}, "charter/emergency-never"),
    ],
)
def test_a_rule_for_emergencies_that_nobody_would_notice_is_refused(changes: dict[str, Any], code: str) -> None:
    """A charter cannot let secrets be opened quickly and quietly."""
    value = charter({**KEEPING, **EMERGENCY, **changes})
    assert code in {finding.code for finding in check_charter(value)}
    assert not {finding.code for finding in check_charter(charter({**KEEPING, **EMERGENCY})) if finding.level == "error"}


def test_what_nobody_was_told_of_leaves_no_mark_in_the_digest() -> None:
    """A proposal without notices, and a release that is no emergency, have the value that they had before there were any."""
    watch = Watch()
    watch.release()
    found = next(iter(watch.state.parts["releases"].values()))
    assert isinstance(found, Release)
    assert "emergency" not in value_of(found)
    assert "notices" not in value_of(watch.proposal(next(iter(watch.state.parts["releases"]))))


def test_what_is_asked_for_can_be_watched_by_everybody() -> None:
    """From the asking to the last share: since when, not before when, who was told and how, who objects, who confirmed, who gave."""
    watch = Watch({"decisions/release/time_lock": "P2D", "decisions/release/notice": "P4D"})
    assert watched(watch.state) == ()
    request, plain = watch.ask(), watch.propose("dunlin", "release", watch.request())
    watch.propose("heron", "channel", {"op": "add", "address": "https://saltmarsh.example/"})
    watch.told(request, "heron/mail")
    watch.tick()
    clock = watch.state.clock
    assert clock is not None
    first, second = watched(watch.state, "page")
    assert watched(watch.state, "domain") == ()
    assert (first.id, first.step, first.emergency, first.by, first.seal) == (request, "asked", True, "curlew", 1)
    assert (first.not_before, first.until, first.asked_at) == (clock + 3 * DAY, END, clock - 1)
    assert first.told == Told(("heron",), 2, ("mail",), 2)
    value = first.as_value()
    assert value["told"] == {"people": ["heron"], "needed": 2, "ways": ["mail"], "ways_needed": 2}
    assert (value["objections"], value["given"], second.as_value()["told"]) == ({"by": [], "needed": 2}, [], None)
    assert (first.objections_needed, first.confirms_needed) == (2, 2)
    assert (second.id, second.told, second.objections_needed, second.confirms_needed) == (plain, None, 0, 0)
    assert second.not_before == clock + 4 * DAY
    watch.approve(request, "tern")
    watch.told(request, "plover/phone")
    watch.do("dunlin", "object", proposal=request)
    watch.tick()
    found = watched(watch.state)[0]
    assert (found.step, found.not_before, found.objections) == ("waiting", watch.waits(request), ("dunlin",))
    watch.do("dunlin", "withdraw", what="objection", of=request)
    watch.tick(3 * DAY)
    watch.do("heron", "confirm", proposal=request)
    watch.tick()
    found = watched(watch.state)[0]
    assert (found.step, found.confirmed, found.confirms_needed) == ("confirming", ("heron",), 2)
    watch.do("plover", "confirm", proposal=request)
    watch.tick()
    watch.contribute(request, "tern")
    found = watched(watch.state)[0]
    assert (found.step, found.given, found.emergency, found.told) == ("decided", ("tern",), True, None)
    watch.tick(30 * DAY)
    assert [one.id for one in watched(watch.state)] == [plain]
    early = Watch(clocked=False)
    asked = early.propose("curlew", "release", early.request())
    assert [(one.id, one.not_before, one.asked_at) for one in watched(early.state)] == [(asked, 0, 0)]
