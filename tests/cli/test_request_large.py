"""Laws of large groups at the command line: as many people as one seal can have are asked in one request, and what a request holds is bounded all the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.shares import envelope_bytes, next_proof, parse_envelope
from commonhold.kernel.record.before import before_claim
from commonhold.kernel.record.keeping import manifest, seals_of
from commonhold.kernel.record.request import parse_given
from commonhold.kernel.record.review import review
from commonhold.store.keyfile import load_kit
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.sealedfile import seal_to, unseal_with
from tests.cli.custodians import SECRETS, act, must, released, unseal
from tests.cli.houses import EXAMPLE, MEMBERS, House, command, found
from tests.reader.node import Reader

REGIONS: Final = ("north", "east", "south", "west")
KEEPERS: Final = tuple(f"{region}{number}" for region in REGIONS for number in range(1, 17))
"""As many as one seal can have: four groups of sixteen."""


def charter(base: Path) -> Path:
    """Saltmarsh's charter, with a committee of each region that keeps what is sealed."""
    shutil.copytree(EXAMPLE, base)
    rules = base / "charter.toml"
    text = rules.read_text("utf-8")
    offices = "".join(f'[offices.{name}]\narticle = "1.3.1"\nelected_by = "assembly"\nseats = 16\n\n' for name in REGIONS)
    open_ = "{ m = 3, of = [" + ", ".join(f'{{ m = 5, of = ["{name}"] }}' for name in REGIONS) + "] }"
    old = 'open = { m = 2, of = ["chair", "treasurer", "editor"] }'
    assert text.count(old) == 1
    rules.write_text(text.replace(old, f"open = {open_}").replace("[[incompatible]]", f"{offices}[[incompatible]]", 1), "utf-8")
    return base


def everybody(house: House, names: tuple[str, ...], type: str, body: Callable[[str], Any]) -> None:
    """One act of each of *names*, in one go."""
    read = house.read()
    house.append(*[house.sign(name, type, body(name), read=read) for name in names])


def crowd(base: Path) -> House:
    """A house with 64 custodians beside its five members, who have decided a seal of its page."""
    seats = [(name.rstrip("0123456789"), name) for name in KEEPERS]
    house = found(base / "house", accepted=False, charter=charter(base / "charter"), more=KEEPERS, seats=seats)
    org = house.ask("state")["org"]
    everybody(house, (*MEMBERS, *KEEPERS), "accept", lambda _: {"of": org})
    made = must(act(house, "heron", "seal", "page", "--stdin", "--approve", stdin=SECRETS))
    house.do("tern", "approve", made["proposal"]["id"])
    return house


def told(house: House, link: str, name: str, reader: Reader) -> Any:
    """What *name* is shown first of a request: the same in Python and in the page's own modules, with everything after it."""
    kit, request = load_kit(house.kit(name))[1], parse_given(link)
    found = review(request, before_claim(request), name, kit.keys, 0)
    shown = reader.ask("review", given=link, member=name, kit=kit.keys.to_value(), now=0)["facts"]
    assert shown == [[fact.say, dict(fact.values)] for fact in found.facts]
    return shown[0]


@pytest.mark.slow
def test_sixty_four_custodians_are_asked_in_one_request(tmp_path: Path, reader: Reader) -> None:
    """Each is shown their part by both programs, the first and the last; all acknowledge, a quorum gives, and one request brings its asker all of it."""
    house = crowd(tmp_path)
    state = house.read().state
    newest = seals_of(state, "page")[0]
    public = manifest(state, newest)
    assert sorted(public.holdings) == sorted(KEEPERS)
    kits = {name: load_kit(house.kit(name))[1] for name in KEEPERS}
    objects = ObjectDirectory(house.path)
    shares = {name: parse_envelope(unseal_with(objects.get(public.holdings[name].envelope), [kits[name].age_identity])) for name in KEEPERS}

    link = house.ask("request", "drill", "page")["link"]
    assert len(parse_given(link).texts) >= len(KEEPERS)
    for name in (KEEPERS[0], KEEPERS[-1]):
        assert told(house, link, name, reader) == ["act-drill", {"resource": "page", "seal": 1}]

    def acknowledged(name: str) -> dict[str, str]:
        share = shares[name]
        proof = next_proof(share.about, share.index, name, share.words, public.holdings[name].chain)
        return {"what": "share", "of": newest.proposal, "proof": proof}

    everybody(house, KEEPERS, "acknowledge", acknowledged)
    release = released(house)
    # In a house without a clock a majority of all members stands in for the waiting period.
    everybody(house, KEEPERS[:40], "approve", lambda _: {"proposal": release})
    link = house.ask("request", "contribute", release)["link"]
    assert len(parse_given(link).texts) > len(KEEPERS)
    for name in (KEEPERS[0], KEEPERS[-1]):
        assert told(house, link, name, reader) == ["act-contribute", {"resource": "page", "seal": 1, "by": "curlew"}]

    recipient = house.read().state.parts["releases"][release].recipient

    def given(name: str) -> dict[str, str]:
        raw = envelope_bytes(replace(shares[name], release=release))
        return {"release": release, "envelope": b64.encode(seal_to(raw, [recipient]))}

    everybody(house, KEEPERS, "contribute", given)
    link = house.ask("request", "unseal", release)["link"]
    opening = parse_given(link)
    assert opening.about is not None
    assert sorted(opening.about["given"]) == sorted(KEEPERS)
    assert sum(b'"type":"contribute"' in raw for raw in opening.texts.values()) == len(KEEPERS)
    assert told(house, link, "curlew", reader) == ["act-unseal", {"resource": "page", "seal": 1, "by": "curlew"}]
    assert len(must(unseal(house, release, "--json"))["used"]) == 15

    link = house.ask("request", "seal", "page", "--for", "heron")["link"]
    asked = parse_given(link)
    assert asked.about is not None
    assert len(asked.about["seats"]) == len(KEEPERS)
    assert told(house, link, "heron", reader) == ["act-propose", {"by": "heron"}]
    for_all = command("request", "seal", "page", *[part for name in KEEPERS for part in ("--for", name)], "--house", house.path)
    assert for_all.code == 0, for_all.said
