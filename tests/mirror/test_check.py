"""Laws of /check: what readers are told about addresses, texts, codes and files, without a script and without a trace."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from pathlib import Path

import pytest

from commonhold.kernel.record.prooffile import make_proof_file, parse_proof_file
from commonhold.kernel.record.shortcode import short_code
from commonhold.kernel.record.verdict import CANNOT_JUDGE, CONTRADICTORY, FRESHNESS_UNKNOWN, NOT_OFFICIAL, OFFICIAL, STRUCK, UNWITNESSED
from commonhold.kernel.texts import make_text
from commonhold.kernel.tlog.equivocation import show_equivocation
from commonhold.mirror.check import board
from commonhold.pages.check.screens import verifier
from tests.attacks import Mutation, attack
from tests.kernel.record.helpers import Club
from tests.mirror.helpers import FakeLog
from tests.mirror.readers import NEW, PAGE, TEXT, a_record, always_looking, decide_channel, publish_text, reading
from tests.mirror.records import Published
from tests.mirror.test_standing import partnered

ASKING = "src/commonhold/mirror/check/asking.py"
ADDRESSES = "src/commonhold/kernel/addresses.py"
FILES = "src/commonhold/mirror/check/files.py"


@pytest.fixture(autouse=True)
def _always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request looks at the node, so that no test has to wait."""
    always_looking(monkeypatch)


def proof_of(record: Published, proposal: str, index: int | None = None) -> bytes:
    """The proof file of a proposal (or the founding, or any entry by its index)."""
    club = record.club
    index = club.state.ids.get(proposal, 0) if index is None else index
    entry = club.outcomes[index].entry
    assert entry is not None
    return make_proof_file(club.state, club.tree, tuple(club.leaves), record.log.checkpoint, index, entry, {}).to_bytes()


def test_a_question_whose_answer_is_not_fresh_brings_the_next_look_forward_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers need not wait for the node's round; however many ask, the log is looked at once in a few seconds."""
    with reading(tmp_path, a_record()) as reader:
        partnered(reader.node, reader.record, reader.clock.now)
        reader.look()
        reader.clock.now += 7_200
        looked: list[str] = []
        monkeypatch.setattr(reader.node, "soon", lambda follower: looked.append(follower.origin))
        assert [reader.asks(PAGE)[0] for _ in range(3)] == [FRESHNESS_UNKNOWN] * 3
        assert looked == [reader.record.club.state.origin]


def test_an_official_address_is_told_with_who_decided_it_and_what_that_rests_on(tmp_path: Path) -> None:
    """Large words, the organisation with its id, the members who decided under an article, and the partners who signed."""
    with reading(tmp_path, a_record()) as reader:
        code, words = reader.asks(PAGE)
        assert (code, "Official, unwitnessed" in words) == (UNWITNESSED, True)
        partnered(reader.node, reader.record, reader.clock.now)
        reader.clock.now += 60
        reader.look()
        code, words = reader.asks(PAGE)
        assert code == OFFICIAL
        assert "This is a channel of record of this organisation." in words
        assert reader.record.club.org in words
        assert "by 1 member, under article 1.4 of the charter" in words
        assert f"all {reader.record.club.state.size} entries" in words
        assert re.search(r"1 partner signed it at .* UTC: heron", words)


@pytest.mark.parametrize(
    "spelling",
    [
        "saltmarsh.example",
        "HTTPS://Saltmarsh.Example",
        "https://saltmarsh.example.",
        "https://saltmarsh.example:443/?utm_source=x#top",
        " \tsaltmarsh.example \n",
    ],
)
def test_an_address_is_recognised_in_every_spelling(tmp_path: Path, spelling: str) -> None:
    """Case, a dot at the end, the usual port, trackers and white space make no other place; the answer says what was looked up."""
    with reading(tmp_path, a_record()) as reader:
        code, words = reader.asks(spelling)
        assert code == UNWITNESSED
        assert "Looked up: https://saltmarsh.example" in words


