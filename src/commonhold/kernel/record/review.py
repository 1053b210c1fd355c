"""What a member is shown before they sign, and what is refused: a request held against what is known of the record (DESIGN 3.7).

The twin of ``reader/src/signer/review.js``; ``vectors/requests.json`` holds both to one answer. Everything that gives the act its authority is
made here again from what is shown: the organisation, the epoch and ``seen`` come from the checkpoint, the words from the proposal as partners
prove it (or from the proposal's own entry, whose id is its digest), the texts from objects that have their digests. A request can only ask.

What the rules of the charter make of the act is the fold's business; what is refused here is what the fold would refuse in any case, so that
nobody signs in vain, and what nobody should sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel.errors import CommonholdError, CustodyError, RuleError
from commonhold.kernel.keys import KitKeys
from commonhold.kernel.record.before import Before, vouched_facts
from commonhold.kernel.record.custodyrequest import needed_for
from commonhold.kernel.record.custodyreview import Task, custody_told
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.fact import Fact, Shown
from commonhold.kernel.record.noticereview import told_facts, ways_left
from commonhold.kernel.record.payloads import enrolled_keys, parse_payload
from commonhold.kernel.record.request import Request, target_of
from commonhold.kernel.record.telling import SHORT, article_text, payload_facts, payload_texts, reason_text

MAX_EPOCHS: Final = 16
"""How many epochs a review looks back; a record with more is for the command line."""
COMPARED_KINDS: Final = frozenset({"admit", "recover-member"})
"""Kinds whose approval says that a key was compared outside the house."""
ABSENT: Final = None


@dataclass(frozen=True, slots=True)
class Review:
    """What a member is shown. ``compare`` are the values of keys of which one must be compared by its six words before ``body`` is signed.

    ``task`` is what the device needs to complete an act of custody. ``ways`` are those of which one is to be named before a notice is signed (``noticereview.reached``).
    """

    request: Request
    before: Before
    facts: tuple[Fact, ...]
    texts: tuple[Shown, ...]
    compare: tuple[Mapping[str, Any], ...] = ()
    task: Task | None = None
    ways: tuple[str, ...] = ()


def needed(
    type: str, body: Mapping[str, Any], *, org: str, epoch: int, member: str, about: Mapping[str, Any] | None = None
) -> list[tuple[str, str]]:
    """The values of the state that a review of this act asks for, by part and key; *about* as the request has it."""
    asked = [("members", member)]
    if about is not None:
        asked += [key for key in needed_for(type, body, about) if key not in asked]
    elif type == "propose":
        asked.append(("rules", f"decisions.{body['kind']}"))
    elif target := target_of(type, body):
        asked += [("proposals", target)] if target != org else []
    else:
        asked.append(("seats" if body["what"] == "seat" else "delegations", f"{body['of']}/{member}"))
    return asked + [("epochs", str(number)) for number in range(1, min(epoch, MAX_EPOCHS) + 1)]


def review(request: Request, before: Before, member: str, kit: KitKeys, now: int) -> Review:
    """What *member*, whose kit is *kit*, is shown before they sign *request*.

    Args:
        now: POSIX seconds of the signer's own clock.

    Raises:
        RuleError, FormatError, ProofError, CustodyError: for what is not signed, with a stable code.
    """
    if before.org != request.org:
        raise _refuse("request/other-org", "this is about another organisation than the one that is known here")
    if before.epoch != request.epoch:
        raise _refuse("request/other-epoch", f"the request is for epoch {request.epoch}, and what is proved is of epoch {before.epoch}")
    facts = vouched_facts(before, now)
    act = _Act(request, before, member, kit, now)
    told, texts = act.told()
    said = [Fact("number", {"number": request.number})]
    return Review(request, before, (*told, *facts, *said), tuple(texts), act.compare, act.task, act.ways)


def compared(review: Review, key_id: str) -> dict[str, Any]:
    """The body to sign once the key with this id was compared by its six words; the request cannot say that it was.

    Raises:
        RuleError: ``act/fingerprint`` if the request names another key.
    """
    body = dict(review.request.body)
    if body.get("key", key_id) != key_id:
        raise _refuse("act/fingerprint", "the request names another key than the one whose words were compared")
    return {**body, "key": key_id}


@dataclass(slots=True)
class _Act:
    """One act under review: who, what, and what is known."""

    request: Request
    before: Before
    member: str
    kit: KitKeys
    now: int
    compare: tuple[Mapping[str, Any], ...] = ()
    task: Task | None = None
    ways: tuple[str, ...] = ()

    def told(self) -> tuple[list[Fact], list[Shown]]:
        kind, body = self.request.type, self.request.body
        if kind == "accept" and body["of"] == self.request.org:
            return self._founding()
        self._check_member()
        base, decided = self._epochs()
        if self.request.about is not None:
            self._check_waiting(decided, "")
            facts, texts, self.task = custody_told(self, base)
            return facts, texts
        if kind == "propose":
            self._check_waiting(decided, body["kind"])
            return self._propose()
        if kind == "withdraw" and body["what"] in ("seat", "delegation"):
            self._check_waiting(decided, "")
            return self._give_up()
        return self._on_proposal(base, decided)

    def _epochs(self) -> tuple[int, bool]:
        """How many entries stand in the logs of earlier epochs, and whether the members have decided to go on in this one."""
        base, decided = 0, True
        if self.request.epoch > MAX_EPOCHS:
            raise _refuse("request/other-epoch", "this is further from the first epoch than a review looks back")
        for number in range(1, self.request.epoch + 1):
            value = self.value("epochs", str(number))
            parent = value.get("parent") if isinstance(value, dict) else None
            size = parent.get("size") if isinstance(parent, dict) else None
            if type(size) is not int or size < 1:
                raise _refuse("epoch/other-open", "what is said of this epoch has another form")
            base, decided = base + size, bool(value.get("proposal"))
        return base, decided

    @staticmethod
    def _check_waiting(decided: bool, kind: str) -> None:  # noqa: FBT001 - what the state says
        if not decided and kind != "succeed":
            raise _refuse("epoch/waiting", "until the members have decided to go on in this epoch, nothing else counts in it")

    def _check_member(self) -> None:
        value = self.value("members", self.member)
        if not isinstance(value, dict) or value.get("status") not in ("active", "invited"):
            raise _refuse("act/not-a-member", f"{self.member} is not a member of this organisation, or not any more")
        if value.get("kit") != self.kit.key_id:
            raise CustodyError(
                f"the record holds another kit for {self.member}",
                code="kit/not-recorded",
                next_step="Use the kit that was enrolled; if it is lost, ask for a `recover-member` decision.",
            )
        keys = value.get("keys")
        if not isinstance(keys, dict) or keys.get(self.kit.key_id) != self.kit.to_value():
            raise CustodyError(
                "the record holds this kit's signing key beside a foreign age recipient",
                code="kit/foreign-recipient",
                next_step="Do not sign. Tell the other members: whoever made that entry could read shares that are meant for you.",
            )

    def _founding(self) -> tuple[list[Fact], list[Shown]]:
        entry = parse_entry(self.before.entry) if self.before.entry else None
        if entry is None or entry.type != "found" or entry.id != self.request.org:
            raise _refuse("request/entry", "the founding is not in the request, or is that of another organisation")
        kits = {founder.member: founder.kit for founder in entry.body.members}
        if self.member not in kits:
            raise _refuse("act/not-a-member", f"{self.member} is not among the founders")
        if kits[self.member] != self.kit.to_value():
            raise CustodyError(
                f"the founding lists another kit for {self.member}",
                code="kit/not-recorded",
                next_step="Do not accept it. Ask whoever wrote the founding to take your card.",
            )
        charter = entry.body.charter
        facts = [
            Fact("act-accept-founding", {"name": _name_of(charter)}),
            Fact("founding-members", {"names": ", ".join(sorted(kits))}),
        ]
        if entry.body.seats:
            facts.append(Fact("founding-seats", {"seats": ", ".join(f"{seat.office}: {seat.member}" for seat in entry.body.seats)}))
        articles = charter.get("articles")
        rows = sorted(articles.items()) if isinstance(articles, dict) else []
        texts = [
            Shown(Fact("the-article", {"number": number}), article_text(digest, self.request.texts))
            for number, digest in rows
            if isinstance(digest, str) and digest in self.request.texts
        ]
        return [*facts, Fact("effect-accept-founding")], texts

    def _propose(self) -> tuple[list[Fact], list[Shown]]:
        body = self.request.body
        kind, payload = body["kind"], body["payload"]
        facts = [Fact("act-propose", {"by": self.member}), *payload_facts(kind, payload), *self._succession(kind, payload)]
        if kind in ("depart", "rotate-key") and payload["member"] != self.member:
            raise _refuse("effect/not-yours", f"only {payload['member']} can propose this for themselves")
        if self.before.time is not None and body["not_after"] <= max(self.before.time, self.now):
            raise _refuse("request/expired", "the time in which this could be decided is over")
        if emergency := body.get("emergency"):
            facts.append(Fact("emergency", {"power": emergency}))
        rule = self.before.values.get(("rules", f"decisions.{kind}"))
        texts = payload_texts(payload, self.request.texts)
        if isinstance(rule, dict) and isinstance(rule.get("article"), str):
            facts.append(Fact("under", {"articles": rule["article"]}))
            texts += self.articles([rule["article"]])
        facts.append(Fact("effect-depart" if kind == "depart" else "effect-propose"))
        if kind != "depart":
            facts.append(Fact("until", {"time": body["not_after"]}))
        return facts, texts

    def _give_up(self) -> tuple[list[Fact], list[Shown]]:
        body = self.request.body
        part = "seats" if body["what"] == "seat" else "delegations"
        if self.value(part, f"{body['of']}/{self.member}") is ABSENT:
            raise _refuse("act/no-seat" if part == "seats" else "act/nothing-to-withdraw", "there is nothing of this kind to give up")
        return [Fact(f"act-withdraw-{body['what']}", {"of": body["of"]}), Fact(f"effect-withdraw-{body['what']}")], []

    def _on_proposal(self, base: int, decided: bool) -> tuple[list[Fact], list[Shown]]:  # noqa: FBT001 - what the state says
        kind, body = self.request.type, self.request.body
        act = f"withdraw-{body['what']}" if kind == "withdraw" else "notice" if kind == "acknowledge" else kind
        target = target_of(kind, body)
        found = self.proposal(target)
        self._check_waiting(decided, found["kind"])
        self._check_open(act, found, base)
        what, payload = found["kind"], found["payload"]
        told = payload_facts(what, payload)
        facts = [Fact(f"act-{'accept-seat' if act == 'accept' else act}", {"by": found["by"]}), *told, *self._succession(what, payload)]
        facts.append(Fact("effect-accept-seat", {"office": payload["office"]}) if act == "accept" else Fact(f"effect-{act}"))
        if articles := _strings(found.get("articles")):
            facts.append(Fact("under", {"articles": ", ".join(articles)}))
        approvals = found.get("approvals")
        if isinstance(approvals, dict) and approvals:
            facts.append(Fact("approved-by", {"names": ", ".join(sorted(approvals))}))
        if act == "notice":
            self.ways = ways_left(found, self.member, self.kit.key_id)
            facts += told_facts(found)
        if act in ("approve", "confirm", "notice"):
            facts.append(Fact("until", {"time": found["not_after"]}))
        reads = act in ("approve", "confirm", "accept")
        texts = payload_texts(payload, self.request.texts) if reads or _has_texts(payload, self.request.texts) else []
        if kind == "object" and body.get("reason"):
            texts.append(reason_text(body["reason"], self.request.texts))
        if act == "approve" and what in COMPARED_KINDS:
            self.compare = tuple(key.to_value() for key in enrolled_keys(parse_payload(what, payload)))
            facts.append(Fact("compare", {"member": payload["member"]}))
        return facts, texts + self.articles(articles)

    def proposal(self, target: str) -> Mapping[str, Any]:
        """A proposal as it is proved, or as its own entry has it.

        Raises:
            RuleError: ``act/no-proposal``, ``request/entry``.
        """
        value = self.value("proposals", target)
        entry = parse_entry(self.before.entry) if self.before.entry else None
        if self.before.time is not None and value is ABSENT:
            raise _refuse("act/no-proposal", f"the record has no proposal {target[:SHORT]}")
        if not isinstance(value, dict) or not {"index", "by", "kind", "payload", "not_after", "status"} <= {"status", *value}:
            raise _refuse("act/no-proposal", f"the request does not say what the proposal {target[:SHORT]} is")
        if self.before.time is None:
            # Nobody vouches for the value, but the id of the proposal is the digest of its entry.
            if entry is None or entry.type != "propose" or entry.id != target:
                raise _refuse("request/entry", "the proposal is not in the request, or is another than the one to be signed")
            made = entry.body
            value = {**value, "by": entry.by, "kind": made.kind, "payload": made.payload, "not_after": made.not_after}
        return {"status": "open", **value}

    def _check_open(self, act: str, found: Mapping[str, Any], base: int) -> None:
        """Pass in silence unless the fold would refuse this act in the state that is proved."""
        status, key = found["status"], self.kit.key_id
        index = found.get("closed", found["index"]) if act == "accept" else found["index"]
        if type(index) is not int or base + self.before.size <= index:
            raise _refuse("act/seen-too-little", "what is proved is older than the proposal")
        if act == "accept":
            if found["kind"] != "appoint" or status != "enacted" or found["payload"].get("member") != self.member:
                raise _refuse("act/no-offer", "this offers you no office")
            return
        ratifying = act == "approve" and status == "enacted" and found.get("ratify_until", 0) and found.get("why") != "ratified"
        if status != "open" and not ratifying:
            raise RuleError(
                f"the proposal is not open any more: it is {status}",
                code="act/closed",
                next_step="There is nothing left to sign.",
                data={"status": status},
            )
        mine = {name: _key_of(found.get(name), self.member) for name in ("approvals", "objections", "confirms")}
        if act == "approve" and mine["approvals"] == key:
            raise _refuse("act/approved", "you have approved this already")
        if act == "object" and mine["objections"]:
            raise _refuse("act/objected", "you have objected to this already")
        if act == "confirm" and mine["confirms"] == key:
            raise _refuse("act/confirmed", "you have confirmed this already")
        if act == "confirm" and _number(found.get("waited_at")) <= 0:
            raise _refuse("act/still-waiting", "the waiting period is not over yet")
        if act == "withdraw-proposal" and found["by"] != self.member:
            raise _refuse("act/not-yours", f"the proposal is {found['by']}'s, and not yours")
        if act in ("withdraw-approval", "withdraw-objection") and not mine[f"{act.partition('-')[2]}s"]:
            raise _refuse("act/nothing-to-withdraw", "there is nothing of yours to take back")
        before_time = self.before.time
        clocked = before_time is not None and status == "open" and act in ("approve", "confirm", "notice")
        if clocked and found["not_after"] < max(before_time or 0, self.now):
            raise _refuse("request/expired", "the time in which this could be decided is over")

    def _succession(self, kind: str, payload: Mapping[str, Any]) -> list[Fact]:
        """Where a next epoch branches off; empty for any other kind."""
        if kind != "succeed":
            return []
        value = self.value("epochs", str(self.request.epoch)) if self.request.epoch else {}
        if value.get("open") != payload["open"]:
            raise _refuse("epoch/other-open", "the succession names another log than this one")
        entry = value["parent"]["size"] - 1
        undecided = [] if value.get("proposal") else [Fact("undecided")]
        return [Fact("branch", {"from": self.request.epoch - 1, "entry": entry, "to": self.request.epoch}), *undecided]

    def articles(self, numbers: list[str]) -> list[Shown]:
        """The texts of these articles, where they are proved and at hand."""
        shown = []
        for number in numbers:
            digest = self.before.values.get(("rules", f"articles.{number}"))
            if isinstance(digest, str) and digest in self.request.texts:
                shown.append(Shown(Fact("the-article", {"number": number}), article_text(digest, self.request.texts)))
        return shown

    def value(self, part: str, key: str) -> Any:
        """What the state holds there.

        Raises:
            RuleError: ``request/value`` if nobody says.
        """
        if (part, key) not in self.before.values:
            raise RuleError(
                f"the request does not say what the record holds of {part}/{key}",
                code="request/value",
                next_step="Ask for one that was made for you, or connect to the network so that partners can be asked.",
                data={"part": part, "key": key},
            )
        return self.before.values[part, key]


def _has_texts(payload: Mapping[str, Any], texts: Mapping[str, bytes]) -> bool:
    named = [
        payload.get("text"),
        payload.get("purpose"),
        payload.get("title"),
        *(change.get("new") for change in payload.get("articles", [])),
    ]
    return all(digest in texts for digest in named if digest)


def _key_of(acts: Any, member: str) -> str:
    act = acts.get(member) if isinstance(acts, dict) else None
    return str(act.get("key", "")) if isinstance(act, dict) else ""


def _strings(value: Any) -> list[str]:
    return [part for part in value if isinstance(part, str)] if isinstance(value, list | tuple) else []


def _number(value: Any) -> int:
    return value if type(value) is int else 0


def _name_of(charter: Mapping[str, Any]) -> str:
    rules = charter.get("rules")
    table = rules.get("charter") if isinstance(rules, dict) else None
    name = table.get("id") if isinstance(table, dict) else None
    return name if isinstance(name, str) else ""


def _refuse(code: str, message: str) -> CommonholdError:
    return RuleError(message, code=code, next_step="Do not sign it. Ask whoever sent it for another, or ask the other members.")
