"""Laws of asking other partners: what one of them has, and what it costs when one of them is gone."""

from __future__ import annotations

from commonhold.kernel.errors import StoreError
from commonhold.mirror.others import SILENT_SECONDS, Others
from commonhold.store.fetch import Fetch
from tests.mirror.helpers import FakeClock

GONE, THERE = "https://gull.example", "https://knot.example"


def test_a_partner_who_is_gone_is_waited_for_once_and_not_for_every_record() -> None:
    """Of a thousand records each would wait for the same dead address; a partner who merely lacks a record is asked on."""
    asked: list[str] = []

    def fetch(url: str) -> Fetch:
        def one(_name: str, _max_size: int) -> bytes:
            asked.append(url)
            raise StoreError("no", code="store/unreachable" if url == GONE else "store/absent")

        return one

    clock = FakeClock()
    others = Others([GONE, THERE], fetch, clock)
    for number in range(10):
        assert others.ask(f"commonhold/{number}") == []
    assert (asked.count(GONE), asked.count(THERE)) == (1, 10)
    clock.now += SILENT_SECONDS
    others.ask("commonhold/next")
    assert asked.count(GONE) == 2
