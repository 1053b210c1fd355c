"""What the tests of brief proofs share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from commonhold.kernel.canonical import canonical_bytes
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.brief import Brief, check_brief, parse_brief
from commonhold.kernel.record.briefverdict import judge_brief
from commonhold.kernel.record.pin import Pin
from commonhold.kernel.record.verdict import Verdict
from tests.kernel.record.helpers import DAY, T0, Club

PAGE = "https://club.example/"
AT = T0 + DAY


def refusal_of(work: Callable[[], object]) -> str:
    with pytest.raises(CommonholdError) as refusal:
        work()
    return refusal.value.code


def judged(brief: Brief, pin: Pin, now: int = AT) -> Verdict:
    return judge_brief(check_brief(parse_brief(brief.to_bytes()), pin), now)


def index_of(club: Club, entry: str) -> int:
    index: int = club.state.ids[entry]
    return index


def bent(brief: Brief, change: Callable[[dict[str, Any]], object]) -> Brief:
    value = json.loads(brief.to_bytes())
    change(value)
    return parse_brief(canonical_bytes(value))
