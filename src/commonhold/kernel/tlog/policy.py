"""Which logs and witnesses a reader believes, and how many of them (C2SP tlog-policy).

A policy lists logs, witnesses and nested groups, and one quorum. Groups form a forest: each name is a member of at most one group, so a
witness counts in one way only, and one public key is one witness whatever it is called.

Stricter than the specification: at most 256 of each, keys of kind 0x01 for logs and 0x04 for witnesses, no public key in both roles,
and a number has no sign and no leading zero.

Not here: the text form (:mod:`.policyfile`); fetching checkpoints; what the times mean for the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.notekeys import shown
from commonhold.kernel.notes import COSIGNATURE, ED25519, VerifierKey, check_distinct
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_cosigned
from commonhold.kernel.tlog.policyfile import MAX_EACH, NONE, Group, Party, format_lines, parse_lines

__all__ = ["MAX_EACH", "NONE", "Group", "Party", "Policy", "VerifiedCheckpoint", "parse_policy"]


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint that satisfies a policy.

    Args:
        checkpoint: what the log signed.
        times: when each witness cosigned, by its name in the policy, in POSIX seconds.
        time: the policy's own time of it (:meth:`Policy.time`); None where no witness is demanded.
    """

    checkpoint: Checkpoint
    times: Mapping[str, int]
    time: int | None


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs, witnesses, groups and the quorum.

    Names are opaque: octets that are not UTF-8 are kept as surrogate escapes.

    Args:
        logs: those whose checkpoints are accepted; may be empty where the log is known from elsewhere.
        witnesses: by name.
        groups: by name, in any order.
        quorum: the name of a witness or group, or ``none``.

    Raises:
        FormatError: for a public key, name or membership given twice, an undefined name, a circle, a threshold out of range, more than 256
            of each, or a key of the wrong kind.
    """

    logs: tuple[Party, ...]
    witnesses: Mapping[str, Party]
    groups: Mapping[str, Group]
    quorum: str

    def __post_init__(self) -> None:
        for what, count in (("logs", len(self.logs)), ("witnesses", len(self.witnesses)), ("groups", len(self.groups))):
            if count > MAX_EACH:
                raise FormatError(
                    f"the policy has {count} {what}, and at most {MAX_EACH} are allowed", code="policy/too-many", data={"count": count}
                )
        self._check_keys()
        self._check_names()
        order = _innermost_first(self.groups)
        object.__setattr__(self, "groups", {name: self.groups[name] for name in order})

    @classmethod
    def build(
        cls,
        logs: Iterable[str | VerifierKey],
        witnesses: Mapping[str, str | VerifierKey],
        groups: Mapping[str, tuple[int, Iterable[str]]],
        quorum: str,
    ) -> Policy:
        """The policy of structured data, such as a record entry: vkeys, witnesses by name, groups as (threshold, members).

        Raises:
            FormatError: as the class does, and for a malformed vkey or name.
        """
        return cls(
            tuple(Party(_key(log)) for log in logs),
            {name: Party(_key(vkey)) for name, vkey in witnesses.items()},
            {name: Group(threshold, tuple(members)) for name, (threshold, members) in groups.items()},
            quorum,
        )

    def format(self) -> bytes:
        """The policy file; parsing it gives an equal policy.

        Raises:
            FormatError: if a name or URL cannot stand in a policy file.
        """
        return format_lines(self.logs, self.witnesses, self.groups, self.quorum)

    def require(self, names: AbstractSet[str]) -> None:
        """Pass in silence if the witnesses called *names* satisfy the quorum.

        Names that are no witness of this policy are not counted and are no error; the name of a group counts for nothing.

        Raises:
            ProofError: with ``data`` = {"quorum": name, "have": n, "need": k, "missing": witness names that have not signed,
                "groups": {name: {"have": n, "need": k}}}, so that a page can say "1 of 2".
        """
        done = {name for name in names if name in self.witnesses}
        counts: dict[str, dict[str, int]] = {}
        for name, group in self.groups.items():
            counts[name] = {"have": sum(member in done for member in group.members), "need": group.threshold}
            if counts[name]["have"] >= group.threshold:
                done.add(name)
        if self.quorum == NONE or self.quorum in done:
            return
        state: dict[str, Any] = counts.get(self.quorum, {"have": 0, "need": 1})
        missing = sorted(self.witnesses.keys() - names)
        raise ProofError(
            f"{state['have']} of the {state['need']} demanded by {shown(self.quorum)} have cosigned; missing: {shown(', '.join(missing))}",
            code="policy/not-met",
            next_step="Fetch the checkpoint again a little later: witnesses cosign within seconds, and some may be away.",
            data={"quorum": self.quorum, **state, "missing": missing, "groups": counts},
        )

    def time(self, times: Mapping[str, int]) -> int | None:
        """The largest T such that the witnesses with times >= T satisfy the quorum; None if no T does, or none is demanded.

        So one witness that dates into the future moves nothing, nor does one that lags.

        Args:
            times: POSIX seconds by witness name; other names are not counted.
        """
        known = {name: time for name, time in times.items() if name in self.witnesses}
        for name, group in self.groups.items():
            signed = sorted((known[member] for member in group.members if member in known), reverse=True)
            if len(signed) >= group.threshold:
                known[name] = signed[group.threshold - 1]
        return known.get(self.quorum)

    def check(self, raw: bytes, *, logs: Iterable[VerifierKey] = ()) -> VerifiedCheckpoint:
        """The checkpoint of a signed note, if a log of this policy signed it in its own name and the quorum cosigned it.

        Args:
            raw: the signed note.
            logs: further logs that are accepted, for a policy that names none.

        Raises:
            FormatError: if the note or the checkpoint is malformed, or no log is known at all.
            ProofError: if no known log signed, a known key's signature is bad, or the quorum is not met.
        """
        log_keys = [*(log.key for log in self.logs), *logs]
        if not log_keys:
            raise FormatError("the policy names no log", code="policy/no-log", next_step="Give the log's key beside the policy.")
        signed = open_cosigned(raw, log_keys, (witness.key for witness in self.witnesses.values()))
        times = {name: signed.cosignatures[party.key] for name, party in self.witnesses.items() if party.key in signed.cosignatures}
        self.require(times.keys())
        return VerifiedCheckpoint(signed.checkpoint, times, self.time(times))

    def _check_keys(self) -> None:
        parties = [("log", log.key.name, log.key, ED25519) for log in self.logs]
        parties += [("witness", name, party.key, COSIGNATURE) for name, party in self.witnesses.items()]
        seen: dict[bytes, str] = {}
        for role, name, key, kind in parties:
            if key.kind != kind:
                raise FormatError(
                    f"the {role} {shown(name)} has a key of kind 0x{key.kind:02x}, and 0x{kind:02x} is needed", code="policy/key-kind"
                )
            # By public key, not by name or id: one key under two names would be two voices of one holder.
            if key.public in seen:
                raise FormatError(
                    f"the {role} {shown(name)} has the same public key as the {shown(seen[key.public])}", code="policy/duplicate-key"
                )
            seen[key.public] = f"{role} {name}"
        # Distinct public keys can still be made to share a name and a four-byte id.
        check_distinct(key for _, _, key, _ in parties)

    def _check_names(self) -> None:
        names = [*self.witnesses, *self.groups]
        for name in names:
            if name == NONE:
                raise FormatError("no witness or group may be called none", code="policy/name")
        if both := sorted(self.witnesses.keys() & self.groups.keys()):
            raise FormatError(f"{shown(both[0])} names both a witness and a group", code="policy/duplicate-name")
        if self.quorum != NONE and self.quorum not in names:
            raise FormatError(f"the quorum {shown(self.quorum)} is not defined", code="policy/undefined-name")
        member_of: dict[str, str] = {}
        for name, group in self.groups.items():
            if not 1 <= group.threshold <= len(group.members):
                raise FormatError(
                    f"the group {shown(name)} demands {group.threshold} of {len(group.members)} members", code="policy/threshold"
                )
            for member in group.members:
                if member not in self.witnesses and member not in self.groups:
                    raise FormatError(f"the member {shown(member)} of the group {shown(name)} is not defined", code="policy/undefined-name")
                if member in member_of:
                    raise FormatError(
                        f"{shown(member)} is listed in the group {shown(member_of[member])} and again in {shown(name)}",
                        code="policy/listed-twice",
                    )
                member_of[member] = name


def parse_policy(raw: bytes) -> Policy:
    """The policy of a policy file.

    Raises:
        FormatError: for anything that the specification does not allow, naming the line where one is to blame; for more than 1 MiB; and
            as :class:`Policy` does.
    """
    return Policy(*parse_lines(raw))


def _innermost_first(groups: Mapping[str, Group]) -> list[str]:
    """The names of *groups* so that each comes after those that it contains, otherwise in the given order."""
    order: list[str] = []
    placed: set[str] = set()
    waiting = list(groups)
    while waiting:
        ready = [name for name in waiting if all(member in placed or member not in groups for member in groups[name].members)]
        if not ready:
            raise FormatError(f"the groups {shown(', '.join(waiting))} contain one another in a circle", code="policy/circle")
        order += ready
        placed.update(ready)
        waiting = [name for name in waiting if name not in placed]
    return order


def _key(vkey: str | VerifierKey) -> VerifierKey:
    return VerifierKey.parse(vkey) if isinstance(vkey, str) else vkey
