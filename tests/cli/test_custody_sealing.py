"""Laws of sealed secrets as people meet them: real processes, real age files, and nothing readable left anywhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import replace

import pytest

from commonhold.cli.custody.sheets import render_share
from commonhold.kernel import b64
from commonhold.kernel.custody.sealing.shares import Envelope, envelope_bytes, parse_envelope
from commonhold.kernel.keys import recipient_fingerprint
from commonhold.store.keyfile import load_kit
from commonhold.store.record import Record
from commonhold.store.sealedfile import seal_to, unseal_with
from tests.attacks import Mutation, attack
from tests.cli.custodians import (
    CANARY,
    OFFICERS,
    SECRETS,
    SEED,
    act,
    files_with,
    must,
    only_release,
    process,
    released,
    sealed,
    status,
    unseal,
)
from tests.cli.houses import House
from tests.kernel.sealing.vault import Vault


@attack(
    "seal-plaintext-left",
    Mutation(
        "src/commonhold/kernel/custody/sealing/opening.py",
        find="HEADER + nonce + bindings.crypto_aead_chacha20poly1305_ietf_encrypt(padded, _associated(about), nonce, key)",
        replace="HEADER + padded",
    ),
)
def test_a_password_is_sealed_released_opened_and_changed_and_lies_nowhere(house: House) -> None:
    """From the first to the last step; afterwards nothing below the folder, nothing in scratch space and nothing that was said holds it."""
    made = must(act(house, "heron", "seal", "page", "--stdin", "--approve", stdin=SECRETS))
    assert made["proposal"]["kind"] == "seal"
    house.do("tern", "approve", made["proposal"]["id"])
    assert status(house)["offered"] == [{"seal": 1, "waits_for": ["heron", "plover", "tern"]}]
    for name in OFFICERS:
        proved = must(act(house, name, "drill"))["proved"]
    assert proved[0]["status"] == "live"
    assert status(house)["live"]["strength"] == "2 of 3, on paper and in truth"
    release = released(house)
    found = status(house)
    assert found["rotation"]["reasons"] == [f"release/{release}"]
    assert found["releases"][0]["given"] == []
    none = unseal(house, release)
    assert none.code == 2
    assert "do not meet 2 of (heron, plover, tern)" in none.err
    for name in ("tern", "plover"):
        given = must(act(house, name, "contribute", release, "--yes"))
    assert given["enough"]
    opened = unseal(house, release)
    assert opened.code == 0, opened.said
    assert CANARY in opened.out
    assert SEED in opened.out
    assert CANARY not in opened.err
    assert must(unseal(house, release, "--json"))["used"] == ["tern", "plover"]
    only = unseal(house, release, "--name", "admin")
    assert only.out == CANARY
    second = must(act(house, "tern", "seal", "page", "--stdin", "--approve", stdin=f"password admin={CANARY}-2\n"))
    house.do("heron", "approve", second["proposal"]["id"])
    assert status(house)["live"]["seal"] == 1
    for name in OFFICERS:
        must(act(house, name, "drill"))
    assert status(house)["live"]["seal"] == 2
    assert status(house)["rotation"]["left"][0].startswith("2 more of 2 members")
    for name in ("curlew", "avocet"):
        must(act(house, name, "rotate", "page", "--changed"))
    assert status(house)["rotation"] is None
    stale = act(house, "heron", "contribute", release, "--yes")
    assert stale.code == 1
    assert "seal 1 of page, and seal 2 is live" in stale.said
    assert files_with(house.base, CANARY, SEED) == []


def test_secrets_are_asked_for_and_not_shown(house: House) -> None:
    """At a terminal nothing that is typed appears, and nothing is taken from the command line."""
    parent, child = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", "from commonhold.cli.main import main; main()", "custody", "seal", "page", "--house", house.path, "--kit", house.kit("heron")],
        stdin=child, stdout=child, stderr=child, close_fds=True, start_new_session=True,
    )  # fmt: skip
    os.close(child)
    shown = b""
    for question, answer in (
        (b"Kind", b"password"),
        (b"Name", b"admin"),
        (b"not shown", CANARY.encode()),
        (b"epeat", CANARY.encode()),
        (b"One more", b"n"),
    ):
        while question not in shown.split(b"\x00")[-1]:
            shown += os.read(parent, 4096)
        shown += b"\x00"
        os.write(parent, answer + b"\n")
    try:
        while piece := os.read(parent, 4096):
            shown += piece
    except OSError:
        pass
    assert running.wait(30) == 0, shown
    assert CANARY.encode() not in shown
    assert files_with(house.base, CANARY) == []


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (("seal", "page"), "", "no terminal at which to ask"),
        (("seal", "page", "--stdin"), f"passwort admin={CANARY}\n", "line 1 of standard input"),
        (("seal", "page", "--stdin"), f"password {CANARY}\n", "line 1 of standard input"),
        (("seal", "page", "--stdin"), f"totp x={CANARY}!\n", "not base32"),
        (("seal", "page", "--stdin"), "", "1 to 100 secrets"),
        (("seal", "page", "--stdin"), f"note x={CANARY * 8000}\n", "standard input has more than"),
        (("seal", "cellar", "--stdin"), SECRETS, "does not say who keeps"),
        (("seal", "page", "--key-file", "tls"), "", "NAME=FILE"),
        (("drill", "page"), "", "has no share in page"),
        (("release", "page", "--purpose", "charter.md", "--key", "k"), "", "nothing of it was ever sealed"),
        (("contribute", "abcd1234", "--yes"), "", "no proposal abcd1234"),
        (("shares", "--out", "sheet.html"), "", "name the resource"),
        (("rotate", "page", "--changed"), "", "nothing of it was ever sealed"),
    ],
)
def test_what_cannot_be_done_says_what_to_do_and_repeats_no_secret(
    house: House, arguments: tuple[str, ...], stdin: str, words: str
) -> None:
    """Bad input gets words and a next step, and the record is as it was."""
    size = house.size()
    (house.base / "charter.md").write_text("why\n")
    done = act(
        house, "heron", *(house.base / word if word in ("charter.md", "k", "sheet.html") else word for word in arguments), stdin=stdin
    )
    assert done.code in (1, 2), done.said
    answer = done.json
    assert words in answer["message"], answer
    assert answer["next_step"]
    assert CANARY not in done.said
    assert house.size() == size


@attack(
    "unseal-into-file",
    Mutation("src/commonhold/cli/custody/discipline.py", find="    if regular:", replace="    if not regular and False:"),
)
def test_what_is_opened_is_not_written_into_a_file(opening: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A redirection by habit would leave the plaintext on the disk; a pipe into the program that needs it does not."""
    release = only_release(opening)
    for name in ("tern", "plover"):
        must(act(opening, name, "contribute", release, "--yes"))
    target = tmp_path_factory.mktemp("elsewhere") / "opened.txt"
    with target.open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", "from commonhold.cli.main import main; main()", "custody", "unseal", release, "--key", opening.base / "one-off.key", "--house", opening.path],
            stdout=file, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip
    assert done.returncode == 2
    assert b"into a file" in done.stderr
    assert target.read_bytes() == b""


