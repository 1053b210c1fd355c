"""Laws of asking partners: whatever one of them does, the others count, nothing waits, and it is said."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.errors import ProofError, RuleError, StoreError
from commonhold.kernel.notes import parse_note
from commonhold.kernel.record.entries import attest_entry
from commonhold.mirror import houselog
from commonhold.mirror.asking import Asker, Reply
from commonhold.mirror.houselog import HouseLog
from tests.attacks import Mutation, attack
from tests.cli.houses import House, command, found
from tests.mirror.cosigners import YEARS, cosigners, house_log, name_partners

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ASKING = "src/commonhold/mirror/asking.py"
HOUSELOG = "src/commonhold/mirror/houselog.py"
DAY = 86_400


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A founded house, not to be written to."""
    return found(tmp_path_factory.mktemp("saltmarsh"))


@pytest.fixture
def house(founded: House, tmp_path: Path) -> House:
    return founded.copy(tmp_path / "saltmarsh")


def propose(log: HouseLog, house: House, address: str = "https://a.example") -> int:
    """Hand in a proposal that a member signs elsewhere; gives its index."""
    body = {"kind": "channel", "payload": {"op": "add", "address": address}, "not_after": 2**40}
    return log.take(house.sign("heron", "propose", body))[1]


def rows(log: HouseLog) -> dict[str, Any]:
    return {row["url"]: row for row in log.describe()["partners"]}


@attack(
    "house-bad-partner",
    Mutation(ASKING, find="            if not satisfied and enough(found):", replace="            if False:"),
    Mutation(
        ASKING,
        find="        signed = verify_cosignature(question.text, key, signature)",
        replace="        signed = key.signed_time(signature) or 0",
    ),
)
def test_a_partner_that_misbehaves_in_any_way_holds_up_nothing_and_is_said(house: House) -> None:
    """Two of three: dead, dripping, endless, forging, redirecting, lying about its size or talking nonsense, the third changes nothing."""
    with cosigners("gull", "knot", "crow") as partners:
        name_partners(house, partners, 2)
        said: list[str] = []
        crow = partners["crow"]
        with house_log(house.path, said) as log:
            log.attend()
            assert log.describe()["clock"]
            for turn, mood in enumerate(("dead", "drips", "endless", "forges", "redirects", "more", "nonsense", "refuses")):
                crow.mood = mood
                index = propose(log, house, f"https://{turn}.example")
                began = time.monotonic()
                done = log.attend()
                assert time.monotonic() - began < 3, mood
                assert done.met, mood
                assert log.describe()["clock"]["covers"] > index, mood
                if mood in ("drips", "endless"):
                    # Nobody waited for it; let it go before it is asked again.
                    crow.over.set()
                    until(lambda: rows(log)[crow.url]["trouble"] not in ("", "it has not answered yet what it was asked before"))
                    crow.over.clear()
                assert rows(log)[crow.url]["trouble"], mood
                assert not rows(log)[partners["gull"].url]["trouble"], mood
            crow.mood = "honest"
            propose(log, house, "https://last.example")
            log.attend()
            until(lambda: not rows(log)[crow.url]["trouble"])
            assert any(crow.url in line for line in said)
            assert not any(partners["gull"].url in line for line in said)


