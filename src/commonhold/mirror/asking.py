"""Asking partners for their signature of a log's newest checkpoint, all at the same time, believing nothing that they answer (DESIGN 3.3).

``POST /mirror/HASH/cosign`` (docs/formats/partner-node.md). A partner may be dead, slow or hostile: each is asked in a thread of its own that
nobody waits for longer than is said, an answer is a few hundred bytes, no redirect is followed, and a line counts only once it is verified with a key
that the record's policy names. A time that is ahead of this machine's clock is refused: the record's clock never goes back, so it must not be
pushed forward by whoever alone suffices for a policy.

Not here: what is done with the lines (:mod:`.attesting`).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError
from commonhold.kernel.notes import VerifierKey, parse_signature
from commonhold.kernel.tlog.checkpoint import open_checkpoint, parse_decimal, verify_cosignature
from commonhold.mirror.announcing import announce_to
from commonhold.mirror.witness import origin_hash
from commonhold.store.fetch import Fetch, foreign_json, is_private_address, url_fetch, url_post
from commonhold.store.reader import CHECKPOINT, MAX_CHECKPOINT

ASK_SECONDS: Final = 20.0
"""How long a partner has for one answer; it may have to fetch the newest entries first."""
GRACE_SECONDS: Final = 0.25
"""How long the others are waited for once enough have answered."""
AHEAD_SECONDS: Final = 300
"""How far a partner's clock may be ahead of this machine's."""
SEEKS: Final = frozenset({"partner/404", "partner/422", "partner/503"})
"""What a partner answers that does not follow a log, or cannot read it where it was told that it is; strangers may have told it otherwise."""
MAX_ANSWER: Final = 1 << 14
_SHOWN: Final = 300

Post = Callable[[str, bytes], tuple[int, bytes]]
"""Sends a body to an address, and gives the status and body of the answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """A checkpoint that partners are asked to sign.

    Args:
        note: as the log signed it.
        text: the signed part of it.
        size: how many entries it covers.
        log: the log's key.
        keys: the mirror keys whose lines count: those of the policy in force and of the one that waits.
        now: this machine's clock, in POSIX seconds.
    """

    note: bytes
    text: str
    size: int
    log: VerifierKey
    keys: tuple[VerifierKey, ...]
    now: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What one partner answered: a verified signature *line* of *key* with its *time*, or the *trouble* with it in words.

    *held* is a checkpoint of the very same log that the partner holds and that the asked one does not lead on from, as far as its size tells; the
    log's signature on it is verified.
    """

    url: str
    line: str = ""
    key: VerifierKey | None = None
    time: int = 0
    size: int = 0
    trouble: str = ""
    code: str = ""
    held: bytes = b""


def post_to(address: str, body: bytes) -> tuple[int, bytes]:
    """How partners are asked: never in a private network, unless the address names it as a number."""
    return url_post(address, body, max_size=MAX_ANSWER, deadline=ASK_SECONDS, public_only=not is_private_address(address))


def fetch_from(url: str) -> Fetch:
    """How partners' files are read, under the same bounds."""
    return url_fetch(url, deadline=ASK_SECONDS, public_only=not is_private_address(url))