def test_a_page_below_a_channel_is_told_apart_from_the_channel(tmp_path: Path) -> None:
    """Whoever holds the channel can put pages there, and the answer says so; plain http is warned of."""
    with reading(tmp_path, a_record()) as reader:
        code, words = reader.asks("http://saltmarsh.example/news/42")
        assert code == UNWITNESSED
        assert "this page by itself was not decided" in words
        assert "anybody on the way can change a page" in words


@attack(
    "check-struck",
    Mutation(
        ASKING,
        find='    if channel.status == "stands":\n        why = N_("This is a channel',
        replace='    if True:\n        why = N_("This is a channel',
    ),
)
def test_the_answer_turns_from_official_to_struck_when_the_members_decide_it(tmp_path: Path) -> None:
    """A seized page is struck or moved by the record, and its partners say so from the next look on, with where the organisation is now."""
    with reading(tmp_path, a_record()) as reader:
        assert reader.asks(PAGE)[0] == UNWITNESSED
        decide_channel(reader.record, PAGE, "move", to=NEW)
        reader.look()
        code, words = reader.asks(PAGE)
        assert code == STRUCK
        assert f"The organisation is now at {NEW}" in words
        assert reader.asks("https://saltmarsh.example/news/42")[0] == STRUCK
        assert reader.asks(NEW)[0] == UNWITNESSED
        decide_channel(reader.record, NEW, "strike")
        reader.look()
        code, words = reader.asks(PAGE)
        assert (code, "is now at" in words) == (STRUCK, False)
        assert reader.json(NEW)["verdict"] == STRUCK


def test_of_two_spellings_that_the_record_names_the_later_decision_holds(tmp_path: Path) -> None:
    """One place is never both official and struck."""
    record = a_record()
    decide_channel(record, "http://saltmarsh.example")
    decide_channel(record, "http://saltmarsh.example", "strike")
    with reading(tmp_path, record) as reader:
        assert reader.asks(PAGE)[0] == STRUCK


@attack(
    "check-lookalike",
    Mutation(
        ADDRESSES,
        find='    name = unicodedata.normalize("NFKC", text).lower()',
        replace='    name = unicodedata.normalize("NFKC", text).lower().translate(_ALIKE)',
    ),
)
@pytest.mark.parametrize(
    "address",
    [
        "https://saltmarsh.example@evil.example/",
        "saltmarsh.example:443@evil.example",
        "https://s\u0430ltmarsh.example/",
        "https://saltmarsh.example.evil.example/",
        "https://saltrnarsh.example/",
        "https://evil.example\\@saltmarsh.example/",
        "https://evil.example/..%2fsaltmarsh.example",
        "https://saltmarsh\u200b.example/",
        "https://saltmarsh.ex\u0430mple/",
        "//evil.example/saltmarsh.example",
    ],
)
def test_an_address_that_resembles_an_official_one_is_not_official(tmp_path: Path, address: str) -> None:
    """Letters of another script, a name before an @, an official beginning, hidden characters: each is another address, and the answer is no."""
    with reading(tmp_path, a_record()) as reader:
        assert reader.asks(address)[0] == NOT_OFFICIAL


@attack(
    "check-lookalike",
    Mutation(
        ADDRESSES, find='        raise _deceives(authority.rpartition("@")[2])', replace='        authority = authority.partition("@")[0]'
    ),
)
def test_what_stands_before_an_at_sign_is_never_looked_up(tmp_path: Path) -> None:
    """The answer names where the address really leads."""
    with reading(tmp_path, a_record()) as reader:
        code, words = reader.asks("https://saltmarsh.example@evil.example/")
        assert (code, "This address leads to evil.example" in words) == (NOT_OFFICIAL, True)


