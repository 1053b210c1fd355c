"""Laws of an organisation with its partners: a house's log and partner nodes as real processes, and nothing but HTTP between them."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commonhold.cli.main import NO
from tests.attacks import Mutation, attack
from tests.cli.houses import EXAMPLE, Done, House, command, found
from tests.mirror.processes import Running, Serving, house_process, node_process

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.slow]

PARTNERS = ("gull", "knot")


@dataclass(frozen=True)
class Federation:
    """A house whose log is served, and its partners."""

    house: House
    log: Serving
    nodes: dict[str, Running]

    def by(self, name: str, *arguments: object, at: str = "") -> Done:
        """An act of a member through the log's address, or another."""
        return command(*arguments, "--house", at or self.log.url, "--kit", self.house.kit(name), "--json")

    def do(self, name: str, *arguments: object, at: str = "") -> Any:
        """An act that must succeed; gives its report."""
        done = self.by(name, *arguments, at=at)
        assert done.code == 0, done.said
        return done.json

    def ask(self, *arguments: object) -> Any:
        """A question at the log's address."""
        done = command(*arguments, "--house", self.log.url, "--json")
        assert done.code == 0, done.said
        return done.json

    def name_partners(self, k: int) -> Any:
        """Decide that *k* of the partners make the clock; gives the last approval's report."""
        policy = {
            "witnesses": {name: node.vkeys["mirror"] for name, node in self.nodes.items()},
            "groups": {"all": {"k": k, "of": list(self.nodes)}},
            "quorum": "all",
            "validators": {name: node.vkeys["validator"] for name, node in self.nodes.items()},
        }
        payload = self.house.write("partner.json", json.dumps(policy))
        proposal = self.do("heron", "propose", "partner", "--payload", payload)["entry"]
        report = None
        for name in ("heron", "tern", "plover", "curlew"):
            report = self.do(name, "approve", proposal)
        return report

    def mirror(self, name: str) -> str:
        """The address of a partner's mirror of the record."""
        return f"{self.nodes[name].url}/mirror/{self.log.about()['hash']}"


@contextmanager
def federation(base: Path, *, names: tuple[str, ...] = PARTNERS, charter: Path = EXAMPLE) -> Iterator[Federation]:
    """A founded house, its log, and partners that it remembers and has not named yet."""
    house = found(base / "saltmarsh", charter=charter)
    with ExitStack() as stack:
        log = stack.enter_context(house_process(house.path))
        nodes = {
            name: stack.enter_context(
                node_process("partner", base / name, f"{log.log}={log.url}", "--allow-private", name=f"{name}.example")
            )
            for name in names
        }
        for node in nodes.values():
            added = command("house", "partner", "add", node.url, "--house", house.path, "--json")
            assert (added.code, added.json["vkeys"]) == (0, node.vkeys)
        yield Federation(house, log, nodes)


def test_from_the_founding_to_a_clock_that_partners_make(tmp_path: Path) -> None:
    """Members name two partners; from then on every act is attested within seconds, and the last approval decides."""
    with federation(tmp_path) as one:
        assert one.ask("state")["clock"] == {}
        report = one.name_partners(2)
        assert report["attested"] is True
        clock = one.ask("state")["clock"]
        assert clock["covers"] == report["index"] + 1
        text = one.house.write("statement.md", "Our studio moves on Monday.\n")
        published = one.do("heron", "statement", "publish", text)
        assert (published["attested"], published["proposal"]["status"]) == (True, "open")
        decided = one.do("tern", "approve", published["proposal"]["id"])
        assert [event["name"] for event in decided["attest_events"]] == ["enacted"]
        # The text reached the house with its proposal.
        assert "moves on Monday" in command("status", published["proposal"]["id"], "--house", one.log.url).out
        about = one.log.until(lambda about: all(row["signed"] and row["signed"]["size"] == about["size"] for row in about["partners"]))
        assert {row["name"] for row in about["partners"]} == set(PARTNERS)
        # The checkpoint carries both partners' fresh signatures; so do the partners' own, taken together.
        assert command("verify", one.log.url, "--json").json["verdict"] == "official"
        mirror = one.mirror("gull")
        assert command("verify", mirror, "--json").json["verdict"] == "official-freshness-unknown"
        told = command("verify", mirror, "--partner", one.nodes["knot"].url, "--json")
        assert (told.code, told.json["verdict"]) == (0, "official")
        assert [list(row["signed"]) for row in told.json["partners"]] == [["knot"]]
        # What one process serves, another does not write to; it is said how to act.
        refused = one.house.by("heron", "propose", "channel", "op=add", "address=https://a.example")
        assert (refused.code, refused.json["code"]) == (2, "store/locked")
        assert "--house http" in refused.json["next_step"]