class Asker:
    """Asks partners, and remembers what each answered last. Threads may call at once.

    Args:
        post: sends the question, and *fetch* reads what a partner holds.
        seconds: for all answers together; who is later is noted and not waited for.
    """

    def __init__(
        self,
        *,
        post: Post = post_to,
        fetch: Callable[[str], Fetch] = fetch_from,
        seconds: float = ASK_SECONDS,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._post, self._fetch, self._seconds, self._grace = post, fetch, seconds, grace
        self._turn = threading.Lock()
        self._busy: set[str] = set()
        self._newest: dict[str, Reply] = {}

    def newest(self) -> Mapping[str, Reply]:
        """What each partner answered last, by its address."""
        with self._turn:
            return dict(self._newest)

    def ask(self, urls: Iterable[str], question: Question, enough: Callable[[list[Reply]], bool]) -> list[Reply]:
        """The answers that arrive in time, a little after *enough* of them are there or all have come.

        Whoever still owes an answer from before is not asked again, so that a partner who hangs costs one thread and not one a minute.
        """
        answers: queue.Queue[Reply] = queue.Queue()
        asked = 0
        for url in dict.fromkeys(urls):
            with self._turn:
                if url in self._busy:
                    self._newest[url] = Reply(url, trouble="it has not answered yet what it was asked before", code="partner/slow")
                    continue
                self._busy.add(url)
            asked += 1
            threading.Thread(target=self._one, args=(url, question, answers), daemon=True).start()
        found: list[Reply] = []
        end = time.monotonic() + self._seconds
        satisfied = False
        while len(found) < asked:
            try:
                found.append(answers.get(timeout=max(0.0, end - time.monotonic())))
            except queue.Empty:
                break
            if not satisfied and enough(found):
                satisfied, end = True, min(end, time.monotonic() + self._grace)
        return found

    def announce(self, url: str, address: str, heard: Callable[[str, str], None]) -> None:
        """Tell the partner at *url* that a log of a later epoch is served at *address*, and wait for nothing.

        Args:
            heard: told the partner's address and what is wrong, in words, or nothing if it follows the log now; in a thread of its own.
        """

        def tell() -> None:
            told = announce_to(url, address, public_only=not is_private_address(url))
            heard(url, "" if told.ok else told.message)

        threading.Thread(target=tell, daemon=True).start()

    def _one(self, url: str, question: Question, answers: queue.Queue[Reply]) -> None:
        try:
            reply = self._exchange(url, question)
        except CommonholdError as error:
            reply = Reply(url, trouble=_bounded(str(error)), code=error.code)
        except Exception as error:  # noqa: BLE001 - the end of a thread: nobody above could say it
            reply = Reply(url, trouble=f"asking it failed: {type(error).__name__}", code="partner/fault")
        with self._turn:
            self._busy.discard(url)
            self._newest[url] = reply
        answers.put(reply)

    def _exchange(self, url: str, question: Question) -> Reply:
        status, body = self._post(f"{url}/mirror/{origin_hash(question.log.name)}/cosign", question.note)
        if status == 200:
            line, key, signed = read_line(body, question)
            return Reply(url, line=line, key=key, time=signed, size=question.size)
        held = self._held(url, question) if status in (409, 422) else b""
        if status == 409:
            return Reply(url, trouble=_conflict(body, question, held), code="partner/ahead", held=held)
        return Reply(url, trouble=_refusal(status, body), code=f"partner/{status}", held=held)

    def _held(self, url: str, question: Question) -> bytes:
        """The partner's own checkpoint of this log; nothing if it shows none that the log signed."""
        try:
            note = self._fetch(f"{url}/mirror/{origin_hash(question.log.name)}")(CHECKPOINT, MAX_CHECKPOINT)
            open_checkpoint(note, [question.log])
        except CommonholdError:
            return b""
        return note


def read_line(body: bytes, question: Question) -> tuple[str, VerifierKey, int]:
    """The signature line of one of the question's keys in an answer, its key and its time in POSIX seconds.

    Raises:
        FormatError: for what is no signature line.
        ProofError: ``partner/other-key`` if no line is by a key that counts, ``partner/clock`` for a time ahead of this machine's, or if the signature
            is not the key's over the question.
    """
    try:
        lines = body.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise FormatError("the answer is no signature", code="partner/form") from None
    known = {(key.name, key.key_id): key for key in question.keys}
    for text in lines[:_SHOWN]:
        signature = parse_signature(text)
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        signed = verify_cosignature(question.text, key, signature)
        check_not_ahead(signed, question.now)
        return signature.line.rstrip("\n"), key, signed
    raise ProofError(
        "it signs with a key that the organisation's policy does not name",
        code="partner/other-key",
        next_step="A decision of kind 'partner' names the mirror keys that count.",
    )


def check_not_ahead(signed: int, now: int) -> None:
    """Pass in silence unless a signed time is ahead of this machine's clock by more than clocks differ; both in POSIX seconds.

    Raises:
        ProofError: ``partner/clock``, with the seconds in ``data``.
    """
    if signed > now + AHEAD_SECONDS:
        raise ProofError(
            f"it signs with a time {signed - now} seconds ahead of this machine's clock",
            code="partner/clock",
            next_step="Compare this machine's clock with a public one; the record's clock never goes back, so it is not set ahead.",
            data={"ahead": signed - now},
        )


def _conflict(body: bytes, question: Question, held: bytes) -> str:
    try:
        size = parse_decimal(body.decode("ascii", "replace").removesuffix("\n"), "size")
    except FormatError:
        return "it says that it holds more, and not how much"
    proof = "with this log's own signature under it" if held else "and shows nothing that proves it"
    return f"it says that it holds {size} entries, {proof}; this log has {question.size}"


def _refusal(status: int, body: bytes) -> str:
    value = foreign_json(body)
    words = value["message"] if isinstance(value, dict) and "message" in value else body.decode("utf-8", "replace")
    return _bounded(f"it answers {status}: {str(words).strip()}")


def _bounded(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
