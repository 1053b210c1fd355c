"""Answers of the analysis by kind, in the shape that tests compare."""

from __future__ import annotations

from typing import Any

from commonhold.kernel.charter.routes import KindAnswer, count_kinds
from commonhold.kernel.charter.rules import Charter
from commonhold.kernel.charter.seating import Seating, seat_everybody


def answers(charter: Charter, seating: Seating | int) -> dict[str, KindAnswer]:
    seating = seat_everybody(charter, seating) if isinstance(seating, int) else seating
    return {answer.name.removeprefix("decision."): answer for answer in count_kinds(charter, seating)}


def direct(found: dict[str, KindAnswer], name: str) -> int | None:
    return found[name].direct and found[name].direct.people


def fewest(found: dict[str, KindAnswer], name: str) -> tuple[int, float, tuple[str, ...]]:
    answer = found[name].fewest
    assert answer is not None
    return answer.people, answer.days, tuple(name.partition(".")[2] for name in answer.decisions)


def rule(by: Any, **more: Any) -> dict[str, Any]:
    return {"article": "1.4", "by": by, **more}
