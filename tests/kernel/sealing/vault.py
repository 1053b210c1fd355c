"""A club that seals: its charter says who keeps the page and the domain, and its members do all of it with real shares.

The envelopes here are not encrypted (age throws dice, and this is the kernel): a contribution is age's header and the open envelope behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.bundle import Secret
from commonhold.kernel.custody.sealing.opening import Opened, Sealed, open_seal, seal
from commonhold.kernel.custody.sealing.shares import About, next_proof, parse_envelope
from commonhold.kernel.custody.sealing.shares import envelope_bytes as sealed_bytes
from commonhold.kernel.custody.sealing.structure import Group
from commonhold.kernel.record.custody import AGE_HEADER
from commonhold.kernel.record.keeping import live_seal, manifest, structure_for
from commonhold.kernel.record.state import Release, Rotation, Seal
from tests.kernel.record.helpers import FAR, Club, text
from tests.kernel.sealing.seals import dice

TWO_OFFICERS: Final = {"signatures": {"of": ["chair", "treasurer", "editor"], "m": 2}}
KEEPING: Final[dict[str, Any]] = {
    "decisions/seal": {"article": "1.4", "by": TWO_OFFICERS},
    "decisions/release": {"article": "1.4", "by": TWO_OFFICERS},
    "custody/keys": {
        "article": "1.4",
        "resources": ["page", "domain"],
        "open": {"m": 2, "of": ["chair", "treasurer", "editor"]},
        "drill": "P90D",
    },
}


class Vault(Club):
    """A club that seals; ``made`` holds each seal's content as its maker had it."""

    def __init__(self, changes: Mapping[str, Any] | None = None, **club: Any) -> None:
        super().__init__({**KEEPING, **(changes or {})}, **club)
        self.made: dict[str, Sealed] = {}
        self.given: dict[str, list[bytes]] = {}

    def prepare(self, resource: str = "page", number: int = 0, structure: Group | None = None) -> tuple[Sealed, dict[str, Any]]:
        """A new seal and the payload of its proposal."""
        numbers = [found.number for found in self.state.parts["seals"].values() if found.resource == resource]
        about = About(self.org, resource, number or max(numbers, default=0) + 1)
        made = seal(
            [Secret("password", resource, f"{resource} {about.seal}")], structure or structure_for(self.state, resource), about, dice()
        )
        names = made.structure.people()
        public = made.manifest({name: self.member(name).kit for name in names}, {name: text(f"envelope {name}") for name in names})
        payload = {
            "resource": resource,
            "seal": about.seal,
            "structure": public.structure.to_value(),
            "shares": {name: holding.to_value() for name, holding in public.holdings.items()},
            "key": public.key,
            "sealed": public.sealed,
        }
        return made, payload

    def offer_seal(self, resource: str = "page") -> str:
        """Decide a new seal; it waits for its custodians. Gives its proposal's id."""
        made, payload = self.prepare(resource)
        proposal = self.decide("seal", payload, *self.officers()[:2])
        self.settle()
        assert self.status(proposal) == "enacted", self.why(proposal)
        self.made[proposal] = made
        return proposal

    def seal(self, resource: str = "page") -> str:
        """Decide a new seal and let every custodian acknowledge it."""
        proposal = self.offer_seal(resource)
        for name in self.made[proposal].structure.people():
            self.prove(proposal, name)
        return proposal

    def officers(self) -> tuple[str, ...]:
        """Whoever holds an office, the chair first."""
        return tuple(
            dict.fromkeys(name for office in ("chair", "treasurer", "editor") for name in sorted(self.state.holders.get(office, ())))
        )

    def proof(self, proposal: str, name: str) -> str:
        """The next link of somebody's share."""
        made, found = self.made[proposal], self.sealed(proposal)
        index = made.structure.people().index(name)
        last = found.proved[name].link if name in found.proved else manifest(self.state, found).holdings[name].chain
        return next_proof(made.about, index, name, made.words[name], last)

    def prove(self, proposal: str, name: str) -> None:
        """Let a custodian prove their share."""
        self.do(name, "acknowledge", what="share", of=proposal, proof=self.proof(proposal, name))

    def sealed(self, proposal: str) -> Seal:
        """A seal in the state, by its proposal."""
        return next(found for found in self.state.parts["seals"].values() if found.proposal == proposal)

    def live(self, resource: str = "page") -> Seal:
        """The live seal."""
        found = live_seal(self.state, resource)
        assert found is not None
        return found

    def request(self, resource: str = "page", *, number: int = 0, until: int = FAR, recipient: str = "") -> dict[str, Any]:
        """The payload of a release of the live seal to a new key."""
        return {
            "resource": resource,
            "seal": number or self.live(resource).number,
            "purpose": text("purpose"),
            "recipient": recipient or self.recipient(),
            "until": until,
        }

    def recipient(self) -> str:
        """A one-off age recipient."""
        self._nonces += 1
        return self.new_kit("one-off").keys.age

    def sealed_number(self, number: int, resource: str = "page") -> Seal:
        """A seal in the state, by its number."""
        found: Seal = self.state.parts["seals"][f"{resource}/{number}"]
        return found

    def release(self, resource: str = "page", by: str = "curlew", *, until: int = FAR, number: int = 0) -> str:
        """Decide a release that *by* asks for; gives its id."""
        approvers = [name for name in self.officers() if name != by][:2]
        proposal = self.decide("release", self.request(resource, number=number, until=until), *approvers, by=by)
        self.settle()
        assert self.status(proposal) == "enacted", self.why(proposal)
        return proposal

    def released(self, proposal: str) -> Release:
        """A release in the state."""
        found: Release = self.state.parts["releases"][proposal]
        return found

    def envelope(self, release: str, name: str) -> str:
        """What *name* contributes to a release, in base64."""
        found = self.released(release)
        sealed = next(one for one in self.state.parts["seals"].values() if (one.resource, one.number) == (found.resource, found.number))
        own = parse_envelope(self.made[sealed.proposal].envelope(name))
        return b64.encode(AGE_HEADER + sealed_bytes(replace(own, release=release)))

    def contribute(self, release: str, *names: str) -> None:
        """Let custodians contribute."""
        for name in names:
            self.do(name, "contribute", release=release, envelope=self.envelope(release, name))

    def opened(self, release: str) -> Opened:
        """What the contributions of a release open."""
        found = self.released(release)
        sealed = next(one for one in self.state.parts["seals"].values() if (one.resource, one.number) == (found.resource, found.number))
        given = [
            parse_envelope(b64.decode(outcome.entry.body.envelope).removeprefix(AGE_HEADER))
            for outcome in self.outcomes
            if outcome.counts and outcome.entry is not None and outcome.entry.type == "contribute" and outcome.entry.body.release == release
        ]
        return open_seal(manifest(self.state, sealed), self.made[sealed.proposal].sealed, given)

    def rotation(self, resource: str = "page") -> Rotation | None:
        """What must be changed, if anything."""
        found: Rotation | None = self.state.parts["rotations"].get(resource)
        return found

    def settle(self) -> None:
        """Attest, where there is a clock."""
        if self.state.clock is not None:
            self.tick()
