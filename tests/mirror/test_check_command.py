"""Laws of `commonhold check`: partners as real processes are asked, believed of nobody, and a page's own word counts for nothing."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from commonhold.kernel.record.shortcode import short_code
from tests.attacks import Mutation, attack
from tests.cli.houses import TEXT, command, found
from tests.mirror.processes import web_server
from tests.mirror.test_houselog import Federation, federation

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.slow]

RADIO = "https://saltmarsh.example/"
CHECK = "src/commonhold/cli/check.py"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """A house, its log and two partners; official are one channel and one statement."""
    with federation(tmp_path_factory.mktemp("federation")) as made:
        made.name_partners(2)
        proposal = made.do("heron", "propose", "channel", "op=add", f"address={RADIO}")["entry"]
        for name in ("heron", "tern"):
            made.do(name, "approve", proposal)
        published = made.do("heron", "statement", "publish", made.house.write("statement.md", TEXT))
        made.do("tern", "approve", published["proposal"]["id"])
        made.house.write("proposal", published["proposal"]["id"])
        made.log.until(lambda about: all(row["signed"] and row["signed"]["size"] == about["size"] for row in about["partners"]))
        for node in made.nodes.values():
            node.until_signed(made.log.about()["size"])
        yield made


def asked(url: str, question: str) -> Any:
    """What a partner's page answers a program."""
    request = urllib.request.Request(f"{url}/check?{urlencode({'q': question})}", headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def partners(one: Federation) -> list[object]:
    return [part for node in one.nodes.values() for part in ("--partner", node.url)]


def test_an_address_a_text_and_a_code_are_judged_by_a_replay_of_what_partners_serve(one: Federation, tmp_path: Path) -> None:
    """Both partners stand behind exactly what was replayed, so the answer is a plain yes; what nobody decided is a plain no."""
    org = one.ask("state")["org"]
    for what in ("saltmarsh.example", one.house.base / "statement.md", short_code((one.house.base / "proposal").read_text())):
        done = command("check", what, *partners(one), "--org", org, "--json")
        assert (done.code, done.json["verdict"], done.json["rests_on"]) == (0, "official", "replayed by you"), done.said
        assert [row["org"] for row in done.json["findings"]] == [org]
        assert done.json["findings"][0]["rests_on"]["partners"] == ["gull", "knot"]
    for what in ("https://saltrnarsh.example", "0000-0000-0000", one.house.write("false.md", TEXT + "The treasurer has resigned.\n")):
        done = command("check", what, *partners(one), "--json")
        assert (done.code, done.json["verdict"]) == (1, "not-official"), done.said


def test_each_partner_shows_what_the_other_signed_because_the_log_carries_it(one: Federation) -> None:
    """No partner needs to be told of another: what the organisation's log publishes has the signatures of both."""
    for node in one.nodes.values():
        end = time.monotonic() + 60
        while (told := asked(node.url, "saltmarsh.example"))["verdict"] != "official" and time.monotonic() < end:
            time.sleep(0.5)
        assert (told["verdict"], told["findings"][0]["rests_on"]["partners"]) == ("official", ["gull", "knot"])


def test_the_answer_is_said_in_lines_with_what_it_rests_on(one: Federation) -> None:
    """Who decided it under which article, that it was replayed here, and who signed it when."""
    done = command("check", "saltmarsh.example", *partners(one))
    assert done.code == 0
    for words in (
        "verdict      official",
        "looked up    https://saltmarsh.example",
        "by heron, tern, under article",
        "replayed by you",
        "gull at",
        "knot at",
    ):
        assert words in done.out, done.out
    assert "Compare the id" in done.err


def test_one_partner_alone_is_official_as_of_a_time_and_a_dead_one_is_told(one: Federation) -> None:
    """Two must stand behind it by the charter's policy; who does not answer is named and holds up nothing."""
    done = command("check", RADIO, "--partner", one.nodes["gull"].url, "--partner", "http://127.0.0.1:9", "--json")
    assert (done.code, done.json["verdict"]) == (0, "official-freshness-unknown")
    assert [row["place"] for row in done.json["trouble"]] == ["http://127.0.0.1:9"]
    nobody = command("check", RADIO, "--partner", "http://127.0.0.1:9", "--json")
    assert (nobody.code, nobody.json["code"]) == (2, "check/nothing")
    other = command("check", RADIO, *partners(one), "--org", "0" * 64, "--json")
    assert (other.code, other.json["code"]) == (2, "check/nothing")
    assert command("check", "saltmarsh.example").code == 2


def test_a_folder_and_a_mirror_are_places_too(one: Federation, tmp_path: Path) -> None:
    """The house's own folder names its partners; a copy of it that is behind is told by theirs."""
    copy = tmp_path / "copy"
    shutil.copytree(one.house.path, copy)
    done = command("check", RADIO, "--house", copy, "--json")
    assert (done.code, done.json["verdict"]) == (0, "official"), done.said
    mirror = command("check", RADIO, "--partner", one.mirror("knot"), "--json")
    assert mirror.json["verdict"] == "official-freshness-unknown"


def test_a_proof_file_and_a_pin_lead_to_the_same_answer(one: Federation, tmp_path: Path) -> None:
    """A pin says which organisation and whom to ask; one of another organisation is refused."""
    pin = tmp_path / "saltmarsh.pin"
    assert command("pin", one.mirror("gull"), one.mirror("knot"), "-o", pin).code == 0
    proof = tmp_path / "statement.proof"
    made = command("prove", (one.house.base / "proposal").read_text(), "-o", proof, "--house", one.log.url, "--json")
    assert made.code == 0, made.said
    brief = tmp_path / "statement.brief"
    made = command("prove", (one.house.base / "proposal").read_text(), "-o", brief, *partners(one), "--house", one.log.url, "--json")
    assert made.code == 0, made.said
    for what in (RADIO, proof, brief):
        done = command("check", what, "--pin", pin, "--json")
        assert (done.code, done.json["verdict"]) == (0, "official"), done.said
    altered = brief.read_bytes().replace(b'"index":', b'"index":1', 1)
    brief.write_bytes(altered)
    assert command("check", brief, "--pin", pin, "--json").code in (1, 2)
    refused = command("check", RADIO, "--pin", pin, "--org", "0" * 64, "--json")
    assert (refused.code, refused.json["code"]) == (1, "check/other-org")


@attack("check-own-word", Mutation(CHECK, find="    capped = sources.hinted and answer.told.is_yes", replace="    capped = False"))
def test_a_page_that_says_whom_to_ask_is_not_believed(one: Federation, tmp_path: Path) -> None:
    """A false page can name an organisation and partners of its own; without an id from elsewhere the answer is never yes."""
    site = tmp_path / "site"
    (site / ".well-known").mkdir(parents=True)
    with web_server(site) as url:
        silent = command("check", f"{url}/", "--json")
        assert (silent.code, silent.json["code"]) == (2, "store/absent")
        evil = found(tmp_path / "evil")
        evil.approve(evil.propose("heron", "channel", "op=add", f"address={url}/"), "heron", "tern")
        with web_server(evil.path) as served:
            hint = {"org": evil.ask("state")["org"], "partners": [one.nodes["gull"].url]}
            (site / ".well-known" / "commonhold.json").write_text(json.dumps(hint))
            assert command("check", f"{url}/", "--json").json["code"] == "check/nothing"
            hint["org"] = one.ask("state")["org"]
            (site / ".well-known" / "commonhold.json").write_text(json.dumps(hint))
            assert command("check", f"{url}/", "--json").json["verdict"] == "not-official"
            claimed = one.do("heron", "propose", "channel", "op=add", f"address={url}/")["entry"]
            for name in ("heron", "tern"):
                one.do(name, "approve", claimed)
            one.nodes["gull"].until_signed(one.log.about()["size"])
            done = command("check", f"{url}/", "--json")
            assert (done.code, done.json["verdict"]) == (2, "cannot-judge")
            assert "its own word counts for nothing" in done.json["words"]
            known = command("check", f"{url}/", "--org", hint["org"], "--json")
            assert (known.code, known.json["official"]) == (0, True)
            assert served
        (site / ".well-known" / "commonhold.json").write_text("[]")
        assert command("check", f"{url}/", "--json").json["code"] == "check/hint"


def test_a_channel_that_was_moved_is_struck_and_the_new_address_is_named(one: Federation) -> None:
    """Exit code 1, and where the organisation is now."""
    proposal = one.do("heron", "propose", "channel", "op=move", f"address={RADIO}", "to=https://saltmarsh-radio.example/")["entry"]
    for name in ("heron", "tern"):
        one.do(name, "approve", proposal)
    for node in one.nodes.values():
        node.until_signed(one.log.about()["size"])
    done = command("check", RADIO, *partners(one), "--json")
    assert (done.code, done.json["verdict"], done.json["findings"][0]["where"]) == (1, "struck", "https://saltmarsh-radio.example/")
