"""A real mail server in a process of its own (``python -m tests.cli.mailserver FOLDER MODE``): what the tests of notices hand mail to.

It writes each mail to FOLDER as it came, envelope first, and prints its port. MODE: ``starttls`` (with a name and a password), ``tls``, ``plain`` (offers no
encryption). It refuses the recipient ``full@saltmarsh.example``.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "curlew", "mudflat"


@dataclass(frozen=True)
class Mailing:
    """A running server: its port, the certificate to believe, and where its mails lie."""

    port: int
    ca: Path
    folder: Path

    def mails(self) -> list[str]:
        return [path.read_text("utf-8") for path in sorted(self.folder.glob("*.mail"))]


@contextmanager
def mail_server(folder: Path, mode: str) -> Iterator[Mailing]:
    """The server in a process of its own, until the block ends."""
    folder.mkdir()
    certificate(folder)
    running = subprocess.Popen([sys.executable, "-m", "tests.cli.mailserver", str(folder), mode], stdout=subprocess.PIPE)
    try:
        assert running.stdout is not None
        yield Mailing(int(running.stdout.readline()), folder / "cert.pem", folder)
    finally:
        running.terminate()
        running.wait(10)
        assert running.stdout is not None
        running.stdout.close()


def certificate(folder: Path) -> None:
    """A certificate of this address's own, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.saltmarsh.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


class _Handler:
    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - the library's name
        if address == "full@saltmarsh.example":
            return "552 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        self._count += 1
        head = f"X-Envelope: {envelope.mail_from} -> {','.join(envelope.rcpt_tos)} tls={session.ssl is not None}\n"
        (self._folder / f"{self._count:03}.mail").write_bytes(head.encode() + envelope.content)
        return "250 taken"


def _let_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: object) -> AuthResult:
    assert isinstance(given, LoginPassword)
    # Not "handled": the server answers 535 by itself.
    return AuthResult(success=(given.login, given.password) == (USER.encode(), PASSWORD.encode()), handled=False)


async def _serve(folder: Path, mode: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    handler = _Handler(folder)
    more: dict[str, Any] = (
        {"tls_context": context, "require_starttls": True, "authenticator": _let_in, "auth_required": True} if mode == "starttls" else {}
    )
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, **more), "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), sys.argv[2]))