def test_only_the_release_key_opens_and_only_its_owner_may_read_it(opening: House) -> None:
    """Another key, a key that others can read, and no key at all are told apart; a request that broke off uses its key again."""
    release = only_release(opening)
    for name in ("tern", "plover"):
        must(act(opening, name, "contribute", release, "--yes"))
    purpose = opening.write("why.txt", "another\n")
    must(act(opening, "avocet", "release", "page", "--purpose", purpose, "--key", opening.base / "other.key"))
    other = unseal(opening, release, key="other.key")
    assert other.code == 2
    assert "not the key of the release" in other.err
    assert oct((opening.base / "one-off.key").stat().st_mode & 0o777) == "0o600"
    (opening.base / "one-off.key").chmod(0o644)
    assert "others can read" in unseal(opening, release).err
    (opening.base / "one-off.key").chmod(0o600)
    (opening.base / "empty.key").write_text("# nothing\n")
    (opening.base / "empty.key").chmod(0o600)
    assert "holds no release's key" in unseal(opening, release, key="empty.key").err
    assert "no secret called" in unseal(opening, release, "--name", "root").err
    again = act(opening, "curlew", "release", "page", "--purpose", purpose, "--key", opening.base / "one-off.key")
    assert again.code == 1
    assert "is the key of the release" in again.json["message"]


