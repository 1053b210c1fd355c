"""Laws of notices by mail: a real mail server in a process of its own, one mail for each, nothing secret in it, and nothing in the clear."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest

from tests.attacks import Mutation, attack
from tests.cli.custodians import CANARY, SEED, act, must, sealed
from tests.cli.houses import Done, House, command
from tests.cli.mailserver import PASSWORD, USER, Mailing, mail_server

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ADDRESSES = "# who is where\nheron heron@saltmarsh.example\ntern full@saltmarsh.example\n\nplover p.lover@post.example\ncurlew curlew@saltmarsh.example\n"
SENDER = "curlew@saltmarsh.example"
MAILING = "src/commonhold/store/mailing.py"


@pytest.fixture
def asked(house: House) -> tuple[House, str]:
    """Something is sealed, and curlew asks for it; avocet has no address."""
    sealed(house)
    purpose = house.write("purpose.txt", "The page was hacked.\n")
    made = must(act(house, "curlew", "release", "page", "--purpose", purpose, "--key", house.base / "one-off.key"))
    house.write("addresses", ADDRESSES)
    house.write("password", f"{PASSWORD}\n")
    found: str = made["proposal"]["id"]
    return house, found


def notify(house: House, release: str, server: Mailing, *more: object, security: str = "starttls", host: str = "127.0.0.1") -> Done:
    places = ("--addresses", house.base / "addresses", "--smtp", f"{host}:{server.port}", "--from", SENDER, "--ca", server.ca)
    return command("custody", "notify", release, *places, "--security", security, *more, "--house", house.path, "--json")


def login(house: House) -> tuple[object, ...]:
    return ("--user", USER, "--password-file", house.base / "password")


def test_everybody_concerned_gets_a_mail_of_their_own(asked: tuple[House, str], tmp_path: Path) -> None:
    """Officers and whoever may object; who is refused or has no address is named, and the mail says what stands in the record and where to look."""
    house, release = asked
    with mail_server(tmp_path / "mail", "starttls") as server:
        partners = ("--partner", "https://gull.example", "--partner", "https://knot.example")
        done = must(notify(house, release, server, *login(house), *partners))
        assert done["sent"] == ["curlew", "heron", "plover"]
        assert done["refused"] == {"tern": "refused with 552"}
        assert done["no_address"] == ["avocet"]
        mails = server.mails()
    assert len(mails) == 3
    for raw, address in zip(mails, (SENDER, "heron@saltmarsh.example", "p.lover@post.example"), strict=True):
        assert raw.startswith(f"X-Envelope: {SENDER} -> {address} tls=True\n")
        mail = email.message_from_string(raw, policy=email.policy.default)
        assert mail["To"] == address
        assert mail["Subject"] == "Somebody asks to open what is sealed of: page"
        text = mail.get_content()
        assert f"commonhold object {release}" in text
        assert "https://gull.example/check?org=" in text
        assert "https://knot.example/check?org=" in text
        assert "Nobody will ever ask you for the words" in text
        for other in ("saltmarsh.example", "post.example", CANARY, SEED, "AGE-SECRET-KEY"):
            assert other not in text
    assert "post.example" not in "".join(path.read_text("utf-8", "replace") for path in house.path.rglob("*") if path.is_file())


def test_mail_goes_over_tls_from_the_first_byte_in_the_readers_language(asked: tuple[House, str], tmp_path: Path) -> None:
    """As today's servers want it; and a mail that names fewer than two partners says so to its sender."""
    house, release = asked
    with mail_server(tmp_path / "mail", "tls") as server:
        done = must(notify(house, release, server, "--language", "ru", security="tls"))
        assert done["partners"] == []
        mail = email.message_from_string(server.mails()[0], policy=email.policy.default)
        assert mail["Subject"].startswith("Кто-то просит открыть")
        words = command(
            "custody", "notify", release, "--addresses", house.base / "addresses", "--smtp", f"127.0.0.1:{server.port}", "--from", SENDER,
            "--ca", server.ca, "--security", "tls", "--house", house.path,
        )  # fmt: skip
        assert "no address: avocet: tell them by telephone" in words.out
        assert "fewer than two partners" in words.out


@attack(
    "notice-in-the-clear",
    Mutation(MAILING, find='    if server.security == "none" and not _is_own(server.host):', replace="    if not server.host:"),
    Mutation(MAILING, find="            session.starttls(context=context)", replace="            session.ehlo()"),
    Mutation(MAILING, find="    if _ADDRESS.fullmatch(address) is None:", replace="    if not address:"),
)
def test_nothing_goes_in_the_clear_or_to_a_stranger(asked: tuple[House, str], tmp_path: Path) -> None:
    """No encryption on offer, a certificate that nobody vouches for, a wrong password, a name that is no address: nothing is sent, and it is said why."""
    house, release = asked
    with mail_server(tmp_path / "plain", "plain") as plain:
        stripped = notify(house, release, plain)
        assert (stripped.code, stripped.json["code"]) == (2, "mail/server")
        assert plain.mails() == []
        assert notify(house, release, plain, security="none", host="mail.saltmarsh.example").json["code"] == "mail/clear"
        must(notify(house, release, plain, security="none"))
        assert len(plain.mails()) == 3
    with mail_server(tmp_path / "other", "starttls") as server:
        foreign = Mailing(server.port, tmp_path / "plain" / "cert.pem", server.folder)
        assert notify(house, release, foreign, *login(house)).json["code"] == "mail/server"
        house.write("password", "guessed\n")
        assert notify(house, release, server, *login(house)).json["code"] == "mail/login"
        for line in (
            "heron a@b.example,c@d.example",
            "heron <a@b.example>",
            "heron a@b.example\rBcc:x@y.example",
            "heron",
            "heron a@b.example extra",
        ):
            house.write("addresses", f"{line}\n")
            done = notify(house, release, server, *login(house))
            assert (done.code, done.json["code"].startswith("mail/address")) == (2, True), done.said
            assert "b.example" not in done.json["message"]
        assert server.mails() == []


def test_only_what_is_asked_for_is_told(asked: tuple[House, str], tmp_path: Path) -> None:
    """A proposal of another kind, and one that is over, are nothing to write about; a port that is none is said."""
    house, release = asked
    server = Mailing(9, house.base / "addresses", tmp_path)
    house.do("curlew", "withdraw", "proposal", release)
    assert notify(house, release, server).json["code"] == "notify/nothing"
    assert (
        command(
            "custody",
            "notify",
            release,
            "--addresses",
            house.base / "addresses",
            "--smtp",
            "host:x",
            "--from",
            SENDER,
            "--house",
            house.path,
        ).code
        == 2
    )
