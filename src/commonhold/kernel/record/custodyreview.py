"""What a custodian is shown before they do their part, and what is refused (docs/formats/request.md, docs/formats/seal.md).

The twin of ``reader/src/signer/custody.js``. A request says of which seal it is, and is believed for nothing else: who opens the seal, which share is whose,
for what and to whom something is released comes from the proposals of the seal and of the release as partners prove them, or as their own entries have
them. What the fold would refuse is refused here, so that nobody encrypts a share in vain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from commonhold.kernel.custody.sealing.shares import Manifest
from commonhold.kernel.custody.sealing.structure import Group, parse_structure
from commonhold.kernel.errors import CommonholdError, RuleError
from commonhold.kernel.keys import KitKeys, fingerprint, parse_key_value
from commonhold.kernel.kinds import RELEASES
from commonhold.kernel.record.before import Before
from commonhold.kernel.record.custodyrequest import custody_of
from commonhold.kernel.record.fact import Fact, Shown
from commonhold.kernel.record.payloads import parse_payload
from commonhold.kernel.record.request import Request
from commonhold.kernel.record.sealfacts import emergency_facts, guide_facts, recipient_fact, seal_facts, structure_facts
from commonhold.kernel.record.telling import SHORT, payload_texts

EVERYBODY: Final = "all(member)"
OPENABLE: Final = frozenset({"live", "replaced"})
"""Seals that can be released: the live one, and an earlier one until two members have attested the change."""

STEPS: Final[Mapping[str, str]] = {
    "acknowledge/again": "Somebody else must attest it, too.",
    "acknowledge/not-custodian": "Nothing is needed from you.",
    "acknowledge/not-live": "Let every custodian acknowledge their share first.",
    "acknowledge/replaced": "Prove the share of the later seal; keep this one until two members have attested the change.",
    "acknowledge/retired": "Destroy what you have of that share: it still opens the old content.",
    "act/seen-too-little": "Ask for a new request, with a newer proof in it.",
    "contribute/asker-left": "Give nothing to it. Somebody who is a member asks for it again.",
    "contribute/expired": "It must be asked for and decided again.",
    "contribute/not-custodian": "Nothing is needed from you.",
    "request/expired": "Ask for a new request, with a later time.",
    "seal/number": "Ask for a new request, made from the record as it is now.",
}
"""What to do where nothing is wrong but that it comes too late, too early or to somebody else."""


class Known(Protocol):
    """An act under review: who signs what, and what is known; each answer raises the review's own refusals."""

    @property
    def request(self) -> Request:
        """What is asked for."""
        ...

    @property
    def before(self) -> Before:
        """What is known of the record."""
        ...

    @property
    def member(self) -> str:
        """Who signs."""
        ...

    @property
    def now(self) -> int:
        """This device's clock, POSIX seconds."""
        ...

    def value(self, part: str, key: str) -> Any:
        """What the state holds there."""
        ...

    def proposal(self, target: str) -> Mapping[str, Any]:
        """A proposal as it is proved, or as its own entry has it."""
        ...

    def articles(self, numbers: list[str]) -> list[Shown]:
        """The texts of articles."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """What the device needs to complete the act.

    Args:
        manifest: the public half of the seal that it is about; None for a seal that is still to be made.
        last: the link of the signer's chain that the record holds now.
        recipient: whom a share is released to.
        kits: the public halves of the custodians' kits, for a new seal.
    """

    manifest: Manifest | None = None
    last: str = ""
    recipient: str = ""
    kits: Mapping[str, KitKeys] = field(default_factory=dict)


Told = tuple[list[Fact], list[Shown], Task]


def custody_told(known: Known, base: int) -> Told:
    """The facts, the texts and the task of an act of custody.

    Args:
        base: how many entries stand in the logs of earlier epochs.

    Raises:
        RuleError, FormatError: for what is not to be done, with the codes of the fold where it would refuse the same.
    """
    asked = custody_of(known.request.type, known.request.body)
    if asked == "seal":
        return _sealing(known)
    public, found = _seal(known)
    if asked == "acknowledge":
        return _acknowledging(known, public, found)
    if asked == "release":
        return _asking(known, public, found)
    return _released(known, public, found, base, asked)


def _seal(known: Known) -> tuple[Manifest, Mapping[str, Any]]:
    """The public half of the seal, and its value in the state."""
    about = known.request.about or {}
    made, value = known.value("proposals", about["of"]), known.value("seals", f"{about['resource']}/{about['seal']}")
    if not isinstance(value, dict) or value.get("proposal") != about["of"]:
        raise _refuse("act/no-seal", f"the record has no seal {about['seal']} of {about['resource']} by the proposal {about['of'][:SHORT]}")
    if not isinstance(made, dict) or made.get("kind") != "seal":
        raise _refuse("act/no-seal", f"the proposal {about['of'][:SHORT]} is not a seal's")
    payload = parse_payload("seal", made.get("payload", {}))
    public: Manifest = payload.manifest(known.request.org)
    if (payload.resource, payload.seal) != (about["resource"], about["seal"]):
        raise _refuse("act/no-seal", f"the proposal {about['of'][:SHORT]} is of seal {payload.seal} of {payload.resource}")
    return public, value


def _acknowledging(known: Known, public: Manifest, found: Mapping[str, Any]) -> Told:
    about, status = _about(public), found.get("status")
    if known.request.body["what"] == "changed":
        if status != "live":
            raise _refuse("acknowledge/not-live", f"the seal is {status}, and a change is attested of the live one")
        changed = _names(found.get("changed"))
        if known.member in changed:
            raise _refuse("acknowledge/again", f"{known.member} has attested this already")
        facts = [Fact("act-changed", about), *guide_facts(public.about.resource), *_by("changed-by", changed), Fact("effect-changed")]
        return facts, [], Task(public)
    if known.member not in public.holdings:
        raise _refuse("acknowledge/not-custodian", f"{known.member} has no share of this seal")
    if status in ("replaced", "retired"):
        raise _refuse(f"acknowledge/{status}", f"the seal is {status}, and its shares are proved no more")
    proved = _map(found.get("proved"))
    link = _map(proved.get(known.member)).get("link", public.holdings[known.member].chain)
    waits = sorted(public.holdings.keys() - proved.keys())
    facts = [Fact("act-drill", about), *structure_facts(public.structure), *_by("waits-for", waits), Fact("effect-drill")]
    return facts, [], Task(public, str(link))


def _asking(known: Known, public: Manifest, found: Mapping[str, Any]) -> Told:
    body = known.request.body
    payload = body["payload"]
    if (payload["resource"], payload["seal"]) != (public.about.resource, public.about.seal):
        raise _refuse("act/no-seal", "the request is about one seal and would release another")
    if found.get("status") not in OPENABLE:
        raise _refuse("release/not-live", f"seal {public.about.seal} of {public.about.resource} is not live")
    if min(payload["until"], body["not_after"]) <= _latest(known):
        raise _refuse("request/expired", "the time in which this could be decided is over")
    facts = [
        Fact("act-propose", {"by": known.member}),
        *emergency_facts(body["kind"]),
        Fact("do-release", _about(public)),
        *structure_facts(public.structure),
        Fact("release-until", {"time": payload["until"]}),
        Fact("effect-release"),
        Fact("until", {"time": body["not_after"]}),
    ]
    return [*facts, *_rule(known)[0]], [*payload_texts(payload, known.request.texts), *_rule(known)[1]], Task(public)


def _released(known: Known, public: Manifest, found: Mapping[str, Any], base: int, asked: str) -> Told:
    """What a custodian contributes to, or what its asker opens."""
    target = known.request.body["release"]
    made, value = known.proposal(target), known.value("releases", target)
    if made["kind"] not in RELEASES:
        raise _refuse("contribute/no-release", f"the proposal {target[:SHORT]} is not a release's")
    payload = parse_payload(made["kind"], made["payload"])
    if not isinstance(value, dict) or value.get("void"):
        raise _refuse("contribute/no-release", f"the release {target[:SHORT]} is not decided, or was ended by a succession or an amendment")
    if (payload.resource, payload.seal) != (public.about.resource, public.about.seal):
        raise _refuse("act/no-seal", "the request is about one seal, and the release is of another")
    if (value.get("resource"), value.get("number"), value.get("recipient")) != (payload.resource, payload.seal, payload.recipient):
        raise _refuse("request/entry", "what is said of the release is not what was proposed")
    given = _map(value.get("contributions"))
    facts = [
        Fact("act-contribute" if asked == "contribute" else "act-unseal", {**_about(public), "by": made["by"]}),
        *emergency_facts(made["kind"]),
        *structure_facts(public.structure),
        recipient_fact(payload.recipient),
        *_by("approved-by", _names(made.get("approvals"))),
        *(_by("given-by", sorted(given)) or [Fact("given-by-nobody")]),
    ]
    if asked == "unseal":
        if made["by"] != known.member:
            raise _refuse("act/not-yours", f"this was released to {made['by']}, and not to you")
        if public.sealed not in known.request.texts:
            raise RuleError(
                "the sealed object is not in the request",
                code="request/text-missing",
                next_step="Ask for the request again, with everything in it.",
                data={"digest": public.sealed},
            )
        return [*facts, Fact("effect-unseal")], [], Task(public, recipient=payload.recipient)
    _check_contributing(known, public, found, base, (made, value))
    facts += [Fact("release-until", {"time": payload.until}), Fact("effect-contribute", {"by": made["by"]})]
    return facts, payload_texts(made["payload"], known.request.texts), Task(public, recipient=payload.recipient)


def _check_contributing(
    known: Known, public: Manifest, found: Mapping[str, Any], base: int, release: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> None:
    """Pass in silence unless the fold would refuse this contribution, or it would go to somebody who is gone or comes too late."""
    made, value = release
    index, until, by = value.get("index"), made["payload"]["until"], made["by"]
    if type(index) is not int or base + known.before.size <= index:
        raise _refuse("act/seen-too-little", "what is proved is older than the decision")
    if found.get("status") not in OPENABLE:
        raise _refuse("contribute/stale", f"the release is of seal {public.about.seal}, and that is not the live one")
    if _latest(known) > until:
        raise _refuse("contribute/expired", "the release has ended")
    if (known.request.about or {})["by"] != by:
        raise _refuse("request/entry", f"the request says that somebody else asked for this than {by}")
    asker = known.value("members", by)
    if not isinstance(asker, dict) or asker.get("status") != "active":
        raise _refuse("contribute/asker-left", f"{by}, who asked for this, is not a member any more")
    if known.member not in public.holdings:
        raise _refuse("contribute/not-custodian", f"{known.member} has no share of this seal")


def _sealing(known: Known) -> Told:
    """A new seal: for the people whom the charter's clause names, each with the kit that the record has for them."""
    body, about = known.request.body, known.request.about or {}
    payload = body["payload"]
    resource, number = payload["resource"], payload["seal"]
    structure = parse_structure(payload["structure"])
    if known.value("seals", f"{resource}/{number}") is not None or (
        number > 1 and known.value("seals", f"{resource}/{number - 1}") is None
    ):
        raise _refuse("seal/number", f"seal {number} of {resource} is not the next one")
    if known.before.time is not None and body["not_after"] <= _latest(known):
        raise _refuse("request/expired", "the time in which this could be decided is over")
    clause = _map(known.value("rules", f"custody.{about['clause']}"))
    resources = clause.get("resources")
    if not isinstance(resources, list) or resource not in resources:
        raise _refuse("seal/no-clause", f"the charter's clause {about['clause']} does not say who keeps the secrets of {resource}")
    if not _fits(known, clause.get("open"), structure):
        raise _refuse("seal/not-the-charters", f"the request would seal {resource} for others than the charter's clause names")
    kits = {name: _kit(known, name) for name in structure.people()}
    facts = [Fact("act-propose", {"by": known.member}), *seal_facts(payload)]
    if known.before.time is None:
        facts += [Fact("custodian-kit", {"member": name, "words": " ".join(fingerprint(kit))}) for name, kit in kits.items()]
    under, texts = _rule(known)
    return [*facts, Fact("effect-seal"), Fact("until", {"time": body["not_after"]}), *under], texts, Task(kits=kits)


