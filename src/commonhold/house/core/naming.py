"""What the organisation is called: the title of its charter, as the store has it."""

from __future__ import annotations

from commonhold.house.core import ledger
from commonhold.kernel.charter.articles import parse_text
from commonhold.kernel.errors import CommonholdError

_known: dict[str, str] = {}


def organisation() -> str:
    """Its name; the charter's short id where the title's text is not at hand, and nothing before the log is open."""
    try:
        log, state = ledger.log(), ledger.state()
    except CommonholdError:
        return ""
    digest = str(state.charter.value.get("title", ""))
    if digest and digest not in _known:
        try:
            title = parse_text(log.objects.get(digest))[0]
        except CommonholdError:
            return state.charter.name
        _known.clear()
        _known[digest] = title
    return _known.get(digest) or state.charter.name
