"""Laws of asking custodians at the command line: what `request` makes for them, what `sign` completes, and what it leaves to the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonhold.cli.requestcustody import MOST_GIVEN, MOST_LEAVES, newest_of_each
from commonhold.kernel.custody.sealing.shares import parse_envelope
from commonhold.kernel.record.request import parse_given
from commonhold.store.keyfile import load_kit
from commonhold.store.requesting import SPARE
from commonhold.store.sealedfile import unseal_with
from tests.attacks import Mutation, attack
from tests.cli.custodians import CANARY, OFFICERS, SEED, act, files_with, must, only_release, released, sealed, unseal
from tests.cli.houses import House, command, found, refused


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = found(tmp_path_factory.mktemp("house") / "saltmarsh")
    sealed(house)
    released(house)
    return house


@pytest.fixture
def house(kept: House, tmp_path: Path) -> House:
    return kept.copy(tmp_path / "saltmarsh")


def asked(house: House, *arguments: object) -> str:
    """A request, as its link."""
    link: str = house.ask("request", *arguments)["link"]
    return link


def signed(house: House, name: str, link: str) -> Any:
    """Sign a request at the command line and hand it in; gives what was shown."""
    place = house.base / f"{name}.entry"
    place.unlink(missing_ok=True)
    done = command("sign", link, "--kit", house.kit(name), "--unvouched", "--yes", "-o", place)
    assert done.code == 0, done.said
    handed = command("submit", place, "--house", house.path)
    assert handed.code == 0, handed.said
    return done.err


def test_a_share_is_proved_given_and_a_change_attested_by_request(house: House) -> None:
    """From the link to the record and to the opened seal; the words are the page's."""
    release = only_release(house)
    assert "It takes 2 of these 3 to open it: heron, plover, tern." in signed(house, "tern", asked(house, "drill", "page"))
    for name in ("tern", "heron"):
        said = signed(house, name, asked(house, "contribute", release))
        for words in ("to curlew", "we set a new password on Monday", "Only curlew can read your share"):
            assert words in said
    assert must(unseal(house, release, "--json"))["used"] == ["tern", "heron"]
    assert "all sessions are ended" in signed(house, "avocet", asked(house, "changed", "page"))
    again = command("sign", asked(house, "changed", "page"), "--kit", house.kit("avocet"), "--unvouched", "--yes", "-o", house.base / "x")
    refused(again, 1, "avocet has attested this already")
    assert "Somebody else must attest it" in again.err
    assert files_with(house.base, CANARY, SEED) == []


def test_a_request_brings_everything_and_nothing_secret(house: House) -> None:
    """The envelopes of those who are asked, the purpose, the sealed object and what was given; no share, no key, no secret."""
    release = only_release(house)
    one = parse_given(asked(house, "contribute", release, "--for", "tern"))
    envelopes = [raw for raw in one.texts.values() if raw.startswith(b"age-encryption.org")]
    assert len(envelopes) == 1
    assert parse_envelope(unseal_with(envelopes[0], [load_kit(house.kit("tern"))[1].age_identity])).member == "tern"
    must(act(house, "plover", "contribute", release, "--yes"))
    opening = parse_given(asked(house, "unseal", release))
    assert opening.about is not None
    assert opening.about["given"] == ["plover"]
    must(act(house, "plover", "contribute", release, "--yes"))
    twice = parse_given(asked(house, "unseal", release))
    assert sum(b'"type":"contribute"' in raw for raw in twice.texts.values()) == 2
    assert set(opening.texts) < set(twice.texts)
    assert sum(raw.startswith(b"commonhold/sealed/v1\n") for raw in opening.texts.values()) == 1
    assert ("members", "curlew") in (opening.claim.values if opening.claim else {})
    why = house.write("why.txt", "We move to another provider.\n")
    again = parse_given(asked(house, "release", "page", "--purpose", why, "--for", "plover"))
    assert sorted(again.body["payload"]) == ["purpose", "resource", "seal", "until"]
    sealing = parse_given(asked(house, "seal", "page"))
    assert sealing.body["payload"] == {"resource": "page", "seal": 2, "structure": {"need": 2, "of": ["heron", "plover", "tern"]}}
    assert sealing.about == {"clause": "keys", "bodies": [], "seats": ["chair/heron", "editor/plover", "treasurer/tern"]}


