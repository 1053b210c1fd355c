"""Requests for tests and vectors: a small club that asks its members to sign, and cases of what they are shown (docs/formats/request.md).

Everything but the partners is the real thing, and all randomness is derived, see :mod:`.house`.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from commonhold.kernel import b64
from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.keys import KitKeys, fingerprint, parse_key_value
from commonhold.kernel.kit import Kit
from commonhold.kernel.record.before import before_brief, before_claim
from commonhold.kernel.record.brief import brief_of, check_brief
from commonhold.kernel.record.pin import parse_pin
from commonhold.kernel.record.request import Claim, Request, parse_given, target_of
from commonhold.kernel.record.review import needed, review
from commonhold.kernel.record.state import value_of
from commonhold.kernel.texts import make_text
from commonhold.testing.house import MemoryHouse

Case = dict[str, Any]
T0 = 1_900_000_000
MEMBERS = ("heron", "tern", "plover", "curlew")
PARTNERS = ("avocet", "dunlin", "knot")
MAJORITY = {"base": "register", "more_than": "1/2"}
KINDS = (
    "elect",
    "dismiss",
    "admit",
    "expel",
    "depart",
    "rotate-key",
    "recover-member",
    "suspend-origin",
    "partner",
    "entrust",
    "erase",
    "publish",
    "statement",
    "channel",
    "succeed",
    "outing",
)
ARTICLES = {"1": b"# One\n\nThe members decide together.\n", "2": b"# Two\n\nWhat is waited for.\n"}
DIGESTS = {number: hashlib.sha256(raw).hexdigest() for number, raw in ARTICLES.items()}
RULES: dict[str, Any] = {
    "charter": {"id": "club"},
    "bodies": {"assembly": {"article": "1", "members": "all(member)"}},
    "offices": {"chair": {"article": "1", "elected_by": "assembly", "seats": 1}, "scout": {"article": "1", "seats": 2}},
    "decisions": {
        "amend": {"article": "1", "by": "assembly", "pass": MAJORITY, "applies_to": ["*"]},
        **{kind: {"article": "1", "by": "assembly", "pass": MAJORITY} for kind in KINDS},
        "feast": {"article": "2", "by": "assembly", "pass": MAJORITY, "objection": {"of": "assembly", "at_least": "1/2", "within": "P1D"}},
        "spend": {"article": "1", "by": "assembly", "pass": MAJORITY, "limit": {"amount": 500, "currency": "EUR"}},
        "delegate": {"article": "1", "by": {"office": "chair"}},
    },
    "delegation": {"spend": {"article": "1", "from": "chair", "to": "member", "max": "P30D", "revocable": True, "redelegate": False}},
    "emergency": {"storm": {"article": "2", "holder": {"office": "chair"}, "may": ["outing"], "expires": "P7D", "ratify_within": "P14D"}},
}
CHARTER = {
    "form": "commonhold/charter/v1",
    "title": hashlib.sha256(b"The club").hexdigest(),
    "articles": DIGESTS,
    "rules": {key: value for key, value in RULES.items() if key != "delegation"},
}
TEXT = make_text(b"The mast is being painted.\n<b>Not</b> bold.\n", bytes(range(16)))
REASON = make_text(b"Paint in summer.\n", bytes(range(1, 17)))
BIDI = make_text("The mast \u202eis being painted.\n".encode(), bytes(range(2, 18)))


class Club(MemoryHouse):
    """The club; with partners and a clock if *partnered*."""

    def __init__(
        self,
        seed: str,
        *,
        partnered: bool = True,
        accepted: bool = True,
        charter: Mapping[str, Any] = CHARTER,
        members: Sequence[str] = MEMBERS,
        seats: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(charter, members, seats or {"chair": "heron"}, seed=seed)
        self.now = T0
        if accepted:
            self.accept_all()
        if partnered:
            self.approve(
                self.propose("heron", "partner", self.make_partners(*PARTNERS, k=2, vouch=True)), *members[: len(members) // 2 + 1]
            )
            self.tick()

    def tick(self, seconds: int = 60) -> None:
        """Let the partners attest.

        Raises:
            RuntimeError: if that does not count.
        """
        self.now += seconds
        if not (outcome := self.attest(self.now)).counts:
            raise RuntimeError(outcome.words)

    def asks(
        self,
        name: str,
        type: str,
        body: Mapping[str, Any],
        *,
        texts: Mapping[str, bytes] | None = None,
        more: tuple[tuple[str, str], ...] = (),
        time: int | Mapping[str, int] | None = None,
        urls: tuple[str, ...] = (),
        about: Mapping[str, Any] | None = None,
    ) -> Request:
        """A request to *name* with what partners vouch for, or, without partners, with a claim."""
        keys = (*needed(type, body, org=self.org, epoch=self.state.epoch, member=name, about=about), *more)
        found = dict(texts or {})
        if self.partners:
            brief = self.brief(self.now if time is None else time, *keys).to_value()
            return Request(self.org, self.state.epoch, type, body, brief, None, found, urls, about)
        target = target_of(type, body)
        leaf = next((raw for raw, done in zip(self.leaves, self.outcomes, strict=True) if done.entry and done.entry.id == target), b"")
        values = {key: self._value(*key) for key in keys}
        return Request(self.org, self.state.epoch, type, body, None, Claim(self.checkpoint(), leaf, values), found, urls, about)

    def after(self, seed: str, name: str) -> Club:
        """The club's next epoch, opened by *name* with the partners that it has."""
        house = copy.copy(self)
        branched = self.branch_off(seed)
        house.__dict__.update(branched.__dict__)
        house.open(name, self._value("partners", "policy"))
        return house

    def _value(self, part: str, key: str) -> Any:
        found = self.state.part(part).get(key)
        return None if found is None else value_of(found)