def test_a_sheet_says_truthfully_what_it_opens_and_opens_it_without_the_kit(opening: House) -> None:
    """m, n and the groups stand on the paper; its words prove the share, and a mistyped one is named."""
    sheet = opening.base / "sheet.html"
    must(act(opening, "plover", "shares", "page", "--out", sheet))
    page = sheet.read_text()
    assert oct(sheet.stat().st_mode & 0o777) == "0o600"
    assert "2 of 3: heron, plover, tern (your group)." in page
    assert "It takes at least 2 people." in page
    assert "<script" not in page
    words = [part.split("</span>")[0] for part in page.split('<span class="word">')[1:]]
    assert len(words) == 33
    typed = "\n".join(f"{place}. {word}" for place, word in enumerate(words, 1))
    assert must(act(opening, "plover", "drill", "page", "--sheet", stdin=typed))["proved"][0]["status"] == "live"
    wrong = act(opening, "plover", "drill", "page", "--sheet", stdin=typed.replace(f"5. {words[4]}", f"5. {words[4][:4]}zz", 1))
    assert wrong.code == 2
    assert "word 5 is not in the list" in wrong.json["message"]
    foreign = act(opening, "tern", "drill", "page", "--sheet", stdin=typed)
    assert foreign.json["code"] == "share/other-owner"
    assert "the share of plover of seal 1 of page" in foreign.json["message"]
    assert must(act(opening, "plover", "shares"))["shares"][0]["proved"]
    assert act(opening, "plover", "shares", "page", "--out", sheet).code == 2


def test_a_sheet_of_a_share_that_opens_alone_says_so() -> None:
    """Any one of three: one person is enough, and it is called one person."""
    vault = Vault({"custody/keys/open/m": 1})
    made, payload = vault.prepare()
    public = made.manifest({name: vault.member(name).kit for name in made.words}, dict.fromkeys(made.words, "00" * 32))
    page = render_share(Envelope(made.about, 0, "heron", made.words["heron"]), public, vault.state)
    assert payload["structure"]["need"] == 1
    assert "any one of 3: heron, plover, tern (your group)." in page
    assert "It takes at least 1 person." in page


def test_the_truth_of_a_seal_is_told_when_custodians_leave(opening: House) -> None:
    """On paper 2 of 3; in truth 2 of 2, and red, with what is left to do."""
    release = only_release(opening)
    opening.do("tern", "propose", "depart", "--yes")
    found = status(opening)
    assert found["live"]["strength"] == "2 of 3 on paper, 2 of 2 in truth"
    assert found["live"]["lost"] == {"tern": "left"}
    assert found["live"]["spare"] == 0
    assert found["rotation"]["reasons"] == [f"release/{release}", "left/tern"]
    said = process("custody", "status", "--house", opening.path)
    assert "RED  page" in said.out
    assert "because tern has left, and has a share" in said.out
    assert "one more loss may close it for ever" in said.out
    assert "whoever has the password has it alone" in said.out
    rotate = process("custody", "rotate", "page", "--house", opening.path)
    assert "change the password, seed or code at the provider" in rotate.out
    assert process("custody", "status", "cellar", "--house", opening.path).code == 1


@attack(
    "contribution-of-another",
    Mutation("src/commonhold/kernel/custody/sealing/shares.py", find="    if envelope.member != by:", replace="    if not by:"),
)
def test_a_contribution_that_is_not_its_authors_is_named_and_the_others_still_open(opening: House) -> None:
    """A custodian who gives somebody else's share, or rubbish, is refused by name; the right ones open it."""
    release = only_release(opening)
    record = Record.open(opening.path)
    with record:
        payload = record.state.parts["proposals"][record.state.parts["seals"]["page/1"].proposal].payload
        _, kit = load_kit(opening.kit("tern"))
        own = parse_envelope(unseal_with(record.objects.get(payload["shares"]["tern"]["envelope"]), [kit.age_identity]))
        recipient = record.state.parts["releases"][release].recipient
    stolen = b64.encode(seal_to(envelope_bytes(replace(own, release=release)), [recipient]))
    rubbish = b64.encode(seal_to(b"rubbish", [recipient]))
    for name, envelope in (("plover", stolen), ("heron", rubbish)):
        opening.append(opening.sign(name, "contribute", {"release": release, "envelope": envelope}))
    must(act(opening, "tern", "contribute", release, "--yes"))
    done = unseal(opening, release)
    assert done.code == 2
    assert "plover gave the share of tern" in done.err
    assert "refused: what heron gave" in done.err


