"""A club that seals, for tests and vectors of requests: its charter says who keeps the page, and its members ask one another on paper and by phone.

Shares are real. Envelopes and contributions are age files where somebody brings what encrypts, and else bytes with a header: the kernel throws no dice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.opening import Sealed, seal
from commonhold.kernel.custody.sealing.shares import About, Envelope, envelope_bytes, next_proof
from commonhold.kernel.custody.sealing.structure import Group
from commonhold.kernel.record.keeping import live_seal, manifest, structure_for
from commonhold.kernel.record.request import Request
from commonhold.kernel.record.state import Seal
from commonhold.kernel.texts import make_text, text_digest
from commonhold.testing.house import FAR, derive
from commonhold.testing.requests import ARTICLES, CHARTER, DIGESTS, MEMBERS, RULES, Club

OFFICES = {
    "chair": {"article": "1", "seats": 1},
    "treasurer": {"article": "1", "seats": 1},
    "editor": {"article": "1", "seats": 1},
}
TWO = {"signatures": {"of": ["chair", "treasurer", "editor"], "m": 2}}
EMERGENCY: dict[str, Any] = {
    "article": "2",
    "by": {"signatures": {"of": ["chair", "treasurer", "editor"], "m": 1}},
    "objection": {"of": "assembly", "at_least": "1/4", "within": "P2D", "confirm": 2},
    "notices": {"people": 2, "ways": 2},
}
CLAUSE: dict[str, Any] = {"article": "1", "resources": ["page", "domain"], "open": {"m": 2, "of": ["chair", "treasurer", "editor"]}}
PURPOSE = make_text(b"The page was hacked. We set a new password on Monday.\n", bytes(range(3, 19)))
PAYLOAD = {"resource": "page", "seal": 2, "structure": {"need": 2, "of": ["heron", "plover", "tern"]}}
SEALING = {"clause": "keys", "bodies": [], "seats": ["chair/heron", "editor/plover", "treasurer/tern"]}
SEATS = {"chair": "heron", "treasurer": "tern", "editor": "plover"}


def keeping(clause: Mapping[str, Any], held: Sequence[str] = ()) -> dict[str, Any]:
    """The club's charter with three offices and those that are *held*, with as many seats, and rules for what is sealed and released."""
    offices = {name: {"article": "1", "seats": count} for name, count in Counter(held).items()}
    rules: dict[str, Any] = {key: value for key, value in RULES.items() if key != "delegation"}
    decisions = {
        **rules["decisions"],
        "seal": {"article": "1", "by": TWO},
        "release": {"article": "2", "by": TWO},
        "emergency-release": EMERGENCY,
    }
    return {
        **CHARTER,
        "rules": {
            **rules,
            "offices": {**rules["offices"], **offices, **OFFICES},
            "decisions": decisions,
            "custody": {"keys": dict(clause)},
        },
    }