def test_what_the_page_makes_is_made_by_custody_here(house: House) -> None:
    """Where the record is, secrets and one-off keys have verbs of their own; `sign` names them."""
    release = only_release(house)
    why = house.write("why.txt", "We move.\n")
    for link, verb in (
        (asked(house, "seal", "page"), "custody seal page"),
        (asked(house, "release", "page", "--purpose", why), "custody release page"),
        (asked(house, "unseal", release), f"custody unseal {release[:12]}"),
    ):
        done = command("sign", link, "--kit", house.kit("tern"), "--unvouched", "--yes", "-o", house.base / "none.entry")
        refused(done, 1, verb)
    assert not (house.base / "none.entry").exists()


@attack(
    "custody-contributions-crowd",
    Mutation(
        "src/commonhold/cli/requestcustody.py",
        find="zip_longest(*(reversed(leaves) for leaves in given.values()))",
        replace="given.values()",
    ),
    Mutation(
        "src/commonhold/cli/requestcustody.py", find="if room < 0 or len(found) == MOST_LEAVES:", replace="if len(found) == MOST_LEAVES:"
    ),
)
def test_nobody_crowds_out_the_contributions_of_others() -> None:
    """As many as there is room for, everybody's newest first: whatever one of them gave, and however often."""
    greedy = [bytes([number]) * 60_000 for number in range(200)]
    found = newest_of_each({"heron": greedy, "tern": [b"old", b"new"], "plover": [b"only"]})
    # By their first bytes: pytest would explain a difference of such sizes for minutes.
    assert [leaf[:4] for leaf in found[:5]] == [bytes([199]) * 4, b"new", b"only", bytes([198]) * 4, b"old"]
    assert sum(map(len, found)) <= MOST_GIVEN
    assert len(found) > 60
    assert len(newest_of_each({"heron": [b"x"] * 1_000})) == MOST_LEAVES
    everybody = {f"m{number}": [bytes(65_535)] * 3 for number in range(64)}
    assert len(newest_of_each(everybody)) == 64


def test_a_request_for_more_members_than_it_has_room_for_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody is named it speaks to as many as there is room for, and says whom it leaves out; where they are named, nothing is handed out."""
    monkeypatch.setattr("commonhold.store.requesting.MAX_VALUES", SPARE + 6)
    done = command("request", "changed", "page", "--house", house.path, "--json")
    assert "note: the request speaks to the first 3 of 5 members" in done.err
    assert len(parse_given(json.loads(done.out)["link"]).claim.values) == 6  # type: ignore[union-attr] # a request without a claim fails here
    named = [part for name in ("heron", "tern", "plover", "curlew") for part in ("--for", name)]
    refused(command("request", "changed", "page", *named, "--house", house.path), 1, "4 members are asked, and one request has room for 3")


def test_what_cannot_be_asked_or_done_is_named(house: House) -> None:
    """No seal, no release, no envelope, no share, a lost object: each in words, and nothing is signed."""
    release = only_release(house)
    refused(command("request", "drill", "cellar", "--house", house.path), 1, "nothing of it was ever sealed")
    about = parse_given(asked(house, "drill", "page")).about or {}
    refused(command("request", "contribute", about["of"], "--house", house.path), 1, "no release")
    why = house.write("why.txt", "We move.\n")
    refused(command("request", "release", "page", "--seal", 7, "--purpose", why, "--house", house.path), 1, "cannot be released")
    key = house.base / "seven.key"
    asks = ("custody", "release", "page", "--seal", 7, "--purpose", why, "--key", key, "--house", house.path, "--kit", house.kit("curlew"))
    refused(command(*asks), 1, "cannot be released")
    assert not key.exists()
    sign = ("--unvouched", "--yes", "-o", house.base / "none.entry")
    refused(
        command("sign", asked(house, "drill", "page", "--for", "curlew"), "--kit", house.kit("curlew"), *sign), 1, "curlew has no share"
    )
    other = asked(house, "contribute", release, "--for", "plover", "--for", "tern")
    request = parse_given(other)
    envelopes = {digest for digest, raw in request.texts.items() if raw.startswith(b"age-encryption.org")}
    for digest in envelopes:
        (house.path / "objects" / digest[:2] / digest[2:]).unlink()
    done = command("request", "contribute", release, "--house", house.path, "--json")
    assert "is not in the request" in done.err
    refused(command("sign", json.loads(done.out)["link"], "--kit", house.kit("tern"), *sign), 2, "your envelope is not in the request")
    assert not (house.base / "none.entry").exists()
    assert OFFICERS == ("heron", "tern", "plover")
