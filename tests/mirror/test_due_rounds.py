"""The law of what waits on time beside a log that is served: it counts soon after its moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonhold.kernel.record.due import next_due
from commonhold.mirror.attesting import rest
from commonhold.store.record import Record
from tests.cli.houses import found
from tests.mirror.cosigners import cosigners, house_log, name_partners
from tests.mirror.test_asking import propose

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def test_what_waits_on_time_is_asked_about_when_it_is_due(tmp_path: Path) -> None:
    """A waiting period that is over counts within a second or two, not at the next minute; clocks that lag are not asked in vain for long."""
    house = found(tmp_path / "saltmarsh")
    with cosigners("gull") as partners:
        name_partners(house, partners, 1)
        with house_log(house.path) as log:
            propose(log, house)
            log.attend()
        with Record.open(house.path) as record:
            due = next_due(record.state)
            assert due is not None
            rests = [rest(record.state, due + seconds, 60.0) for seconds in (-300, -3, 0, 9, 11)]
    assert rests == [60.0, 3.0, 1.0, 1.0, 60.0]