class Keepers(Club):
    """The club with custodians; ``made`` holds each seal's content as its maker had it."""

    def __init__(
        self,
        seed: str,
        *,
        partnered: bool = True,
        clause: Mapping[str, Any] = CLAUSE,
        more: Sequence[str] = (),
        places: Mapping[str, str] | None = None,
        encrypt: Callable[[bytes, str], bytes] | None = None,
    ) -> None:
        """The club, and *more* members who hold *places* (``office/number``) beside the three offices."""
        held = {**SEATS, **(places or {})}
        self.made: dict[str, Sealed] = {}
        self.objects: dict[str, bytes] = {text_digest(PURPOSE): PURPOSE}
        self.encrypt = encrypt or (lambda raw, recipient: b"age-encryption.org/v1\n-> X25519 " + recipient.encode() + raw)
        charter = keeping(clause, [place.partition("/")[0] for place in held])
        super().__init__(seed, partnered=partnered, charter=charter, members=(*MEMBERS, *more), seats=held)

    def keep(self, raw: bytes) -> str:
        """Put an object where requests find it; gives its digest."""
        digest = hashlib.sha256(raw).hexdigest()
        self.objects[digest] = raw
        return digest

    def seal_up(self, resource: str = "page", *, live: bool = True, structure: Group | None = None) -> str:
        """Decide a new seal, and, if it is to be *live*, let every custodian acknowledge it. Gives its proposal's id."""
        numbers = [found.number for found in self.state.parts["seals"].values() if found.resource == resource]
        about, count = About(self.org, resource, max(numbers, default=0) + 1), 0

        def dice(size: int) -> bytes:
            nonlocal count
            count += 1
            return hashlib.shake_256(derive(self.seed, resource, about.seal, count)).digest(size)

        made = seal([Secret("password", "admin", "dunlin-7")], structure or structure_for(self.state, resource), about, dice)
        names = made.structure.people()
        kits = {name: self.kits[name] for name in names}
        envelopes = {name: self.keep(self.encrypt(made.envelope(name), kits[name].keys.age)) for name in names}
        self.keep(made.sealed)
        public = made.manifest({name: kit.key_id for name, kit in kits.items()}, envelopes)
        payload = {
            "resource": resource,
            "seal": about.seal,
            "structure": public.structure.to_value(),
            "shares": {name: holding.to_value() for name, holding in public.holdings.items()},
            "key": public.key,
            "sealed": public.sealed,
        }
        proposal = self.propose("heron", "seal", payload)
        self.approve(proposal, "heron", "tern")
        self._settle()
        self.made[proposal] = made
        for name in names if live else ():
            self.prove(proposal, name)
        self._settle()
        return proposal

    def prove(self, proposal: str, name: str) -> None:
        """Let a custodian show that their share opens."""
        found, share = self.seal_of(proposal), self.share(proposal, name)
        last = found.proved[name].link if name in found.proved else manifest(self.state, found).holdings[name].chain
        self.do(name, "acknowledge", what="share", of=proposal, proof=next_proof(share.about, share.index, name, share.words, last))

    def share(self, proposal: str, name: str, release: str = "") -> Envelope:
        """Somebody's share of a seal, for a release if one is named."""
        made = self.made[proposal]
        return Envelope(made.about, made.structure.people().index(name), name, made.words[name], release)

    def seal_of(self, proposal: str) -> Seal:
        """A seal in the state, by its proposal."""
        found: Seal = next(found for found in self.state.parts["seals"].values() if found.proposal == proposal)
        return found

    def release_it(self, by: str, recipient: str, *, resource: str = "page", until: int = FAR, decided: bool = True) -> str:
        """Ask for the live seal to be opened, and decide it. Gives the release's id."""
        found = live_seal(self.state, resource)
        number = found.number if found is not None else 0
        payload = {"resource": resource, "seal": number, "purpose": text_digest(PURPOSE), "recipient": recipient, "until": until}
        proposal = self.propose(by, "release", payload)
        if decided:
            self.approve(proposal, *[name for name in SEATS.values() if name != by][:2])
        self._settle()
        return proposal

    def give(self, name: str, proposal: str, release: str, share: Envelope | None = None) -> bytes:
        """Contribute a share to a release; gives the entry's bytes."""
        recipient = self.state.parts["releases"][release].recipient
        raw = self.encrypt(envelope_bytes(share or self.share(proposal, name, release)), recipient)
        entry = self.sign(name, "contribute", {"release": release, "envelope": b64.encode(raw)})
        if not (outcome := self.append(entry)).counts:
            raise RuntimeError(outcome.words)
        self.keep(entry)
        return entry

    def about(self, proposal: str, **more: Any) -> dict[str, Any]:
        """What a request says of a seal."""
        found = self.seal_of(proposal)
        return {"of": proposal, "resource": found.resource, "seal": found.number, **more}

    def _settle(self) -> None:
        if self.partners:
            self.tick()


def drill(house: Keepers, name: str, seal: str, what: str = "share", **more: Any) -> Request:
    """A request to prove a share, or to attest a change."""
    return house.asks(name, "acknowledge", {"what": what, "of": seal}, about={**house.about(seal), **more})


def contribute(house: Keepers, name: str, seal: str, release: str, **more: Any) -> Request:
    """A request to give a share."""
    about = {**house.about(seal, by=house.state.parts["proposals"][release].by), **more}
    return house.asks(name, "contribute", {"release": release}, texts={text_digest(PURPOSE): PURPOSE}, about=about)


def unseal(house: Keepers, name: str, seal: str, release: str, *given: str) -> Request:
    """A request to open what was given."""
    sealed = house.state.parts["proposals"][seal].payload["sealed"]
    return house.asks(
        name, "unseal", {"release": release}, texts={sealed: house.objects[sealed]}, about=house.about(seal, given=list(given))
    )


def ask_release(house: Keepers, name: str, seal: str, **change: Any) -> Request:
    """A request to ask for a release."""
    payload = {"resource": "page", "seal": house.seal_of(seal).number, "purpose": text_digest(PURPOSE), "until": FAR, **change}
    body = {"kind": "release", "payload": payload, "not_after": FAR}
    more = (("rules", "articles.2"),)
    return house.asks(
        name, "propose", body, texts={text_digest(PURPOSE): PURPOSE, DIGESTS["2"]: ARTICLES["2"]}, more=more, about=house.about(seal)
    )


def ask_seal(house: Keepers, name: str, about: dict[str, Any] | None = None, **change: Any) -> Request:
    """A request to seal."""
    body = {"kind": "seal", "payload": {**PAYLOAD, **change}, "not_after": FAR}
    return house.asks(name, "propose", body, about={**SEALING, **(about or {})})
