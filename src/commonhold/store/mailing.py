"""Mail to members, over a real mail server (SMTP, RFC 5321) with TLS from the first byte or by STARTTLS (RFC 8314, 3207).

Every recipient gets a mail of their own, so nobody learns another's address. One whom the server refuses does not keep the others from theirs. That a server has
taken a mail is no proof that anybody read it: whoever needs that proof asks the receiver to sign (docs/guide/sealing.md).

Addresses stand in a file of the sender's, ``MEMBER ADDRESS`` a line; they go to no record and no server but the mail server.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal

from commonhold.kernel.errors import FormatError, StoreError
from commonhold.kernel.ids import parse_member_id
from commonhold.store.keyfile import read_with_mode

Security = Literal["tls", "starttls", "none"]
PORTS: Final[Mapping[Security, int]] = {"tls": 465, "starttls": 587, "none": 25}
SECONDS: Final = 20.0
"""How long the server may take for each step."""
MAX_FILE: Final = 1 << 18
_ADDRESS: Final = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]{1,64}@[A-Za-z0-9.\-]{1,253}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and how; *ca* is a file of certificates to believe in place of the system's."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = ""
    ca: Path | None = None


def read_addresses(place: Path) -> dict[str, str]:
    """The addresses in a file, by member; empty lines and those that begin with ``#`` are passed over.

    Raises:
        FormatError: ``mail/addresses`` naming the line, never its address. StoreError: if the file cannot be read.
    """
    raw, _ = read_with_mode(place, max_size=MAX_FILE, what="a file of addresses")
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise FormatError(f"{place} is not text in UTF-8", code="mail/addresses", next_step="Write MEMBER ADDRESS on each line.") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or words[0] in found:
            raise FormatError(
                f"line {number} of {place} is not one new member and an address",
                code="mail/addresses",
                next_step="Write MEMBER ADDRESS on each line.",
            )
        check_address(words[1], f"line {number} of {place}")
        found[parse_member_id(words[0])] = words[1]
    return found


def check_address(address: str, where: str) -> None:
    """Pass in silence if *address* is a plain mail address that can stand in a header.

    Raises:
        FormatError: ``mail/address``, naming *where* and not the address.
    """
    if _ADDRESS.fullmatch(address) is None:
        raise FormatError(
            f"{where} holds no plain mail address", code="mail/address", next_step="Write it as name@host.example, without a display name."
        )


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that comes with a mail."""

    name: str
    content: bytes


def deliver(server: MailServer, sender: str, mails: Mapping[str, tuple[str, str]], file: Attached | None = None) -> dict[str, str]:
    """Hand in a mail for each address, ``{address: (subject, text)}``, with the *file*; gives for each what the server said against it, empty where it has taken it.

    Raises:
        StoreError: ``mail/clear``; ``mail/server`` if it cannot be reached or spoken to in this way, ``mail/login`` if it does not let us in. Nothing was sent then.
    """
    if server.security == "none" and not _is_own(server.host):
        raise StoreError(
            f"mail to {server.host} would go in the clear",
            code="mail/clear",
            next_step="Use --security starttls or tls; none is for a server on this machine.",
        )
    try:
        with _connected(server) as session:
            if server.user:
                session.login(server.user, server.password)
            return {address: _hand_in(session, sender, address, mail, file) for address, mail in mails.items()}
    except smtplib.SMTPAuthenticationError:
        raise StoreError(
            f"{server.host} does not let {server.user} in", code="mail/login", next_step="Check the user and the password file."
        ) from None
    except (OSError, smtplib.SMTPException) as error:
        raise StoreError(
            f"mail cannot be handed in at {server.host}, port {server.port}: {type(error).__name__}",
            code="mail/server",
            next_step="Check host, port and --security. Until it works, tell the others by telephone.",
        ) from None


def _connected(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=server.ca)
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context)
    session = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    if server.security == "starttls":
        try:
            # A server that does not offer it raises, so nothing goes in the clear.
            session.starttls(context=context)
        except BaseException:
            session.close()
            raise
    return session


def _hand_in(session: smtplib.SMTP, sender: str, address: str, content: tuple[str, str], file: Attached | None) -> str:
    mail, (subject, text) = EmailMessage(), content
    mail["From"], mail["To"], mail["Subject"] = sender, address, " ".join(subject.split())
    mail["Date"], mail["Message-ID"] = format_datetime(localtime()), make_msgid(domain=sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    if file is not None:
        mail.add_attachment(file.content, maintype="application", subtype="octet-stream", filename=file.name)
    try:
        session.send_message(mail, sender, [address])
    except smtplib.SMTPRecipientsRefused as error:
        code, _ = error.recipients[address]
        return f"refused with {code}"
    except smtplib.SMTPResponseException as error:
        return f"refused with {error.smtp_code}"
    except (OSError, smtplib.SMTPException):
        # Whoever comes after it is told the same; what was taken before stays taken.
        return "the connection broke off"
    return ""


def _is_own(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
