"""What partners say when a verb asks how fresh a record is: fetched once from each, counted by the policy's own keys, and told one by one."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from commonhold.cli.output import printable

if TYPE_CHECKING:
    from commonhold.kernel.record.verdict import Verdict
    from commonhold.mirror.heads import Head
    from commonhold.store.record import ReadRecord


class Partners:
    """The partners that somebody named on the command line, each asked once for each log."""

    def __init__(self, urls: Iterable[str]) -> None:
        self.urls = tuple(urls)
        self._heads: dict[str, list[Head]] = {}

    def heads(self, origin: str) -> list[Head]:
        """What each of them shows of the log *origin*."""
        if origin not in self._heads:
            from commonhold.mirror.heads import read_heads  # noqa: PLC0415 - kept out of `--help`

            self._heads[origin] = read_heads(self.urls, origin) if self.urls else []
        return self._heads[origin]

    def __call__(self, origin: str) -> list[bytes]:
        """The checkpoints among them."""
        return [head.note for head in self.heads(origin) if head.note]

    def ahead_of(self, read: ReadRecord) -> bool:
        """Whether one of them stands behind more of this log than was read."""
        return bool(self._answers(read, self(read.state.origin)).ahead)

    def judge(self, whole: Verdict, read: ReadRecord) -> Verdict:
        """The verdict on one record, given that of its replay, what the partners say, and the signatures under its own checkpoint."""
        from commonhold.kernel.record.freshness import judge_freshness  # noqa: PLC0415

        answers = self._answers(read, [read.checkpoint_raw, *self(read.state.origin)])
        for name in answers.ahead:
            # Whoever stands behind more now, does not stand behind this as the newest any more, however fresh their signature under it is.
            answers.vouching.pop(name, None)
        return judge_freshness(whole, read.state, answers, int(time.time()))

    def told(self, read: ReadRecord) -> tuple[list[dict[str, Any]], list[str]]:
        """What each of them says of the record that was read, as data and in lines."""
        rows: list[dict[str, Any]] = []
        lines = []
        for head in self.heads(read.state.origin):
            words, signers = self._words(head, read)
            rows.append({"url": head.url, "signed": signers, "says": words})
            lines.append(printable(f"partner      {head.url}: {words}"))
        return rows, lines

    def _words(self, head: Head, read: ReadRecord) -> tuple[str, dict[str, int]]:
        from commonhold.cli.words import moment  # noqa: PLC0415

        if not head.note:
            return head.trouble, {}
        answers = self._answers(read, [head.note])
        if answers.vouching:
            name, at = next(iter(answers.vouching.items()))
            return f"{name} stands behind exactly this, signed at {moment(at)}", dict(answers.vouching)
        if answers.conflicting:
            return f"{', '.join(answers.conflicting)} has signed another history of this log: keep both checkpoints", {}
        if answers.ahead:
            name, size = next(iter(answers.ahead.items()))
            return f"{name} has signed {size} entries, more than there are here", {}
        if answers.ignored:
            return f"says nothing that counts: {answers.ignored[0]}", {}
        return "has signed an earlier part of this, or with a key that the record does not name", {}

    @staticmethod
    def _answers(read: ReadRecord, notes: list[bytes]) -> Any:
        from commonhold.kernel.record.freshness import read_answers  # noqa: PLC0415

        return read_answers(read.state, read.tree.root, notes)