def test_with_two_of_two_the_clock_stops_when_a_partner_dies_and_the_acts_wait(tmp_path: Path) -> None:
    """The act is recorded all the same, it is said whom it waits for, and nothing is decided until the partner is back."""
    with federation(tmp_path) as one:
        one.name_partners(2)
        one.nodes["knot"].process.kill()
        before = one.ask("state")["clock"]
        report = one.do("heron", "propose", "channel", "op=add", "address=https://a.example")
        assert report["attested"] is False
        assert any(one.nodes["knot"].url in line for line in report["partners"])
        state = one.ask("state")
        assert (state["clock"], state["size"]) == (before, report["index"] + 1)
        rows = {row["url"]: row for row in one.log.about()["partners"]}
        assert rows[one.nodes["knot"].url]["trouble"]
        assert not rows[one.nodes["gull"].url]["trouble"]
        # The partner comes back where it was.
        address = one.nodes["knot"].url.removeprefix("http://")
        with node_process("partner", tmp_path / "knot", f"{one.log.log}={one.log.url}", name="knot.example", listen=address):
            assert one.do("tern", "approve", report["entry"])["attested"] is True


@attack(
    "house-killed",
    Mutation(
        "src/commonhold/mirror/attesting.py",
        find='            if parse_entry(raw).type != "attest":',
        replace="            if False:",
    ),
)
def test_a_log_that_is_killed_between_an_act_and_its_attest_loses_neither(tmp_path: Path) -> None:
    """kill -9 while the act waits: the next life has it, asks the partners by itself, and brings their word in."""
    with federation(tmp_path) as one:
        one.name_partners(2)
        one.nodes["knot"].process.kill()
        report = one.do("heron", "propose", "channel", "op=add", "address=https://a.example")
        assert report["attested"] is False
        one.log.process.kill()
        one.log.process.wait()
        here, knot = (url.removeprefix("http://") for url in (one.log.url, one.nodes["knot"].url))
        with (
            node_process("partner", tmp_path / "knot", f"{one.log.log}={one.log.url}", name="knot.example", listen=knot),
            house_process(one.house.path, listen=here) as again,
        ):
            about = again.until(lambda about: about["clock"]["covers"] > report["index"], 20)
            assert about["size"] == report["index"] + 2
            assert json.loads(one.nodes["gull"].get("alarms")) == {"alarms": []}