def _fits(known: Known, table: Any, group: Group) -> bool:
    """Whether *group* has the numbers of the charter's table, and everybody in it holds one of the places that it names."""
    places = table.get("of") if isinstance(table, dict) else None
    if not isinstance(places, list) or table.get("m") != group.need:
        return False
    if all(isinstance(place, str) for place in places):
        return all(isinstance(part, str) and any(_holds(known, part, place) for place in places) for part in group.of)
    return len(places) == len(group.of) and all(
        isinstance(part, Group) and _fits(known, inner, part) for inner, part in zip(places, group.of, strict=True)
    )


def _holds(known: Known, person: str, place: str) -> bool:
    body = known.before.values.get(("rules", f"bodies.{place}"))
    members = body.get("members") if isinstance(body, dict) else f"holders({place})"
    if members == EVERYBODY:
        return True
    office = members[len("holders(") : -1] if isinstance(members, str) else ""
    seat = known.before.values.get(("seats", f"{office}/{person}"))
    return isinstance(seat, dict) and seat.get("status") == "held"


def _kit(known: Known, name: str) -> KitKeys:
    value = _map(known.value("members", name))
    kit = _map(value.get("keys")).get(value.get("kit", ""))
    found = parse_key_value(kit) if isinstance(kit, dict) else None
    if value.get("status") != "active" or not isinstance(found, KitKeys) or found.key_id != value["kit"]:
        raise RuleError(
            f"{name} has no kit in the record to which a share could be encrypted",
            code="seal/no-kit",
            data={"member": name},
            next_step=f"Let {name} enrol a kit (rotate-key) first.",
        )
    return found


def _rule(known: Known) -> tuple[list[Fact], list[Shown]]:
    """The article under which this would be decided, and its text."""
    rule = known.before.values.get(("rules", f"decisions.{known.request.body['kind']}"))
    article = rule.get("article") if isinstance(rule, dict) else None
    return ([Fact("under", {"articles": article})], known.articles([article])) if isinstance(article, str) else ([], [])


def _about(public: Manifest) -> dict[str, str | int]:
    return {"resource": public.about.resource, "seal": public.about.seal}


def _by(say: str, names: list[str]) -> list[Fact]:
    return [Fact(say, {"names": ", ".join(names)})] if names else []


def _latest(known: Known) -> int:
    return max(known.before.time or 0, known.now)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(value: Any) -> list[str]:
    return sorted(_map(value))


def _refuse(code: str, message: str) -> CommonholdError:
    return RuleError(
        message, code=code, next_step=STEPS.get(code, "Do not do it. Ask whoever sent it for another, or ask the other members.")
    )
