"""Laws of ``commonhold custody dossier``: what leaves the machine, what does not, and that strangers can check it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from commonhold.cli.main import run
from commonhold.kernel.errors import StoreError
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.tlog.merkle import leaf_hash
from commonhold.kernel.tlog.proof import parse_proof, verify_proof
from commonhold.kernel.tlog.tiles import parse_bundle
from commonhold.store.sealedfile import is_sealed, unseal
from tests.attacks import Mutation, attack
from tests.cli.houses import House, command, refused

VERB = "src/commonhold/cli/custody/dossier.py"
OLD, NEW = "https://pages.example/saltmarsh", "https://square.example/@saltmarsh"
SECRET = "the-cousin-with-the-password"
VOTERS = ("heron", "tern", "plover", "curlew")


def decide(house: House, kind: str, *fields: str) -> str:
    """A decision that as many as it takes approve."""
    report = house.do("heron", "propose", kind, *fields, "--approve")
    proposal: str = report["proposal"]["id"]
    for name in VOTERS[1:]:
        if house.ask("status", proposal)["status"] == "open":
            house.by(name, "approve", proposal)
    assert house.ask("status", proposal)["status"] == "enacted"
    return proposal


@pytest.fixture(scope="module")
def lost(founded: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house whose page was entrusted, lost, and moved; not to be written to."""
    house = founded.copy(tmp_path_factory.mktemp("lost") / "saltmarsh")
    decide(house, "entrust", "resource=page", "holders=plover")
    decide(house, "channel", "op=add", f"address={OLD}")
    decide(house, "channel", "op=add", "address=https://pages.example/archive")
    decide(house, "dismiss", "office=editor", "member=plover")
    decide(house, "entrust", "resource=page", "holders=curlew,tern")
    decide(house, "channel", "op=move", f"address={OLD}", f"to={NEW}")
    decide(house, "channel", "op=strike", "address=https://pages.example/archive")
    house.statement(f"# The page\n\nWe do not run {OLD} any more.\n")
    return house


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """Who could have taken the page, in two words that stand nowhere else."""
    ways = [{"via": "signs in", "all": [f"party:{SECRET}"]}]
    value = {
        "parties": [{"id": SECRET, "kind": "person", "org": True}],
        "nodes": [{"id": "page.exclusive", "kind": "resource", "label": "hidden-power", "obtain": ways}],
    }
    path = tmp_path / "register.json"
    path.write_text(json.dumps(value), "utf-8")
    return path


def dossier(house: House, resource: str, out: Path, *more: object) -> list[str]:
    """Write a dossier that must succeed; gives the names of its files."""
    done = command("custody", "dossier", resource, "--record", house.path, "-o", out, *more)
    assert done.code == 0, done.said
    return sorted(str(file.relative_to(out)) for file in out.rglob("*") if file.is_file())