@attack("check-lookalike", Mutation(ADDRESSES, find='        if part == "..":', replace='        if part == "..." :'))
def test_the_way_out_of_a_channel_is_walked_before_it_is_looked_up(tmp_path: Path) -> None:
    """On a platform that many share, `/saltmarsh/../evil` is somebody else's page, however the dots are written."""
    record = Published()
    decide_channel(record, "https://platform.example/saltmarsh")
    with reading(tmp_path, record) as reader:
        assert reader.asks("https://platform.example/saltmarsh/news")[0] == UNWITNESSED
        for way in ("saltmarsh/../evil", "saltmarsh/%2e%2E/evil", "saltmarsh\\..\\evil", "saltmarsh-evil", "Saltmarsh"):
            assert reader.asks(f"https://platform.example/{way}")[0] == NOT_OFFICIAL


def test_an_answer_names_the_official_address_that_was_imitated(tmp_path: Path) -> None:
    """Beside the "no", never in its place."""
    with reading(tmp_path, a_record()) as reader:
        for address in ("https://saltrnarsh.example/", "https://s\u0430ltmarsh.example", "saltmarsh.example.evil.example"):
            assert f"It resembles {PAGE}, and is another address." in reader.asks(address)[1]
        assert "resembles" not in reader.asks("https://weather.example/")[1]


@attack(
    "check-false-text",
    Mutation("src/commonhold/mirror/check/board.py", find='words_of(text).lstrip(b"\\n \\t")', replace="text[:16]"),
)
def test_a_text_is_official_word_for_word_and_no_other_text_is(tmp_path: Path) -> None:
    """Line ends and spaces at ends are forgiven, for forms and mail change them; one other word is not."""
    with reading(tmp_path, a_record()) as reader:
        for text in (TEXT, TEXT.replace("\n", "\r\n"), f"\n  {TEXT.strip()}  "):
            code, words = reader.asks(text)
            assert (code, "word for word" in words) == (UNWITNESSED, True)
        for text in (TEXT.replace("Monday", "Sunday"), f"{TEXT} The treasurer has resigned.", "Our studio moves on Monday."):
            assert reader.asks(text)[0] == NOT_OFFICIAL
        assert reader.hands(TEXT.encode())[0] == UNWITNESSED


def test_a_text_that_cannot_be_compared_is_not_called_false(tmp_path: Path) -> None:
    """Without the object of a statement there is no salt, so the node says that it cannot judge, until it has fetched it."""
    record = Published()
    _, digest = publish_text(record, held=False)
    with reading(tmp_path, record) as reader:
        code, words = reader.asks(TEXT)
        assert (code, "could not be compared, because their texts are not held here: 1" in words) == (CANNOT_JUDGE, True)
        assert reader.client.get(f"/mirror/{record.hash}/objects/{digest[:2]}/{digest[2:]}").status_code == 404
        record.files.write(f"objects/{digest[:2]}/{digest[2:]}", b"another text")
        reader.clock.now += 400
        reader.look()
        assert reader.asks(TEXT)[0] == CANNOT_JUDGE
        record.files.replace(f"objects/{digest[:2]}/{digest[2:]}", make_text(TEXT.encode(), bytes(16)))
        reader.clock.now += 400
        reader.look()
        assert reader.asks(TEXT)[0] == UNWITNESSED
        assert reader.client.get(f"/mirror/{record.hash}/objects/{digest[:2]}/{digest[2:]}").status_code == 200


def test_a_short_code_leads_to_what_was_decided_and_shows_its_words(tmp_path: Path) -> None:
    """So that a true code under a false text is seen through."""
    record = Published()
    proposal, digest = publish_text(record)
    undecided = record.club.propose("heron", "channel", {"op": "add", "address": PAGE})
    with reading(tmp_path, record) as reader:
        for code in (short_code(proposal), short_code(proposal).replace("-", " ").upper(), proposal, digest[:10]):
            verdict, words = reader.asks(code)
            assert verdict == UNWITNESSED
            assert "Our studio moves on Monday. The frequency stays the same." in words
            assert "If what you read says something else, it is not this statement." in words
        assert reader.asks(short_code(undecided))[0] == NOT_OFFICIAL
        assert reader.asks("0000-0000-0000")[0] == NOT_OFFICIAL
        assert reader.asks(record.club.org)[0] == UNWITNESSED


