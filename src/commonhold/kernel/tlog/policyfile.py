"""The text form of a policy (C2SP tlog-policy, "Policy file syntax and structure").

Names, URLs and comments are octets, not text: whatever is not UTF-8 survives as surrogate escapes. The last line must end with a
newline, so that a file that was cut short is noticed.

Not here: what a policy means (:mod:`.policy`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.errors import FormatError
from commonhold.kernel.notekeys import VerifierKey, shown

NONE: Final = "none"
"""The quorum of a policy that demands no cosignature."""
MAX_EACH: Final = 256
MAX_POLICY_BYTES: Final = 1 << 20

Parts = tuple[tuple["Party", ...], dict[str, "Party"], dict[str, "Group"], str]

_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_SPACES = re.compile(r"[ \t]+")
_WORD = re.compile(r"[\x21-\x7e\x80-\U0010ffff]+")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Party:
    """A log or a witness of a policy.

    Args:
        key: of kind 0x01 for a log, 0x04 for a witness.
        url: where it is reached, or empty.
    """

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """At least *threshold* of *members*, each a witness or another group."""

    threshold: int
    members: tuple[str, ...]


def parse_lines(raw: bytes) -> Parts:
    """The logs, witnesses, groups and quorum of a policy file, in its order.

    Raises:
        FormatError: for a malformed line, a name that is not defined before it is used, or more than 1 MiB.
    """
    if len(raw) > MAX_POLICY_BYTES:
        raise FormatError(f"the policy has {len(raw)} bytes, and at most {MAX_POLICY_BYTES} are allowed", code="policy/too-large")
    if bad := _FORBIDDEN.search(raw):
        raise FormatError(f"the policy holds the control character 0x{bad[0][0]:02x} at byte {bad.start()}", code="policy/character")
    if not raw.endswith(b"\n"):
        raise FormatError(
            "the policy's last line does not end with a newline",
            code="policy/cut-short",
            next_step="Check that the file is whole, then add a newline.",
        )
    reader = _Reader()
    for number, line in enumerate(raw.decode("utf-8", "surrogateescape")[:-1].split("\n"), 1):
        words = [word for word in _SPACES.split(line) if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reader.read(words)
        except FormatError as error:
            raise FormatError(
                f"line {number} of the policy: {error}", code=error.code, next_step=error.next_step, data={"line": number}
            ) from None
    if reader.quorum is None:
        raise FormatError(
            "the policy has no quorum line", code="policy/no-quorum", next_step="Write `quorum none` if no cosignature is needed."
        )
    return tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum


def format_lines(logs: Iterable[Party], witnesses: Mapping[str, Party], groups: Mapping[str, Group], quorum: str) -> bytes:
    """The policy file of a policy whose groups are given after their members.

    Raises:
        FormatError: if a name or URL is empty or holds a space or control character.
    """
    lines = [["log", str(log.key), *_url(log)] for log in logs]
    lines += [["witness", name, str(witness.key), *_url(witness)] for name, witness in witnesses.items()]
    lines += [["group", name, str(group.threshold), *group.members] for name, group in groups.items()]
    lines.append(["quorum", quorum])
    for line in lines:
        for word in line:
            if not _WORD.fullmatch(word):
                raise FormatError(
                    f"{word!r} cannot stand in a policy file: it is empty or holds a space or control character", code="policy/word"
                )
    return "".join(" ".join(line) + "\n" for line in lines).encode("utf-8", "surrogateescape")


class _Reader:
    """What the lines so far have defined."""

    def __init__(self) -> None:
        self.logs: list[Party] = []
        self.witnesses: dict[str, Party] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None

    def read(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self.logs.append(Party(VerifierKey.parse(vkey), *url))
                _bound(len(self.logs), "logs")
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._new_name(name)
                self.witnesses[name] = Party(VerifierKey.parse(vkey), *url)
                _bound(len(self.witnesses), "witnesses")
            case ["group", name, count, *members] if members:
                self._new_name(name)
                for member in members:
                    self._defined(member)
                self.groups[name] = Group(_threshold(count, len(members)), tuple(members))
                _bound(len(self.groups), "groups")
            case ["quorum", name]:
                if self.quorum is not None:
                    raise FormatError("there is a second quorum", code="policy/second-quorum")
                if name != NONE:
                    self._defined(name)
                self.quorum = name
            case _:
                raise FormatError(f"{shown(' '.join(words))} is no log, witness, group or quorum", code="policy/line")

    def _new_name(self, name: str) -> None:
        if name == NONE:
            raise FormatError("no witness or group may be called none", code="policy/name")
        if name in self.witnesses or name in self.groups:
            raise FormatError(f"{shown(name)} is already defined", code="policy/duplicate-name")

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise FormatError(f"{shown(name)} is not defined on a line before", code="policy/undefined-name")


def _threshold(word: str, members: int) -> int:
    if word in ("any", "all"):
        return 1 if word == "any" else members
    if not _THRESHOLD.fullmatch(word) or int(word) > members:
        raise FormatError(f"the threshold {shown(word)} is not all, any or a number from 1 to {members}", code="policy/threshold")
    return int(word)


def _bound(count: int, what: str) -> None:
    if count > MAX_EACH:
        raise FormatError(f"there are more than {MAX_EACH} {what}", code="policy/too-many")


def _url(party: Party) -> list[str]:
    return [party.url] if party.url else []