class Cases:
    """The cases, gathered one by one; each is held to the code here."""

    def __init__(self) -> None:
        self.pins: dict[str, bytes] = {}
        self.all: list[Case] = []

    def add(
        self,
        name: str,
        house: Club,
        member: str,
        request: Request | str,
        code: str = "",
        *,
        why: str = "",
        pin: str = "",
        now: int = 0,
        kit: Kit | None = None,
    ) -> None:
        """One case; with a *code* it must be refused so, otherwise its facts are noted.

        Raises:
            RuntimeError: if the code here says otherwise.
        """
        given = request if isinstance(request, str) else request.to_bytes().decode()
        keys = (kit or house.kits[member]).keys
        case: Case = {"name": name, "given": given, "member": member, "kit": keys.to_value(), "pin": pin, "now": now or house.now + 5}
        try:
            told = self._look(given, member, keys, pin, case["now"])
        except CommonholdError as error:
            if error.code != code:
                raise RuntimeError(f"{name}: {error.code}: {error}") from error
            self.all.append({**case, "expect": "refuse", "why": why, "code": code})
            return
        if code:
            raise RuntimeError(f"{name}: not refused")
        self.all.append({**case, "expect": "accept", **told})

    def look_again(self, case: Mapping[str, Any]) -> None:
        """Hold the code here to one case of a file.

        Raises:
            AssertionError: if it says something else.
        """
        kit = parse_key_value(case["kit"])
        assert isinstance(kit, KitKeys)
        code, told = "", {}
        try:
            told = self._look(case["given"], case["member"], kit, case["pin"], case["now"])
        except CommonholdError as error:
            code = error.code
        assert code == case.get("code", ""), f"{case['name']}: {code}"
        assert {key: json.loads(json.dumps(value)) for key, value in told.items()} == {key: case[key] for key in told}

    def to_json(self) -> str:
        """The file, in ASCII."""
        about = (
            "Requests as strings, as somebody pastes them. Each is looked at by `member` with the public halves of their kit, under the pin of that "
            "name, at `now`."
        )
        value = {"about": about, "pins": {name: raw.decode() for name, raw in self.pins.items()}, "cases": self.all}
        return json.dumps(value, indent=1, ensure_ascii=True) + "\n"

    def _look(self, given: str, member: str, kit: KitKeys, pin: str, now: int) -> Case:
        request = parse_given(given)
        if pin and request.brief is not None:
            before = before_brief(check_brief(brief_of(dict(request.brief)), parse_pin(self.pins[pin])))
        else:
            before = before_claim(request)
        found = review(request, before, member, kit, now)
        return {
            "number": request.number,
            "epoch": before.epoch,
            "seen": {"size": before.size, "root": b64.encode(before.root)},
            "facts": [[fact.say, dict(fact.values)] for fact in found.facts],
            "texts": [[shown.heading.say, dict(shown.heading.values), shown.text] for shown in found.texts],
            "compare": [" ".join(fingerprint(parse_key_value(value))) for value in found.compare],
            "ways": list(found.ways),
        }


def bent(request: Request, change: Callable[[dict[str, Any]], Any]) -> str:
    """A request, changed in one place, as canonical JSON again."""
    value = json.loads(request.to_bytes())
    change(value)
    return canonical_bytes(value).decode()
