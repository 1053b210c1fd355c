"""Two partners of a house, in this process: the record names them, and they confirm it at times of the test's choosing."""

from __future__ import annotations

from dataclasses import dataclass

from commonhold.kernel.notes import COSIGNATURE, SignerKey, append_signatures
from commonhold.kernel.record.entries import attest_entry
from commonhold.kernel.tlog.checkpoint import cosign
from commonhold.testing.house import derive
from tests.house.sites import MEMBERS, Site

NAMES = ("gull", "knot")


@dataclass
class Partners:
    """Partners who sign whatever checkpoint the house has."""

    site: Site
    keys: dict[str, SignerKey]

    def confirm(self, seconds: int = 0) -> None:
        """Let the clock go on by so many *seconds*, and confirm every entry so far."""
        self.site.now += seconds
        raw = self.site.log.checkpoint()
        signed = append_signatures(raw, *(cosign(raw, key, self.site.now) for key in self.keys.values()))
        state = self.site.log.state
        self.site.log._attested = -1e9  # no test waits five minutes between two of them
        self.site.log.take(attest_entry(org=state.org, epoch=state.epoch, note=signed.decode()))


def name_partners(site: Site) -> Partners:
    """Let the members name two partners, who then confirm the record for the first time."""
    keys = {name: SignerKey(f"partner.example/{name}", derive("screens", name), COSIGNATURE) for name in NAMES}
    payload = {
        "witnesses": {name: str(key.verifier) for name, key in keys.items()},
        "groups": {"both": {"k": 2, "of": list(NAMES)}},
        "quorum": "both",
    }
    decide(site, site.propose("heron", "partner", payload))
    partners = Partners(site, keys)
    partners.confirm(60)
    return partners


def decide(site: Site, proposal: str, *, by: tuple[str, ...] = MEMBERS) -> None:
    """Approve a proposal until it is decided, by whoever counts."""
    from commonhold.kernel.record.attention import may_approve

    for name in by:
        state = site.log.state
        found = state.proposal(proposal)
        if found.status == "open" and may_approve(state, proposal, found, name):
            site.act(name, "approve", {"proposal": proposal})