@attack("check-shared-code", Mutation(ASKING, find="    if len(decided) > 1:", replace="    if len(decided) > 9:"))
def test_a_code_that_two_decisions_share_is_answered_with_both_and_no_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code finds; it proves nothing, and the reader is asked for more digits."""
    record = a_record()
    with reading(tmp_path, record) as reader:
        both = [key for key, found in record.club.state.part("proposals").items() if found.status == "enacted"]
        monkeypatch.setattr(board.Board, "with_prefix", lambda self, digits: [(key, record.club.org) for key in both])
        code, words = reader.asks(short_code(both[0]))
        assert code == CANNOT_JUDGE
        assert "Several decisions share this code" in words
        assert "a channel of record" in words
        assert "leads to the statement below" in words


def test_an_address_that_two_organisations_claim_is_told_with_both_ids(tmp_path: Path) -> None:
    """Anybody can found an organisation that claims somebody's page; the reader is told to compare ids."""
    other = Published(Club(members=("heron", "tern", "plover", "curlew", "avocet")))
    decide_channel(other, PAGE)
    with reading(tmp_path, a_record(), other) as reader:
        code, words = reader.asks(PAGE)
        assert code == CANNOT_JUDGE
        assert all(record.club.org in words for record in reader.records)
        assert "More than one organisation names this as its own." in words


def test_a_proof_file_is_judged_by_the_nodes_own_replay(tmp_path: Path) -> None:
    """Its entry must be the leaf that the node holds; what it amounts to now is the node's word."""
    record = a_record()
    channel = next(key for key, found in record.club.state.part("proposals").items() if found.kind == "channel")
    proof = proof_of(record, channel)
    with reading(tmp_path, record) as reader:
        assert reader.hands(proof)[0] == UNWITNESSED
        assert reader.asks(proof.decode())[0] == UNWITNESSED
        decide_channel(record, PAGE, "strike")
        reader.look()
        assert reader.hands(proof)[0] == STRUCK
        assert reader.hands(proof.replace(b'"index"', b'"indes"'))[0] == CANNOT_JUDGE


@attack(
    "check-false-proof",
    Mutation(FILES, find="    if chapter.tree.root(signed.size) != signed.root:", replace="    if False:"),
    Mutation(
        FILES, find="    verify_inclusion(file.proof.index, signed.size, leaf_of(file), file.proof.hashes, signed.root)\n", replace=""
    ),
)
def test_a_proof_of_another_history_or_of_a_leaf_that_is_not_there_is_no_yes(tmp_path: Path) -> None:
    """A second face of the log is told as that; a leaf that was put in is told as altered."""
    record = a_record(text=False)
    face = Published(copy.deepcopy(record.club))
    false = decide_channel(face, "https://evil.example/")
    face.publish()
    shown = proof_of(face, false)
    last = decide_channel(record, "https://other.example/")
    with reading(tmp_path, record) as reader:
        code, words = reader.hands(shown)
        assert (code, "another history of this log" in words) == (CONTRADICTORY, True)
        channel = next(key for key, found in record.club.state.part("proposals").items() if found.payload.get("address") == PAGE)
        file = parse_proof_file(proof_of(record, channel))
        leaves = list(file.leaves)
        # An entry that is in the record, at a place where it is not.
        leaves[file.proof.index] = record.club.leaves[record.club.state.ids[last]]
        assert reader.hands(replace(file, leaves=tuple(leaves)).to_bytes())[0] == NOT_OFFICIAL


