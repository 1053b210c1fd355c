"""Requests in Python and in the signer's JavaScript: what is shown, what is refused and what is signed is the same (docs/formats/request.md)."""

from __future__ import annotations

import base64
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.keys import parse_key_value
from commonhold.kernel.kit import Kit
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.keeping import structure_for
from commonhold.kernel.record.pin import make_pin
from commonhold.kernel.record.request import entry_url, link_text, parse_given
from commonhold.testing.custody import Keepers, ask_seal, contribute, drill, unseal
from commonhold.testing.house import derive
from commonhold.testing.requests import TEXT, Cases, Club
from tests.reader.node import Reader, RefusedError

pytestmark = pytest.mark.conformance

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
FILES = {
    "requests.json": "make_requests.py",
    "request-forms.json": "make_request_forms.py",
    "requests-custody.json": "make_requests_custody.py",
    "request-custody-forms.json": "make_request_custody_forms.py",
}
LOADED: dict[str, Any] = {name: json.loads((VECTORS / name).read_text("ascii")) for name in FILES}
CASES = [pytest.param(name, case, id=f"{name}: {case['name']}") for name, value in LOADED.items() for case in value["cases"]]
TOLD = ("number", "epoch", "seen", "facts", "texts", "compare", "ways")


@pytest.mark.parametrize(("name", "script"), FILES.items())
def test_making_the_vectors_again_changes_nothing(name: str, script: str) -> None:
    """The files are what the scripts beside them make."""
    assert runpy.run_path(str(VECTORS / script))["render"]()[name] == (VECTORS / name).read_text("ascii")


@pytest.mark.parametrize(("file", "case"), CASES)
def test_a_request_is_shown_or_refused_in_python_as_the_vectors_say(file: str, case: dict[str, Any]) -> None:
    """Each case is read from its text, and looked at with the public halves of a kit."""
    cases = Cases()
    cases.pins = {name: text.encode() for name, text in LOADED[file]["pins"].items()}
    cases.look_again(case)


@pytest.mark.parametrize(("file", "case"), CASES)
def test_a_request_is_shown_or_refused_in_the_signer_as_the_vectors_say(reader: Reader, file: str, case: dict[str, Any]) -> None:
    """The page's own modules say the same facts, the same texts and the same codes."""
    pin = {"pin": LOADED[file]["pins"][case["pin"]]} if case["pin"] else {}
    job = {key: case[key] for key in ("given", "member", "kit", "now")} | pin
    if case["expect"] == "accept":
        assert reader.ask("review", **job) == {key: case[key] for key in TOLD}
    else:
        with pytest.raises(RefusedError) as refusal:
            reader.ask("review", **job)
        assert refusal.value.code == case["code"]


def test_what_the_signer_signs_is_an_entry_that_counts(reader: Reader) -> None:
    """`seen`, organisation and epoch are the checkpoint's, the body is what was shown, and the fold takes it."""
    club = Club("signed", partnered=False)
    admitted = club.propose("heron", "admit", {"member": "gull", "keys": [club.new_kit("gull").keys.to_value()]})
    key = parse_key_value(club.state.part("proposals")[admitted].payload["keys"][0]).key_id
    request = club.asks("tern", "approve", {"proposal": admitted}, texts={})
    job = {"given": link_text(request.to_bytes()), "member": "tern", "kit": club.kits["tern"].keys.to_value(), "now": club.now}
    signed = reader.ask("sign-request", **job, secret=club.kits["tern"].secret, nonce=bytes(range(16)))
    entry = parse_entry(base64.b64decode(signed))
    assert (entry.seen_size, entry.seen_root) == (club.tree.size, club.tree.root())
    assert entry.body.key == key
    assert club.append(base64.b64decode(signed)).counts


def test_as_many_custodians_as_a_seal_has_are_asked_with_the_partners_word(reader: Reader) -> None:
    """Sixty-four, each known by their own member, kit and seat, in one brief proof: to seal, to show a share, to give it, and to open; both programs say the same."""
    keepers = [f"{region}{number}" for region in ("north", "east", "south", "west") for number in range(16)]
    clause = {
        "article": "1",
        "resources": ["page"],
        "open": {"m": 3, "of": [{"m": 2, "of": [keepers[at].rstrip("0123456789")]} for at in (0, 16, 32, 48)]},
    }
    places = {f"{name.rstrip('0123456789')}/{name}": name for name in keepers}
    club = Keepers("crowd", clause=clause, more=keepers, places=places)
    cases = Cases()
    cases.pins = {"club": make_pin(club.state).to_bytes()}
    structure = structure_for(club.state, "page").to_value()
    seats = [f"{name.rstrip('0123456789')}/{name}" for name in keepers]
    cases.add("sealed", club, "heron", ask_seal(club, "heron", {"clause": "keys", "seats": seats}, seal=1, structure=structure), pin="club")
    seal = club.seal_up()
    release = club.release_it("curlew", Kit(derive("crowd")).keys.age)
    club.give(keepers[0], seal, release)
    club.tick()
    cases.add("shown", club, keepers[-1], drill(club, keepers[-1], seal), pin="club")
    cases.add("given", club, keepers[-1], contribute(club, keepers[-1], seal, release), pin="club")
    cases.add("opened", club, "curlew", unseal(club, "curlew", seal, release, *keepers), pin="club")
    assert len(json.loads(cases.all[0]["given"])["brief"]["values"]) > 2 * len(keepers)
    for case in cases.all:
        job = {key: case[key] for key in ("given", "member", "kit", "now")}
        assert reader.ask("review", **job, pin=cases.pins["club"].decode()) == {key: case[key] for key in TOLD}


def test_links_and_addresses_are_the_same_in_both(reader: Reader) -> None:
    """A link holds the same letters, and an entry for a mirror goes to its node."""
    for raw in (b"a", b"ab", b"abc", TEXT, derive("x")):
        assert reader.ask("link-text", raw=raw) == link_text(raw)
    mirror = "https://knot.example/mirror/" + "0" * 64
    for url in ("https://log.example", "https://log.example/record/", mirror, f"{mirror}/"):
        assert reader.ask("entry-url", url=url) == entry_url(url)
    assert entry_url(mirror) == "https://knot.example/entry"
    assert parse_given(LOADED["requests.json"]["cases"][0]["given"]).urls == (mirror,)