def until(done: Any, seconds: float = 20.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


@attack(
    "house-lost-at-a-partner",
    Mutation(ASKING, find='frozenset({"partner/404", "partner/422", "partner/503"})', replace='frozenset({"partner/404"})'),
)
def test_a_partner_who_cannot_read_a_later_epoch_is_told_again_where_it_is(house: House, tmp_path: Path) -> None:
    """Strangers may have told it of places that lead nowhere; it is told once, and not with every question."""
    with cosigners("gull", "crow") as partners:
        name_partners(house, partners, 1)
        policy = house.base / "partner.json"
        done = command("epoch", "open", tmp_path / "next", "--from", house.path, "--kit", house.kit("tern"), "--partners", policy)
        assert done.code == 0, done.said
        for one in partners.values():
            assert command("house", "partner", "add", one.url, "--house", tmp_path / "next").code == 0
        partners["crow"].mood = "refuses"
        said: list[str] = []
        with house_log(tmp_path / "next", said) as log:
            log.address = "https://next.example"
            for _ in range(2):
                log.attend()
                until(lambda: rows(log)[partners["crow"].url]["trouble"] not in ("", "it has not answered yet what it was asked before"))
            log.attend()
            until(lambda: partners["crow"].announced == ["https://next.example"])
            until(lambda: any("follows this epoch now" in line for line in said))
        assert partners["gull"].announced == []


@attack(
    "house-future-partner",
    Mutation(ASKING, find="        check_not_ahead(signed, question.now)", replace="        pass"),
)
def test_one_partner_who_suffices_alone_cannot_push_the_clock_ahead(house: House) -> None:
    """One of two, and one dates ten years ahead: the record's clock, which never goes back, stays with the other."""
    with cosigners("gull", "crow") as partners:
        name_partners(house, partners, 1)
        partners["crow"].mood = "future"
        with house_log(house.path) as log:
            log.attend()
            propose(log, house)
            done = log.attend()
            assert done.met
            assert log.describe()["clock"]["time"] < time.time() + 400
            assert "ahead of this machine's clock" in rows(log)[partners["crow"].url]["trouble"]
            # Alone it moves nothing.
            partners["gull"].mood = "dead"
            index = propose(log, house, "https://b.example")
            assert not log.attend().met
            assert log.describe()["clock"]["covers"] <= index


def test_heartbeats_publish_signatures_and_add_no_entries(house: House) -> None:
    """Nothing new, so no attest: the signatures stand under the checkpoint, where readers of the static files find them."""
    with cosigners("gull", "knot") as partners:
        name_partners(house, partners, 2)
        now = [int(time.time())]
        with house_log(house.path, clock=lambda: now[0]) as log:
            log.attend()
            size = log.describe()["size"]
            for _ in range(3):
                assert log.attend().outcomes == ()
            assert log.describe()["size"] == size
            names = {signature.name for signature in parse_note(log.checkpoint()).signatures}
            assert {one.signer.verifier.name for one in partners.values()} <= names
            told = command("verify", house.path, "--json").json
            assert told["verdict"] == "official"


def test_a_clock_that_is_a_day_old_is_worth_an_entry(house: House) -> None:
    """So no act meets a clock that is older, and a copy on a stick is not stale after a quiet week."""
    with cosigners("gull") as partners:
        name_partners(house, partners, 1)
        gull = partners["gull"]
        with house_log(house.path, clock=lambda: int(time.time()) + 3 * DAY) as log:
            log.attend()
            size = log.describe()["size"]
            gull.later = DAY - 60
            assert log.attend().outcomes == ()
            gull.later = DAY + 60
            assert len(log.attend().outcomes) == 1
            assert log.describe()["size"] == size + 1


@attack(
    "house-older-copy",
    Mutation(HOUSELOG, find="        if self._older:\n            raise", replace="        if False:\n            raise"),
)
def test_a_log_that_goes_on_from_a_backup_stops_before_it_signs_a_second_history(house: House, tmp_path: Path) -> None:
    """A partner shows entries with this log's own signature that are not here: nothing more is taken, and the reason is said."""
    with cosigners("gull") as partners:
        name_partners(house, partners, 1)
        backup = house.copy(tmp_path / "backup")
        with house_log(house.path) as log:
            log.attend()
            propose(log, house)
            log.attend()
            partners["gull"].held = log.checkpoint()
            size = log.describe()["size"]
        partners["gull"].mood = "more"
        said: list[str] = []
        with house_log(backup.path, said) as log:
            log.attend()
            before = log.checkpoint()
            with pytest.raises(StoreError) as refused:
                propose(log, backup)
            assert refused.value.code == "log/older-copy"
            assert "epoch open" in refused.value.next_step
            assert log.checkpoint() == before
            assert f"{size} entries" in log.describe()["stopped"]
            assert any("older copy" in line for line in said)
        # A partner that only says so, without the log's signature, stops nobody.
        partners["gull"].held = b"no note"
        with house_log(backup.path) as log:
            log.attend()
            assert propose(log, backup)


@attack(
    "house-older-copy",
    Mutation("src/commonhold/cli/acting.py", find="        check_not_older(record)", replace="        pass"),
)
def test_a_verb_in_a_folder_that_is_an_older_copy_adds_nothing(house: House, tmp_path: Path) -> None:
    """Partners are asked what they hold before a member's act is appended there; a partner who is away hinders nobody."""
    with cosigners("gull", "knot") as partners:
        name_partners(house, partners, 1)
        house.ask("house", "partner", "ask")
        backup = house.copy(tmp_path / "backup")
        house.do("heron", "propose", "channel", "op=add", "address=https://a.example")
        gull, knot = partners["gull"], partners["knot"]
        gull.held, knot.mood = (house.record / "checkpoint").read_bytes(), "dead"
        before = (backup.record / "checkpoint").read_bytes()
        done = backup.by("heron", "propose", "channel", "op=add", "address=https://b.example")
        assert (done.code, done.json["code"]) == (2, "log/older-copy")
        assert (backup.record / "checkpoint").read_bytes() == before
        assert house.do("heron", "propose", "channel", "op=add", "address=https://c.example")["attested"] is True


@attack(
    "house-attest-flood",
    Mutation(HOUSELOG, find="time.monotonic() - self._attested < ATTEST_EVERY:", replace="self._attested is None:"),
)
def test_attests_that_strangers_bring_and_that_say_nothing_new_are_taken_now_and_then(house: House) -> None:
    """Anybody can have a partner's signature every second, and each would be an entry for ever."""
    with cosigners("gull") as partners:
        name_partners(house, partners, 1)
        with house_log(house.path) as log:
            log.attend()
            state = log.describe()
            for ahead in range(1, 6):
                note = log.checkpoint().decode().split("— gull")[0] + partners["gull"].sign(log.checkpoint(), ahead).decode()
                with pytest.raises(RuleError) as refused:
                    log.take(attest_entry(org=state["org"], epoch=0, note=note))
                assert refused.value.code == "log/attest-soon/busy"
            assert log.describe()["size"] == state["size"]
            # One that covers an act is taken at once: whoever brings it.
            propose(log, house)
            note = log.checkpoint().decode() + partners["gull"].sign(log.checkpoint(), 7).decode()
            assert log.take(attest_entry(org=state["org"], epoch=0, note=note))[2]


@attack(
    "house-future-attest",
    Mutation(HOUSELOG, find="        check_not_ahead(after.clock or 0, self._clock())\n", replace=""),
)
def test_an_attest_from_the_future_is_taken_from_nobody(house: House) -> None:
    """Whoever has as many keys as the policy asks for must not set the record's clock ahead for ever, for it never goes back."""
    with cosigners("gull") as partners:
        name_partners(house, partners, 1)
        with house_log(house.path) as log:
            log.attend()
            propose(log, house)
            before = log.describe()
            note = log.checkpoint().decode() + partners["gull"].sign(log.checkpoint(), YEARS).decode()
            with pytest.raises(ProofError) as refused:
                log.take(attest_entry(org=before["org"], epoch=0, note=note))
            assert refused.value.code == "partner/clock"
            after = log.describe()
            assert (after["size"], after["clock"]) == (before["size"], before["clock"])


def test_a_partner_that_the_record_does_not_name_counts_for_nothing(house: House) -> None:
    """An address gives nobody a voice; it is said whose key is not named."""
    with cosigners("gull", "crow") as partners:
        name_partners(house, {"gull": partners["gull"]}, 1)
        house.ask("house", "partner", "add", partners["crow"].url)
        with house_log(house.path) as log:
            log.attend()
            propose(log, house)
            assert log.attend().met
            log.attend()
            until(lambda: partners["crow"].url in log.asker.newest())
            assert "does not name" in rows(log)[partners["crow"].url]["trouble"]
            names = {signature.name for signature in parse_note(log.checkpoint()).signatures}
            assert partners["crow"].signer.verifier.name not in names


def test_new_partners_begin_in_the_round_that_decides_on_them(house: House) -> None:
    """The attest that enacts the decision is the old partners', the next one the new ones', and the old ones are not needed any more."""
    with cosigners("gull", "crow") as partners:
        name_partners(house, {"gull": partners["gull"]}, 1)
        house.ask("house", "partner", "ask")
        house.ask("house", "partner", "add", partners["crow"].url)
        payload = {"witnesses": {"crow": str(partners["crow"].signer.verifier)}, "groups": {}, "quorum": "crow"}
        proposal = house.propose("heron", "partner", "--payload", house.write("next.json", json.dumps(payload)))
        house.approve(proposal, "heron", "tern", "plover", "curlew")
        # The charter lets others object for seven days; then those who could say that they do not.
        for one in partners.values():
            one.later = 8 * DAY
        with house_log(house.path, clock=lambda: int(time.time()) + 8 * DAY) as log:
            assert [event.name for outcome in log.attend().outcomes for event in outcome.events] == ["waited"]
            log.take(house.sign("avocet", "confirm", {"proposal": proposal}))
            done = log.attend()
            assert [[event.name for event in outcome.events] for outcome in done.outcomes] == [["enacted"], []]
            partners["gull"].mood = "dead"
            index = propose(log, house)
            assert log.attend().met
            assert log.describe()["clock"]["covers"] > index


def test_the_verbs_ask_in_a_folder_too(house: House) -> None:
    """An act in the organisation's own folder is attested by the partners that it remembers, and it is said what that brought about."""
    with cosigners("gull", "knot") as partners:
        name_partners(house, partners, 2)
        asked = house.ask("house", "partner", "ask")
        assert len(asked["attests"]) == 1
        report = house.do("heron", "propose", "channel", "op=add", "address=https://a.example", "--approve")
        assert report["attested"] is True
        done = house.by("tern", "approve", report["proposal"]["id"])
        assert [event["name"] for event in done.json["attest_events"]] == ["enacted"]
        partners["knot"].mood = "dead"
        waits = command("propose", "channel", "op=add", "address=https://b.example", "--house", house.path, "--kit", house.kit("heron"))
        assert waits.code == 0
        assert "waits for an attest" in waits.out
        assert partners["knot"].url in waits.out
        assert command("house", "partner", "ask", "--house", house.path).code == 1


def test_nobody_to_ask_is_said(house: House) -> None:
    """Without a policy, or without an address, asking says what to do first."""
    refused = command("house", "partner", "ask", "--house", house.path, "--json")
    assert (refused.code, refused.json["code"]) == (1, "partner/nobody")
    with cosigners("gull") as partners:
        name_partners(house, partners, 1)
        house.ask("house", "partner", "drop", partners["gull"].url)
        refused = command("house", "partner", "ask", "--house", house.path, "--json")
        assert (refused.code, refused.json["code"]) == (1, "partner/nobody")
        assert "partner add" in refused.json["next_step"]
        report = house.do("heron", "propose", "channel", "op=add", "address=https://a.example")
        assert report["attested"] is False
        assert command("house", "partner", "list", "--house", house.path, "--json").json["partners"] == []
        assert command("house", "partner", "drop", partners["gull"].url, "--house", house.path).code == 1


def test_what_is_no_partner_is_not_remembered(house: House) -> None:
    """An address is asked who it is before it is kept."""
    with cosigners("gull") as partners:
        refused = command("house", "partner", "add", f"{partners['gull'].url}/elsewhere", "--house", house.path, "--json")
        assert refused.code == 2
    assert command("house", "partner", "add", "ftp://gull.example", "--house", house.path, "--json").json["code"] == "store/url"
    assert command("house", "partner", "list", "--house", house.path, "--json").json["partners"] == []
    (house.path / "partners").write_text('{"form":"commonhold/partners/v1","urls":"x"}\n')
    damaged = command("house", "partner", "list", "--house", house.path, "--json")
    assert (damaged.code, damaged.json["code"]) == (2, "partners/form")


@attack(
    "house-faulty-round",
    Mutation(HOUSELOG, find="            except Exception as error:", replace="            except ZeroDivisionError as error:"),
)
def test_a_fault_that_one_answer_brings_out_does_not_stop_the_clock_for_good(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw is said, with the details for the keeper, and the next round is held all the same."""
    monkeypatch.setattr(houselog, "HEARTBEAT_SECONDS", 0.1)
    rounds: list[str] = []

    class Faulty(Asker):
        def ask(self, *_: Any, **__: Any) -> list[Reply]:
            rounds.append(log.trouble)
            if len(rounds) == 1:
                raise KeyError("unforeseen")
            return []

    with cosigners("gull") as partners:
        name_partners(house, partners, 1)
        log = HouseLog(house.path, lambda: int(time.time()), lambda _: None, Faulty())
        try:
            # In a thread of its own: a browser test of the same run keeps a loop in this one.
            with ThreadPoolExecutor(1) as pool, pytest.raises(TimeoutError):
                pool.submit(lambda: asyncio.run(asyncio.wait_for(log.run(), 4))).result()
        finally:
            log.close()
    assert len(rounds) > 1, "it gave up"
    assert "KeyError" in rounds[1]
    assert log.trouble == ""
    assert "unforeseen" in caplog.text