@attack(
    "release-other-recipient",
    Mutation("src/commonhold/cli/custody/custodian.py", find='            f"recipient    {words}",\n', replace=""),
    Mutation("src/commonhold/cli/custody/custodian.py", find="        note(quoted(purpose))\n", replace=""),
)
def test_whoever_gives_a_share_is_shown_what_for_and_to_whose_key(opening: House) -> None:
    """Seal, reason, asker, end and the recipient's six words; another key has other words, and a key is good for one release."""
    release = only_release(opening)
    done = act(opening, "plover", "contribute", release, "--yes")
    with Record.open(opening.path) as record:
        recipient = record.state.parts["releases"][release].recipient
    words = " ".join(recipient_fingerprint(recipient))
    for line in (
        "of           seal 1 of page",
        "asked by     curlew",
        f"recipient    {words}",
        "The page was hacked; we set a new password on Monday.",
    ):
        assert line in done.err
    purpose = opening.write("purpose.txt", "The page was hacked; we set a new password on Monday.\n")
    other = must(act(opening, "curlew", "release", "page", "--purpose", purpose, "--key", opening.base / "other.key"))
    assert other["recipient"] != words


@attack(
    "secret-in-core-dump",
    Mutation(
        "src/commonhold/cli/custody/discipline.py", find="            prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)", replace="            pass"
    ),
    Mutation("src/commonhold/cli/custody/discipline.py", find="    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n", replace=""),
)
def test_nothing_of_a_process_can_be_dumped() -> None:
    """Core dumps are off and the process is closed to others, before a secret is in it."""
    code = (
        "from commonhold.cli.custody.discipline import keep_in_memory\n"
        "import resource, ctypes\n"
        "keep_in_memory()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stdout.decode().split() == ["(0,", "0)", "0"]


@attack(
    "seal-breaks-off",
    Mutation(
        "src/commonhold/store/record.py",
        find="        for text in (texts or {}).values():\n            self.objects.put(text)\n        self._log.append([raw])",
        replace="        self._log.append([raw])\n        for text in (texts or {}).values():\n            self.objects.put(text)",
    ),
)
@pytest.mark.parametrize("after", [0, 1, 4])
def test_a_seal_that_breaks_off_leaves_the_old_one_and_is_made_again(opening: House, after: int) -> None:
    """Whatever object was the last that reached the disk, before the entry: the record is as it was, the old seal opens, and sealing again works."""
    house = opening
    size = house.size()
    code = (
        "import os\n"
        "from commonhold.store.objects.directory import ObjectDirectory\n"
        "put, left = ObjectDirectory.put, [AFTER]\n"
        "def dying(self, data):\n"
        "    if not left[0]:\n"
        "        os._exit(137)\n"
        "    left[0] -= 1\n"
        "    return put(self, data)\n"
        "from commonhold.store.log import Log\n"
        "append = Log.append\n"
        "Log.append = lambda self, leaves: os._exit(137) if left[0] == 0 else append(self, leaves)\n"
        "ObjectDirectory.put = dying\n"
        "from commonhold.cli.main import main\n"
        "main()\n"
    ).replace("AFTER", str(after))
    arguments = ["custody", "seal", "page", "--stdin", "--house", house.path, "--kit", house.kit("heron")]
    died = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], input=SECRETS.encode(), capture_output=True, timeout=60)
    assert died.returncode == 137, died.stderr
    assert house.size() == size
    found = status(house)
    assert (found["live"]["seal"], found["live"]["opens"], found["offered"]) == (1, True, [])
    sealed(house)
    assert status(house)["live"]["seal"] == 2
    assert files_with(house.base, CANARY, SEED) == []