def test_evidence_against_a_log_is_told_and_strangers_logs_accuse_nobody(tmp_path: Path) -> None:
    """Two faces of a followed log: contradictory. Of a log that somebody made up: cannot judge."""
    record = a_record()
    club = record.club
    stranger = FakeLog()
    fork = stranger.fork(10)
    made_up = show_equivocation(stranger.signer.verifier, stranger.note(20), fork.note(20)).canonical_bytes()
    real = show_equivocation(record.signer.verifier, club.checkpoint(), club.checkpoint(root=bytes(32))).canonical_bytes()
    with reading(tmp_path, record) as reader:
        assert reader.hands(made_up)[0] == CANNOT_JUDGE
        assert reader.hands(real)[0] == CONTRADICTORY
        assert reader.hands(real.replace(b'"root":""', b'"root":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="'))[0] != CONTRADICTORY


@pytest.mark.parametrize(
    ("asked", "chosen", "lang", "words"),
    [
        ("ru-RU,ru;q=0.9", "", "ru", "Официально, без свидетелей"),
        ("ar", "", "ar", "رسمي، بلا شهود"),
        ("ru", "ko", "ko", "공식, 증인 없음"),
        ("", "", "en", "Official, unwitnessed"),
        ("xx", "zz", "en", "Official"),
    ],
)
def test_the_page_speaks_the_readers_language(tmp_path: Path, asked: str, chosen: str, lang: str, words: str) -> None:
    """As the browser asks, or as the reader chooses by a link."""
    with reading(tmp_path, a_record()) as reader:
        answer = reader.client.get("/check", params={"q": PAGE, "lang": chosen}, headers={"Accept-Language": asked})
        assert f'<html lang="{lang}" dir="{"rtl" if lang == "ar" else "ltr"}">' in answer.text
        assert words in answer.text


def test_every_organisation_is_listed_and_has_a_page(tmp_path: Path) -> None:
    """With its channels, offices, epochs, statements with their codes, and alarms."""
    record = a_record()
    with reading(tmp_path, record) as reader:
        home = reader.client.get("/check").text
        assert record.club.org in home
        reader.node.alarms.sound(record.club.state.origin, "rollback", 1_900_000_000, "words", b"evidence")
        page = reader.client.get("/check", params={"org": record.club.org}).text
        code = short_code(record.club.state.part("statements")[next(iter(record.club.state.part("statements")))].proposal)
        for part in (PAGE, code, "chair", "Epoch 0", "Our studio moves on Monday.", "served an older record than before", "/alarms/"):
            assert part in page, part
        assert reader.client.get("/check", params={"org": "0" * 64}).status_code == 404
        assert reader.client.get("/check", headers={"Accept": "application/json"}).json()["organisations"][0]["org"] == record.club.org


def test_the_verifier_that_a_node_hands_out_is_the_one_that_was_committed(tmp_path: Path) -> None:
    """Byte for byte, so that its digest can be compared."""
    with reading(tmp_path, a_record()) as reader:
        assert reader.client.get("/check/verifier.html").content == verifier()
        assert reader.client.get("/check/check.css").headers["content-type"] == "text/css; charset=utf-8"


def test_a_record_that_is_not_held_yet_is_not_judged(tmp_path: Path) -> None:
    """A node that has fetched nothing knows no organisation, and says so."""
    record = a_record()
    record.away = 0
    with reading(tmp_path, record) as reader:
        assert reader.asks(PAGE)[0] == NOT_OFFICIAL
        assert "None yet, or their records are still being fetched." in reader.client.get("/check").text


def test_the_log_of_an_epoch_is_judged_by_its_origin(tmp_path: Path) -> None:
    """The origin on a checkpoint can be pasted like anything else."""
    record = a_record()
    origin = record.club.state.origin
    with reading(tmp_path, record) as reader:
        assert reader.asks(origin)[0] == UNWITNESSED
        assert reader.asks(origin[:-1] + ("0" if origin[-1] != "0" else "1"))[0] == NOT_OFFICIAL
        assert reader.asks(f"commonhold/{'0' * 64}/0/{'0' * 64}")[0] == CANNOT_JUDGE