def test_a_full_disk_is_said_and_the_log_goes_on_once_there_is_room(tmp_path: Path) -> None:
    """What is refused is not in the record, what was taken still is, and the same server takes the next one."""
    house = found(tmp_path / "saltmarsh")
    with house_process(house.path) as log:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        act = ("propose", "channel", "op=add", "address=https://a.example", "--house", log.url, "--kit", house.kit("heron"), "--json")
        resource.prlimit(log.process.pid, resource.RLIMIT_FSIZE, (100, hard))
        full = command(*act)
        assert (full.code, full.json["code"]) == (2, "store/full")
        resource.prlimit(log.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert command(*act).code == 0
        assert command("verify", log.url, "--json").json["entries"] == log.about()["size"]


def test_with_one_of_two_it_goes_on(tmp_path: Path) -> None:
    """A policy that one partner satisfies moves on without the other."""
    with federation(tmp_path) as one:
        one.name_partners(1)
        one.nodes["knot"].process.kill()
        report = one.do("heron", "propose", "channel", "op=add", "address=https://a.example")
        assert report["attested"] is True


def test_a_member_amends_the_charter_from_home(tmp_path: Path) -> None:
    """The charter in force is written out from the log's address, changed, proposed with its new texts, and shown as a redline to the others."""
    house = found(tmp_path / "saltmarsh")
    with house_process(house.path) as log:
        written = tmp_path / "charter-now"
        assert command("charter", "show", log.url, "-o", written).code == 0
        article = written / "charter.md"
        article.write_text(article.read_text("utf-8").replace("Saltmarsh", "Saltmarsh and Reedbed", 1), "utf-8")
        made = command("propose", "amend", "--charter", written, "--house", log.url, "--kit", house.kit("heron"), "--json")
        assert made.code == 0, made.said
        shown = command("status", made.json["entry"], "--house", log.url)
        assert "Reedbed" in shown.out


def test_a_member_acts_through_a_partner(tmp_path: Path) -> None:
    """A mirror's address will do: the record is read there, and the partner hands the entry on."""
    with federation(tmp_path) as one:
        one.name_partners(2)
        mirror = one.mirror("gull")
        report = one.do("heron", "propose", "channel", "op=add", "address=https://a.example", "--approve", at=mirror)
        assert (report["in_record"], report["attested"]) == (True, True)
        assert one.do("tern", "approve", report["proposal"]["id"], at=mirror)["attest_events"][0]["name"] == "enacted"
        assert list(one.ask("state")["channels"]) == ["https://a.example"]


def test_a_text_that_went_with_a_partner_is_saved_and_brought_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Partners keep no texts: it is said, the text is kept on the member's machine, and the log takes it, because the record names it."""
    (tmp_path / "desk").mkdir()
    with federation(tmp_path, names=("gull",)) as one:
        one.name_partners(1)
        monkeypatch.chdir(tmp_path / "desk")
        text = one.house.write("statement.md", "Our studio moves on Monday.\n")
        report = one.do("heron", "statement", "publish", text, at=one.mirror("gull"))
        digest, saved = next(iter(report["texts_missing"].items()))
        assert digest == report["text"]
        assert "not here" in command("status", report["proposal"]["id"], "--house", one.log.url).out
        assert command("house", "text", saved, "--house", one.log.url, "--json").json["new"] is True
        assert command("house", "text", saved, "--house", one.log.url, "--json").json["new"] is False
        assert "moves on Monday" in command("status", report["proposal"]["id"], "--house", one.log.url).out


def test_the_payload_of_a_partner_decision_is_written_from_what_partners_say(tmp_path: Path) -> None:
    """More than half of those that are remembered, each under a name of its own; nobody has a voice before the members decide."""
    with federation(tmp_path) as one:
        out = tmp_path / "partner.json"
        refused = command("house", "partner", "policy", "--at-least", 3, "-o", out, "--house", one.house.path, "--json")
        assert (refused.code, refused.json["code"]) == (NO, "partner/too-few")
        told = command("house", "partner", "policy", "-o", out, "--house", one.house.path, "--json").json
        assert told["payload"]["groups"] == {"partners": {"k": 2, "of": ["gull-example", "knot-example"]}}
        proposal = one.do("heron", "propose", "partner", "--payload", out)["entry"]
        for name in ("heron", "tern", "plover", "curlew"):
            report = one.do(name, "approve", proposal)
        assert report["attested"] is True


def test_members_go_on_in_another_log_with_the_same_partners(tmp_path: Path) -> None:
    """The server is gone: one opens the next epoch from a partner, the new log tells the partners where it is, and the others decide it by its address."""
    with federation(tmp_path) as one:
        one.name_partners(2)
        org, mirror = one.log.about()["org"], one.mirror("gull")
        policy = ("--partners", one.house.base / "partner.json")
        before = [path.name for path in sorted((one.house.path / "objects").rglob("*")) if path.is_file()]
        # While the server still answers, the texts come along from there; a partner holds the words of statements only.
        early = command("epoch", "open", tmp_path / "early", "--from", one.log.url, *policy, "--kit", one.house.kit("tern"), "--json")
        assert early.code == 0, early.said
        assert [path.name for path in sorted((tmp_path / "early" / "objects").rglob("*")) if path.is_file()] == before
        one.log.process.kill()
        opened = command("epoch", "open", tmp_path / "next", "--from", mirror, *policy, "--kit", one.house.kit("tern"), "--json")
        assert opened.code == 0, opened.said
        with house_process(tmp_path / "next", *(node.url for node in one.nodes.values())) as log:
            log.until(lambda about: all(row["signed"] for row in about["partners"]))
            begun = command("epoch", "succeed", "--approve", "--house", log.url, "--kit", one.house.kit("tern"), "--json")
            assert (begun.code, begun.json["attested"]) == (0, True)
            for name in ("heron", "plover"):
                report = command("approve", begun.json["proposal"]["id"], "--house", log.url, "--kit", one.house.kit(name), "--json").json
            assert [event["name"] for event in report["attest_events"]] == ["enacted"]
            told = command("epoch", "show", org, mirror, log.url, "--json").json
            assert [row["epoch"] for row in told["line"]] == [0, 1]
            assert command("verify", log.url, "--org", org, "--json").json["verdict"] == "official"
            # The new log is written to like any other.
            assert (
                command(
                    "propose", "channel", "op=add", "address=https://a.example", "--house", log.url, "--kit", one.house.kit("heron")
                ).code
                == 0
            )


def test_an_entry_that_the_rules_refuse_is_refused_in_their_words(tmp_path: Path) -> None:
    """Nothing is sent that the rules refuse here, and nothing is taken that they refuse there."""
    house = found(tmp_path / "saltmarsh")
    with house_process(house.path) as log:
        size = log.about()["size"]
        done = command("approve", "abcd", "--house", log.url, "--kit", house.kit("heron"), "--json")
        assert (done.code, done.json["code"]) == (NO, "act/no-proposal")
        assert log.about()["size"] == size
