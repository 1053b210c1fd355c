"""What is said of seals before somebody signs: who opens them, and what that means, as facts for people (``telling``).

The twin of ``reader/src/signer/sealfacts.js``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from commonhold.kernel.custody.sealing.structure import Group, parse_structure, remarks
from commonhold.kernel.keys import recipient_fingerprint
from commonhold.kernel.record.fact import Fact

GUIDES: Final[Mapping[str, tuple[str, ...]]] = {
    "guide-page": ("page", "site", "web"),
    "guide-domain": ("domain", "dns"),
    "guide-channel": ("channel", "video", "social", "stream"),
    "guide-mailbox": ("mail", "post"),
    "guide-factor": ("totp", "2fa", "factor"),
    "guide-server": ("server", "key", "host", "ssh"),
}
"""What to do at the provider, by how a resource's name begins."""


def structure_facts(structure: Group) -> list[Fact]:
    """Who opens a seal, group by group with its numbers, and what follows from that."""
    facts = []
    for group in structure.groups():
        if all(isinstance(part, Group) for part in group.of):
            facts.append(Fact("opens-groups", {"need": group.need, "count": len(group.of)}))
        else:
            names = ", ".join(part if isinstance(part, str) else part.in_words() for part in group.of)
            facts.append(Fact("opens-people", {"need": group.need, "count": len(group.of), "names": names}))
    return facts + [Fact(f"remark-{remark.code}", {"names": ", ".join(remark.people)}) for remark in remarks(structure)]


def seal_facts(payload: Mapping[str, Any]) -> list[Fact]:
    """What a seal would do."""
    about = {"resource": payload["resource"], "seal": payload["seal"]}
    return [Fact("do-seal", about), *structure_facts(parse_structure(payload["structure"]))]


def release_facts(payload: Mapping[str, Any]) -> list[Fact]:
    """What a release would do, for whom, and until when."""
    return [
        Fact("do-release", {"resource": payload["resource"], "seal": payload["seal"]}),
        recipient_fact(payload["recipient"]),
        Fact("release-until", {"time": payload["until"]}),
    ]


def emergency_facts(kind: str) -> list[Fact]:
    """That a release is asked for under the rule for emergencies, if it is."""
    return [Fact("emergency-release")] if kind == "emergency-release" else []


def recipient_fact(recipient: str) -> Fact:
    """The six words of whoever could read what is contributed."""
    return Fact("recipient-words", {"words": " ".join(recipient_fingerprint(recipient))})


def guide_facts(resource: str) -> list[Fact]:
    """What must have been done at the provider, by the resource's name, and in any case."""
    return [Fact(say) for say, stems in GUIDES.items() if resource.startswith(stems)] + [Fact("guide-any")]
