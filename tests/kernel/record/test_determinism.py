"""The law that two readers who fold the same leaves have the same state, whatever order their sets and maps have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

STORY = """
from tests.kernel.record.helpers import Club, DAY, digest, text
offices = {"offices/editor/seats": 3, "offices/warden": {"article": "1.2", "elected_by": "assembly", "seats": 2}}
club = Club(offices, seats={"chair": "heron"}, clocked=True)
fewer = {**offices, "offices/editor/seats": 1, "offices/warden": {**offices["offices/warden"], "seats": 1}}
amendment = club.propose("heron", "amend", club.amendment(fewer))
for office in ("warden", "editor"):
    for name in ("curlew", "dunlin"):
        club.install(office, name)
club.approve(amendment, "heron", "tern", "plover", "curlew")
club.decide("entrust", {"resource": "transmitter", "holders": ["tern"]}, "heron", emergency="storm")
for name in ("plover", "dunlin", "curlew"):
    club.propose(name, "depart", {"member": name})
waiting = club.decide("contested", {"text": text("c")})
club.tick()
outcomes = [(o.code, o.words, [(e.name, sorted(e.data.items())) for e in o.events]) for o in [*club.outcomes, club.tick(400 * DAY)]]
print(digest(club.state).hex(), outcomes)
"""


def test_a_state_and_what_is_said_of_it_do_not_depend_on_hash_order() -> None:
    """Three processes with other hash seeds give the same digest, refusals and events, byte for byte."""
    told = set()
    for seed in ("0", "1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", STORY], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        told.add(done.stdout)
    assert len(told) == 1