def test_a_stranger_checks_every_proof_with_nothing_else(lost: House, tmp_path: Path) -> None:
    """The folder is enough: Commonhold replays each proof file, and C2SP's rules alone prove each entry's bytes under the log's key."""
    out = tmp_path / "dossier"
    done = command("custody", "dossier", "page", "--record", lost.path, "--address", OLD, "-o", out, "--json")
    report = done.json
    assert (done.code, report["resource"], report["missing_articles"], report["with_map"]) == (0, "page", [], False)
    assert [decision["kind"] for decision in report["decisions"]] == [
        *("found", "entrust", "channel", "dismiss", "entrust", "channel", "statement")
    ]
    evidence = out / "evidence"
    page = (out / "dossier.html").read_text("utf-8")
    key = VerifierKey.parse((evidence / "log.vkey").read_text("utf-8").strip())
    proofs = sorted(evidence.glob("*.proof.json"))
    assert len(proofs) == len(report["decisions"])
    for proof, decision in zip(proofs, report["decisions"], strict=True):
        stem = proof.name.removesuffix(".proof.json")
        checked = command("verify", proof, "--org", report["org"], "--json")
        said = checked.json["entry"]
        assert (said["id"], said["index"]) == (decision["entry"], decision["index"])
        leaf = (evidence / f"{stem}.entry.json").read_bytes()
        verified = verify_proof(parse_proof((evidence / f"{stem}.tlog-proof").read_bytes()), leaf_hash(leaf), [key])
        assert verified.checkpoint.size == lost.size()
        assert decision["entry"] in page
        assert f"evidence/{proof.name}" in page
    # What stands is official by its own file; what was replaced or moved since is not, and its file says so.
    assert [command("verify", proof, "--org", report["org"]).code for proof in proofs] == [0, 1, 1, 0, 0, 0, 0]
    for line in (out / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
        assert digest in page or name == "dossier.html"
    assert (evidence / "checkpoint").read_bytes() == (lost.record / "checkpoint").read_bytes()


def test_the_document_says_what_a_desk_asks_for(lost: House, tmp_path: Path) -> None:
    """Letter, articles in full, officers, custodians, history, what is not proved; no name but pseudonyms, nothing fetched, nothing that runs."""
    dossier(lost, "page", tmp_path / "d", "--address", OLD, "--to", "Square Pages <desk> & Co")
    page = (tmp_path / "d" / "dossier.html").read_text("utf-8")
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    for said in (
        "Square Pages &lt;desk&gt; &amp; Co",
        "Please give access back to the members to whom it is entrusted: curlew and tern",
        "More than half of all members decide who looks after the page, the domain, the mailbox and the transmitter.",
        "The official channel moved from https://pages.example/saltmarsh to https://square.example/@saltmarsh.",
        "plover was dismissed from the office “editor”.",
        "An official statement was made that names it. It begins: “The page”",
        "no clock: order only",
        "It accuses nobody.",
        "5. What is not proved",
    ):
        assert said in words, said
    assert "archive" not in words
    assert "6. Who could have taken it" not in words
    assert not re.search(r"<script|<link|<img|src=|href=|url\(", page)
    assert page.count('class="blank"') >= 5
    assert "hacked" not in words
    assert "stole" not in words


@attack("custody-dossier-01", Mutation(VERB, find="found if with_map else None)", replace="found)"))
def test_the_burglars_map_does_not_leave_in_a_dossier(lost: House, tmp_path: Path, register: Path) -> None:
    """A register that is named is answered at the terminal; no file of the dossier holds a word of it unless that is asked for."""
    done = command("custody", "dossier", "page", "--record", lost.path, "--register", register, "-o", tmp_path / "out")
    assert done.code == 0, done.said
    assert SECRET in done.out
    assert "The document does not hold it." in done.err
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert not [file for file in files if SECRET.encode() in file.read_bytes() or b"hidden-power" in file.read_bytes()]
    done = command("custody", "dossier", "page", "--record", lost.path, "--register", register, "--with-map", "-o", tmp_path / "map")
    refused(done, 2, "one encrypted file", ".zip.age")
    (tmp_path / "words").write_text("four herons at low tide\n", "utf-8")
    out = tmp_path / "map.zip.age"
    sealing = ("--with-map", "--passphrase-file", tmp_path / "words")
    done = command("custody", "dossier", "page", "--record", lost.path, "--register", register, *sealing, "-o", out)
    assert "without --with-map" in done.out
    assert (is_sealed(out.read_bytes()), out.stat().st_mode & 0o077) == (True, 0)
    with zipfile.ZipFile(io.BytesIO(unseal(out.read_bytes(), "four herons at low tide"))) as archive:
        page = archive.read("map/dossier.html").decode()
    assert SECRET in page
    assert "For members only" in page
    report = command("custody", "dossier", "page", "--record", lost.path, "--register", register, "-o", tmp_path / "json", "--json").json
    assert report["could_take"] == {"page.exclusive": [[SECRET]]}


def test_a_map_needs_a_register_that_knows_the_resource(lost: House, tmp_path: Path, register: Path) -> None:
    """Neither is guessed, and nothing is written."""
    out = tmp_path / "out"
    assert command("custody", "dossier", "page", "--record", lost.path, "--with-map", "-o", out).code == 2
    done = command("custody", "dossier", NEW, "--record", lost.path, "--register", register, "-o", out)
    refused(done, 2, "the register has no node for https://square.example/@saltmarsh", "page.exclusive")
    assert not out.exists()


@attack(
    "custody-dossier-02",
    Mutation(VERB, find="    if not verdict.is_yes:", replace="    if verdict is None:"),
)
def test_a_record_that_never_became_an_organisation_makes_no_dossier(house: House, tmp_path: Path) -> None:
    """One founder alone has invented the others: there is nothing that a desk should see."""
    alone = tmp_path / "alone"
    cards = [part for name in VOTERS for part in ("--member", house.card(name))]
    example = Path(__file__).resolve().parents[2] / "examples" / "saltmarsh"
    made = command("found", alone, "--charter", example, *cards, "--kit", house.kit("heron"))
    assert made.code == 0, made.said
    out = tmp_path / "out"
    done = command("custody", "dossier", "page", "--record", alone, "-o", out)
    refused(done, 1, "no dossier was made, because the record does not verify", "must accept it first")
    assert not out.exists()


@attack(
    "custody-dossier-02",
    Mutation(
        "src/commonhold/store/record.py",
        find="    if replay.tree.size != checkpoint.size or replay.tree.root() != checkpoint.root:",
        replace="    if replay.tree.size != checkpoint.size:",
    ),
)
def test_an_altered_record_makes_no_dossier(lost: House, tmp_path: Path) -> None:
    """One letter of one entry is enough, even with its hash in the tile made to fit; nothing is left of the attempt."""
    house = lost.copy(tmp_path / "altered")
    folder, size = house.record / "tile", house.size()
    bundle, tile = folder / "entries" / "000.p" / str(size), folder / "0" / "000.p" / str(size)
    raw = bundle.read_bytes()
    entries = parse_bundle(raw, size)
    index = next(at for at, entry in enumerate(entries) if b'"holders":["plover"]' in entry)
    forged = entries[index].replace(b"plover", b"curlew")
    for path, data in (
        (bundle, raw.replace(entries[index], forged)),
        (tile, tile.read_bytes().replace(leaf_hash(entries[index]), leaf_hash(forged))),
    ):
        path.chmod(0o644)
        path.write_bytes(data)
    (tmp_path / "at").mkdir()
    done = command("custody", "dossier", "page", "--record", house.path, "-o", tmp_path / "at" / "out")
    refused(done, 1, "no dossier was made, because the record does not verify")
    assert not list((tmp_path / "at").iterdir())


@attack(
    "custody-dossier-03",
    Mutation(
        "src/commonhold/store/objects/directory.py",
        find="        found = hashlib.sha256(data).hexdigest()\n        if found != digest:",
        replace="        found = hashlib.sha256(data).hexdigest()\n        if found is None:",
    ),
)
def test_an_altered_article_is_missing_and_never_printed(lost: House, tmp_path: Path) -> None:
    """The words that somebody put into the store are not the charter's; the digest that the charter names is printed instead."""
    house = lost.copy(tmp_path / "altered")
    (place,) = [
        path
        for path in (house.path / "objects").rglob("*")
        if path.is_file() and b"More than half of all members decide who" in path.read_bytes()
    ]
    place.chmod(0o644)
    place.write_bytes(b"What is entrusted\nThe chair decides who looks after the page.\n")
    done = command("custody", "dossier", "page", "--record", house.path, "-o", tmp_path / "out", "--json")
    assert done.json["missing_articles"] == ["3.4"]
    page = (tmp_path / "out" / "dossier.html").read_text("utf-8")
    assert "The chair decides" not in page
    assert place.parent.name + place.name in page
    assert not list((tmp_path / "out" / "evidence").glob("article-3.4-*"))


def test_nothing_is_written_over(lost: House, tmp_path: Path) -> None:
    """A folder with something in it, a file, a link: each is left as it was; an empty folder is taken."""
    full, file, link, empty = (tmp_path / name for name in ("full", "file", "link", "empty"))
    full.mkdir()
    (full / "mine").write_text("mine", "utf-8")
    file.write_text("mine", "utf-8")
    empty.mkdir()
    link.symlink_to(empty, target_is_directory=True)
    for taken in (full, file, link):
        refused(command("custody", "dossier", "page", "--record", lost.path, "-o", taken), 2, "nothing is written over it")
    assert [(full / "mine").read_text("utf-8"), file.read_text("utf-8"), len(list(full.iterdir()))] == ["mine", "mine", 1]
    assert not list(empty.iterdir())
    assert "dossier.html" in dossier(lost, "page", empty)
    refused(command("custody", "dossier", "page", "--record", lost.path, "-o", tmp_path / "no" / "where"), 2, "where")
    assert not (tmp_path / "no").exists()


def test_a_disk_that_refuses_leaves_nothing(lost: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a dossier would be taken for a whole one."""
    from commonhold.store import evidence

    write, written = evidence.write_new, []

    def failing(path: Path, data: bytes, *, mode: int) -> None:
        written.append(path)
        if len(written) > 5:
            raise StoreError("the disk is full", code="store/io", next_step="Make room.")
        write(path, data, mode=mode)

    monkeypatch.setattr(evidence, "write_new", failing)
    (tmp_path / "at").mkdir()
    refused(command("custody", "dossier", "page", "--record", lost.path, "-o", tmp_path / "at" / "out"), 2, "the disk is full")
    assert len(written) == 6
    assert not list((tmp_path / "at").iterdir())


def test_a_zip_holds_the_same_files(lost: House, tmp_path: Path) -> None:
    """In one folder of its own name, byte for byte the same whenever it is made."""
    names = dossier(lost, "page", tmp_path / "page")
    for target in ("one", "two"):
        (tmp_path / target).mkdir()
        assert command("custody", "dossier", "page", "--record", lost.path, "-o", tmp_path / target / "page.zip").code == 0
    one, two = (tmp_path / target / "page.zip" for target in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert sorted(archive.namelist()) == [f"page/{name}" for name in names]
        assert all(archive.read(f"page/{name}") == (tmp_path / "page" / name).read_bytes() for name in names)
    refused(command("custody", "dossier", "page", "--record", lost.path, "-o", one), 2, "nothing is written over it")


def test_a_large_record_goes_into_one_proof_file_only(lost: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each proof file holds the whole record; where that is too much, the newest decision has one, and every other its inclusion proof."""
    monkeypatch.setattr("commonhold.store.evidence.MAX_PROOFS", 1000)
    names = dossier(lost, "page", tmp_path / "out")
    (proof,) = [name for name in names if name.endswith(".proof.json")]
    assert sum(name.endswith(".tlog-proof") for name in names) > 1
    assert f"commonhold verify {proof}" in (tmp_path / "out" / "dossier.html").read_text("utf-8")


def test_an_unknown_resource_is_answered_with_what_there_is(lost: House, house: House, tmp_path: Path) -> None:
    """Names of resources and addresses of channels; where there are none, how one comes to be."""
    refused(
        command("custody", "dossier", "mailbox", "--record", lost.path, "-o", tmp_path / "out"),
        1,
        "it knows page, https://pages.example/archive",
    )
    refused(command("custody", "dossier", "mailbox", "--record", house.path, "-o", tmp_path / "out"), 1, "knows none at all")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "option", [("--to", "a\nb"), ("--to", "x" * 201), ("--to", "\u202edesk"), ("--address", "a b"), ("--address", "ü.example")]
)
def test_what_goes_into_the_letter_is_one_plain_line(lost: House, tmp_path: Path, option: tuple[str, str]) -> None:
    """Neither line ends, nor characters that hide or turn text around."""
    done = command("custody", "dossier", "page", "--record", lost.path, "-o", tmp_path / "out", *option)
    assert done.code == 2
    assert not (tmp_path / "out").exists()


def test_a_pdf_takes_its_renderer(lost: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it makes is the document; where it is missing, nothing is written and the refusal says what to install."""
    pages: list[str] = []
    monkeypatch.setattr("commonhold.pages.pdf.render_pdf", lambda page: pages.append(page) or b"%PDF-")
    names = dossier(lost, "page", tmp_path / "out", "--format", "pdf", "--lang", "ar")
    assert "dossier.pdf" in names
    assert "dossier.html" not in names
    assert 'dir="rtl"' in pages[0]

    def missing(page: str) -> bytes:
        raise StoreError("no PDF can be made here", code="pdf/renderer", next_step="Install it.")

    monkeypatch.setattr("commonhold.pages.pdf.render_pdf", missing)
    refused(command("custody", "dossier", "page", "--record", lost.path, "--format", "pdf", "-o", tmp_path / "other"), 2, "no PDF")
    assert not (tmp_path / "other").exists()


def test_a_copy_without_texts_still_makes_a_dossier(lost: House, tmp_path: Path) -> None:
    """The proofs are whole; what is missing is said, and no article is made up."""
    shutil.copytree(lost.record, tmp_path / "copy" / "record")
    done = command("custody", "dossier", "page", "--record", tmp_path / "copy", "-o", tmp_path / "out", "--json")
    assert done.code == 0, done.said
    assert "3.4" in done.json["missing_articles"]
    page = (tmp_path / "out" / "dossier.html").read_text("utf-8")
    assert "The text of the title is not in the record" in page
    assert "it is not known here whether it names this resource" in page
    assert run(["verify", str(tmp_path / "out" / "evidence" / "000-found.proof.json")]) == 0
