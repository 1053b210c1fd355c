"""Replay: the fold over a whole log, with the signatures checked ahead and, where the caller has another core, beside it.

A key id is the hash of the key that it names, so whether a kit's signature is valid depends on nothing but the entry and the key with that
id, wherever it was mentioned first. That lets the mathematics run ahead of the fold, in batches and on another process, while the fold keeps
deciding whose key it is and whether it counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.keys import KitKeys, parse_key_value
from commonhold.kernel.record.entries import Entry, parse_entry
from commonhold.kernel.record.fold import Outcome, apply
from commonhold.kernel.record.jobs import Job, Verifier, here
from commonhold.kernel.record.state import State, empty_state
from commonhold.kernel.tlog.merkle import Tree, leaf_hash

CHUNK: Final = 128
KEY_KINDS: Final = frozenset({"admit", "recover-member", "rotate-key"})
AHEAD: Final = 4
"""Chunks whose signatures may be under way at a time; bounds the memory of a long replay."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    raws: list[bytes]
    entries: list[Entry | None]
    places: list[int]
    answers: Callable[[], list[bool]]


class Replay:
    """A replay under way: the state and the tree after everything that was fed so far."""

    def __init__(self, state: State | None = None, tree: Tree | None = None) -> None:
        self.state = state or empty_state()
        self.tree = tree or Tree()
        # Every kit mentioned so far, by the id of its key; a superset of the enrolled ones.
        self._keys: dict[str, bytes] = {key: public.sign for key, public in self.state.public.items() if isinstance(public, KitKeys)}

    def run(self, leaves: Iterable[bytes], verifier: Verifier = here) -> Iterator[Outcome]:
        """Fold *leaves* in order and yield what became of each; the state moves on as the outcomes are taken."""
        source = iter(leaves)
        ahead: deque[_Chunk] = deque()
        while True:
            while len(ahead) < AHEAD and (raws := list(islice(source, CHUNK))):
                ahead.append(self._prepare(raws, verifier))
            if not ahead:
                return
            yield from self._fold(ahead.popleft())

    def _prepare(self, raws: list[bytes], verifier: Verifier) -> _Chunk:
        entries: list[Entry | None] = []
        jobs: list[Job] = []
        places: list[int] = []
        for place, raw in enumerate(raws):
            try:
                entry = parse_entry(raw)
            except CommonholdError:
                # The fold parses it again and says why it is refused.
                entries.append(None)
                continue
            entries.append(entry)
            if entry.type in ("found", "propose"):
                self._note_keys(entry)
            public = self._keys.get(entry.key)
            if public is not None and entry.sig is not None and entry.sig.kind == "ed25519":
                jobs.append((public, entry.signed_bytes, entry.sig.value))
                places.append(place)
        return _Chunk(raws, entries, places, verifier(jobs))

    def _fold(self, chunk: _Chunk) -> Iterator[Outcome]:
        answers = dict(zip(chunk.places, chunk.answers(), strict=True))
        roots, append = self.tree.root, self.tree.append
        for place, raw in enumerate(chunk.raws):
            self.state, outcome = apply(self.state, chunk.entries[place] or raw, roots, signature_ok=answers.get(place))
            append(leaf_hash(raw))
            yield outcome

    def _note_keys(self, entry: Entry) -> None:
        values: list[object] = []
        if entry.type == "found":
            values = [member.kit for member in entry.body.members]
        elif entry.type == "propose" and entry.body.kind in KEY_KINDS:
            payload = entry.body.payload
            for field in ("keys", "add"):
                listed = payload.get(field)
                values += listed if isinstance(listed, list) else []
            values.append(payload.get("kit"))
        for value in values:
            try:
                key = parse_key_value(value)
            except CommonholdError:
                continue
            if isinstance(key, KitKeys):
                self._keys[key.key_id] = key.sign
