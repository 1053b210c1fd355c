"""Laws of the board from which /check answers: a few seconds old at most, one look for all who ask, and nobody waits long for it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from commonhold.kernel.record.verdict import FRESHNESS_UNKNOWN, OFFICIAL, STALE, STRUCK, UNWITNESSED
from commonhold.mirror.check import board, routes
from tests.mirror.readers import PAGE, a_record, always_looking, decide_channel, reading
from tests.mirror.test_standing import partnered


@pytest.fixture(autouse=True)
def _always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request looks at the node, so that no test has to wait."""
    always_looking(monkeypatch)


def test_a_page_asked_in_the_same_second_costs_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers do not slow down what the node is there for."""
    monkeypatch.setattr(board, "FRESH", 60.0)
    looks: list[int] = []
    look = board.Boards._look
    monkeypatch.setattr(board.Boards, "_look", lambda self: looks.append(1) or look(self))
    with reading(tmp_path, a_record()) as reader:
        for _ in range(20):
            assert reader.asks(PAGE)[0] == UNWITNESSED
        assert len(looks) == 1


def test_readers_do_not_wait_for_a_node_that_is_slow_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen last is told, for a minute at most; what comes of the new look is told next."""
    with reading(tmp_path, a_record()) as reader:
        assert reader.asks(PAGE)[0] == UNWITNESSED
        decide_channel(reader.record, PAGE, "strike")
        reader.look()
        monkeypatch.setattr(routes, "LOOK_SECONDS", 0.05)
        look, may = board.Boards._look, threading.Event()
        monkeypatch.setattr(board.Boards, "_look", lambda self: may.wait(30) and look(self))
        began = time.monotonic()
        assert reader.asks(PAGE)[0] == UNWITNESSED
        assert time.monotonic() - began < 10
        may.set()
        monkeypatch.setattr(routes, "LOOK_SECONDS", 60.0)
        assert reader.asks(PAGE)[0] == STRUCK


def test_what_is_fresh_is_judged_again_without_reading_the_record_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time alone makes an answer older; only a log that has grown is folded into a line again."""
    with reading(tmp_path, a_record()) as reader:
        partnered(reader.node, reader.record, reader.clock.now)
        reader.clock.now += 60
        reader.look()
        assert reader.asks(PAGE)[0] == OFFICIAL
        monkeypatch.setattr(reader.node, "standing", lambda org: pytest.fail("the record was read again"))
        reader.clock.now += 2 * 3600
        assert reader.asks(PAGE)[0] == FRESHNESS_UNKNOWN
        reader.clock.now += 8 * 86_400
        assert reader.asks(PAGE)[0] == STALE
