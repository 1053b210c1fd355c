"""The records of organisations as partners serve them to a reader who believes none of them: fetched whole, replayed, and read as one (DESIGN 3.6).

A partner's front page says which logs it follows; every one of the organisation asked about is read from whoever serves its longest checkpoint, with the
checkpoints of all others as their answers. Copies that do not agree are all read, so that nobody can hide a second face behind a first. What a partner says
of successors is followed, too. Nothing here rests on an address: leaves must fold to what the log signed, and who stands behind them is told by the keys that
the record names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, StoreError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.notes import parse_note
from commonhold.kernel.record.freshness import judge_freshness, read_answers
from commonhold.kernel.record.history import Log, read_history
from commonhold.kernel.record.verdict import judge_history
from commonhold.kernel.tlog.checkpoint import Checkpoint, parse_checkpoint
from commonhold.kernel.tlog.merkle import Tree, leaf_hash
from commonhold.mirror.heads import Head, fetch_from, read_heads
from commonhold.mirror.held import org_of
from commonhold.mirror.standing import Standing
from commonhold.mirror.witness import origin_hash
from commonhold.store.epochs import logs_at
from commonhold.store.fetch import foreign_json, is_private_address, url_fetch, url_front
from commonhold.store.objects.remote import objects_at
from commonhold.store.reader import CHECKPOINT, MAX_CHECKPOINT, StaticReader
from commonhold.store.record import open_reader

SECONDS: Final = 15.0
MAX_SUCCESSORS: Final = 1 << 16
MAX_ORGANISATIONS: Final = 16
"""Organisations that are read in one run where the reader names none."""
MAX_LEAVES: Final = 1 << 20
MAX_LATER: Final = 16
_MIRROR: Final = re.compile(r"(?P<node>https?://.*)/mirror/[0-9a-f]{64}")
_SHOWN: Final = 300


@dataclass
class Gathered:
    """What was read for a question.

    Args:
        standings: by the ids of the organisations.
        places: where each organisation's texts may be, by its id.
        trouble: what each place that could not be read said.
    """

    standings: dict[str, Standing] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    trouble: list[tuple[str, str]] = field(default_factory=list)

    def text(self, digest: str) -> bytes | None:
        """The object of a text from any of the places; None if nobody has it."""
        for place in dict.fromkeys(place for places in self.places.values() for place in places):
            try:
                return objects_at(place).get(digest)
            except CommonholdError:
                continue
        return None


def gather(partners: Iterable[str], places: Sequence[str], org: str, now: int) -> Gathered:
    """Read everything that these partners and places hold of an organisation, or of all organisations.

    Args:
        partners: addresses of nodes, or of their mirrors.
        places: folders and addresses of records themselves.
        org: the organisation's id; empty for all, up to sixteen.
        now: the reader's clock, in POSIX seconds.

    Raises:
        FormatError: ``check/too-many`` if there are more organisations.
    """
    found = Gathered()
    nodes: dict[str, dict[str, list[str]]] = {}
    for url in dict.fromkeys(partners):
        try:
            for node, origin in _listed(url.rstrip("/")):
                if org_of(origin) and (not org or org_of(origin) == org):
                    nodes.setdefault(org_of(origin), {}).setdefault(origin, []).append(node)
        except CommonholdError as error:
            found.trouble.append((url, str(error)[:_SHOWN]))
    logs: dict[str, list[Log]] = {}
    for place in places:
        try:
            for log in logs_at(open_reader(place)):
                known = org_of(_head(log.note).origin)
                logs.setdefault(known, []).append(log)
                found.places.setdefault(known, []).append(place)
        except CommonholdError as error:
            found.trouble.append((place, str(error)[:_SHOWN]))
    orgs = {each for each in (*nodes, *logs) if each and (not org or each == org)}
    if len(orgs) > MAX_ORGANISATIONS:
        raise FormatError(
            f"these partners follow {len(orgs)} organisations, and at most {MAX_ORGANISATIONS} are read in one run",
            code="check/too-many",
            next_step="Say which one is meant, with --org ID.",
        )
    for each in sorted(orgs):
        try:
            found.standings[each] = _read(each, nodes.get(each, {}), logs.get(each, []), found, now)
        except CommonholdError as error:
            found.trouble.append((each[:12], str(error)[:_SHOWN]))
    return found


def _listed(url: str) -> Iterator[tuple[str, str]]:
    """The node and the origin of each log that is followed at an address."""
    if (mirror := _MIRROR.fullmatch(url)) is not None:
        yield mirror["node"], _head(fetch_from(url)(CHECKPOINT, MAX_CHECKPOINT)).origin
        return
    try:
        rows = foreign_json(url_front(url, deadline=SECONDS))["logs"]
        origins = [row["origin"] for row in rows if "held" in row]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{url} does not answer as a partner node ({type(error).__name__})", code="partner/form") from None
    for origin in origins:
        if isinstance(origin, str):
            yield url, origin


def _read(org: str, nodes: Mapping[str, Sequence[str]], logs: list[Log], found: Gathered, now: int) -> Standing:
    notes: dict[str, list[bytes]] = {}
    for log in logs:
        notes.setdefault(_head(log.note).origin, []).append(log.note)
    later: dict[str, str] = {}
    for origin, served in nodes.items():
        heads = read_heads(served, origin)
        for head in heads:
            if head.note:
                notes.setdefault(origin, []).append(head.note)
            else:
                found.trouble.append((head.url, head.trouble))
            later.update(_successors(head.url, origin))
        logs += _copies(origin, heads, found)
        found.places.setdefault(org, []).extend(f"{head.url}/mirror/{origin_hash(origin)}" for head in heads if head.note)
    for origin, url in list(later.items())[:MAX_LATER]:
        if origin not in notes and org_of(origin) == org:
            try:
                log = _log_at(StaticReader(url_fetch(url, deadline=SECONDS, public_only=not is_private_address(url))))
            except CommonholdError as error:
                found.trouble.append((url, str(error)[:_SHOWN]))
                continue
            notes.setdefault(origin, []).append(log.note)
            logs.append(log)
            found.places.setdefault(org, []).append(url)
    history = read_history(org, logs)
    current = history.current
    answers = read_answers(current.state, current.tree.root, notes.get(current.origin, ()))
    verdict = judge_freshness(judge_history(history), current.state, answers, now)
    policy = current.state.policy
    partners = tuple(sorted(policy.witnesses)) if policy is not None else ()
    return Standing(org, history, verdict, (), (), partners, dict(answers.vouching), now)


def _copies(origin: str, heads: Sequence[Head], found: Gathered) -> list[Log]:
    """The log as the partners hold it: once where they agree, and every face of it where they do not."""
    read: list[tuple[Tree, Log]] = []
    sized: list[tuple[int, Head]] = []
    for head in heads:
        try:
            sized.append((_head(head.note).size, head) if head.note else (0, head))
        except CommonholdError as error:
            found.trouble.append((head.url, str(error)[:_SHOWN]))
    for size, head in sorted(sized, key=lambda item: -item[0]):
        if not size:
            continue
        root = _head(head.note).root
        if any(tree.root(size) == root for tree, _ in read):
            continue
        try:
            reader = StaticReader(fetch_from(f"{head.url}/mirror/{origin_hash(origin)}"))
            log = Log(head.note, _leaves(reader, size))
        except CommonholdError as error:
            found.trouble.append((head.url, str(error)[:_SHOWN]))
            continue
        tree = Tree(leaf_hash(leaf) for leaf in log.leaves)
        if tree.root() == root:
            read.append((tree, log))
        else:
            found.trouble.append((head.url, "its entries are not those under its own checkpoint"))
    return [log for _, log in read]


def _log_at(reader: StaticReader) -> Log:
    note = reader.checkpoint_raw()
    return Log(note, _leaves(reader, _head(note).size))


def _leaves(reader: StaticReader, size: int) -> tuple[bytes, ...]:
    if size > MAX_LEAVES:
        raise StoreError(f"the log claims {size} entries, and at most {MAX_LEAVES} are read", code="check/too-long")
    return tuple(reader.entries(0, size, size))


def _successors(node: str, origin: str) -> dict[str, str]:
    """Where one partner says that later epochs are served, by their origins; nothing, where it says nothing that could be so."""
    try:
        raw = fetch_from(f"{node}/mirror/{origin_hash(origin)}")("successors", MAX_SUCCESSORS)
        rows = foreign_json(raw)["successors"]
        # A partner on the internet must not send a reader into the reader's own network.
        near = is_private_address(node)
        return {row["origin"]: row["url"] for row in rows if row["url"] and (near or not is_private_address(row["url"]))}
    except (CommonholdError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _head(note: bytes) -> Checkpoint:
    head = parse_checkpoint(parse_note(note).text)
    parse_origin(head.origin)
    return head


def check_pinned(standing: Standing, origin: str) -> None:
    """Pass in silence if the organisation has lived in the log that a reader has pinned.

    Raises:
        ProofError: ``check/other-pin`` if the line that was read does not go through it.
    """
    if all(chapter.origin != origin for chapter in standing.history.line):
        raise ProofError(
            f"the record that was read does not go through the log {origin} of the pin",
            code="check/other-pin",
            next_step="Compare the six words of the pin with somebody whom you trust, and ask other partners.",
        )
