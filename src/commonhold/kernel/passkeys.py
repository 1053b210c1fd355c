r"""The house's two ceremonies with passkeys: enrolling one and signing in (DESIGN 3.7; Web Authentication Level 3, 7.1 and 7.2).

A ceremony starts with a :class:`Question`: 32 random bytes, what they are for, and when they were made. The house keeps it for the session that it
was asked in, so that nobody is signed in as somebody else unawares; takes it out of its store *before* it looks at the answer, so that it is answered
once; and refuses it after five minutes. The passkey signs SHA-256 of a domain string and those bytes (``commonhold/enrol/v1\n``,
``commonhold/sign-in/v1\n``); an entry's challenge is SHA-256 of ``commonhold/entry/v1\n`` and the entry. So whatever a house, its database or a thief of
its questions puts into one, our page makes no entry of it, and no signature of an entry answers a question.

What this cannot stop: the page itself comes from the house. A hostile house serves another page, which hands a passkey the hash of any entry and calls
it a sign-in; the browser shows nobody the difference. Therefore a passkey decides only what the charter marks as everyday.

Attestation (who built the authenticator) is not asked for and not believed: the members enrol a key by decision, after comparing its words. Signature
counters are ignored, as synchronised passkeys keep none. A signed entry is verified by ``webauthn``, as everybody who holds the record does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from commonhold.kernel import b64, webauthn
from commonhold.kernel.cose import cose_key
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.keys import Passkey, parse_key_value
from commonhold.kernel.spki import MAX_SPKI_BYTES

ENROL: Final = b"commonhold/enrol/v1\n"
SIGN_IN: Final = b"commonhold/sign-in/v1\n"
USER: Final = b"commonhold/passkey-user/v1\n"
NONCE_BYTES: Final = 32
ANSWER_SECONDS: Final = 300
MAX_CREDENTIAL_ID: Final = 1_023
MAX_ENROLMENT_BYTES: Final = 4_096
MAX_SIGNATURE_BYTES: Final = 1_024
TRANSPORTS: Final = ("ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb")
"""How a browser reaches an authenticator, as far as it is known today; other words are dropped, since they only help to find it again."""

_AAGUID_BYTES: Final = 16
_AAGUID_END: Final = webauthn.MIN_AUTHENTICATOR_BYTES + _AAGUID_BYTES
_ENROLLED: Final = {"credential_id", "alg", "spki", "transports", "backup_eligible", "backed_up", "client", "authenticator"}
_ANSWERED: Final = {"credential_id", "user_id", "client", "authenticator", "signature"}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a house's passkeys work: its domain, and the exact origins whose signatures count."""

    rp_id: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What a house asks a passkey once.

    Args:
        purpose: :data:`ENROL` or :data:`SIGN_IN`.
        nonce: 32 random bytes from the caller.
        asked: when it was made, in seconds since 1970.
    """

    purpose: bytes
    nonce: bytes
    asked: int

    @property
    def challenge(self) -> bytes:
        """What the passkey signs for it: 32 bytes."""
        return hashlib.sha256(self.purpose + self.nonce).digest()

    def check(self, purpose: bytes, now: int) -> None:
        """Pass in silence if this was asked for that purpose, and not too long ago.

        Raises:
            ProofError: if not. Nothing is wrong with the passkey then, and a new question helps.
        """
        if self.purpose != purpose or len(self.nonce) != NONCE_BYTES:
            raise ProofError("this question was asked for another purpose", code="passkey/purpose", next_step="Load the page again.")
        if not 0 <= now - self.asked <= ANSWER_SECONDS:
            raise ProofError(
                f"the passkey answered after {now - self.asked} seconds, and a question is good for {ANSWER_SECONDS}",
                code="passkey/expired",
                next_step="Load the page again, and answer within five minutes.",
                data={"seconds": now - self.asked, "limit": ANSWER_SECONDS},
            )


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A new passkey as the browser describes it, nothing of it verified yet."""

    credential_id: bytes
    alg: str
    spki: bytes
    transports: tuple[str, ...]
    client: bytes
    authenticator: bytes

    def passkey(self, site: Site) -> Passkey:
        """Its public half at a site, as the record would hold it."""
        return Passkey(self.alg, self.spki, site.rp_id, site.origins)

    @property
    def backup(self) -> tuple[bool, bool]:
        """Of a verified one: whether it can be synchronised by its provider, and whether it is: then whoever controls that account holds it too."""
        return _backup(self.authenticator)


@dataclass(frozen=True, slots=True)
class Answer:
    """A passkey's answer to :data:`SIGN_IN` as the browser hands it on, nothing of it verified yet."""

    credential_id: bytes
    user_id: bytes
    client: bytes
    authenticator: bytes
    signature: bytes

    @property
    def backup(self) -> tuple[bool, bool]:
        """As :attr:`Enrolment.backup`, as it is now."""
        return _backup(self.authenticator)


def user_id(org: str, member: str) -> bytes:
    """The WebAuthn user handle of a member: 32 bytes that name nobody, and that a restored house gives again.

    A device keeps one passkey for each site and handle, so a second enrolment replaces the first instead of standing beside it.
    """
    return hashlib.sha256(USER + org.encode() + b"\n" + member.encode()).digest()


def enrolment_options(
    question: Question, site: Site, *, site_name: str, user: bytes, user_name: str, held: Iterable[tuple[bytes, Sequence[str]]] = ()
) -> dict[str, Any]:
    """What ``enrol`` of ``passkey.js`` takes, as plain JSON.

    Args:
        user: the member's :func:`user_id`.
        user_name: what their device will call the passkey; it stays on their devices.
        held: credential id and transports of each passkey that the member has; a device that holds one of them makes no second.
    """
    return {
        "nonce": b64.encode(question.nonce),
        "rp_id": site.rp_id,
        "rp_name": site_name,
        "user_id": b64.encode(user),
        "user_name": user_name,
        "exclude": [{"credential_id": b64.encode(name), "transports": list(ways)} for name, ways in held],
    }


def sign_in_options(question: Question, site: Site) -> dict[str, Any]:
    """What ``signIn`` of ``passkey.js`` takes, as plain JSON. It names nobody, so nobody learns from it who is a member."""
    return {"nonce": b64.encode(question.nonce), "rp_id": site.rp_id}


def parse_enrolment(value: object) -> Enrolment:
    """What ``passkey.js`` gives for a new passkey, with every size bounded. Its backup flags are for its page; here the authenticator's count.

    Raises:
        FormatError: for fields that are missing, unknown, malformed or too large.
    """
    fields = _fields(value, _ENROLLED, "the new passkey")
    transports, alg = fields["transports"], fields["alg"]
    if not isinstance(transports, list) or len(transports) > 16 or not isinstance(alg, str):
        raise FormatError("the new passkey's transports or algorithm are malformed", code="passkey/fields")
    return Enrolment(
        _bytes(fields, "credential_id", MAX_CREDENTIAL_ID),
        alg,
        _bytes(fields, "spki", MAX_SPKI_BYTES),
        tuple(known for known in TRANSPORTS if known in transports),
        _bytes(fields, "client", webauthn.MAX_CLIENT_BYTES),
        _bytes(fields, "authenticator", MAX_ENROLMENT_BYTES),
    )


def parse_answer(value: object) -> Answer:
    """What ``passkey.js`` gives for a sign-in, with every size bounded.

    Raises:
        FormatError: for fields that are missing, unknown, malformed or too large.
    """
    fields = _fields(value, _ANSWERED, "the passkey's answer")
    return Answer(
        _bytes(fields, "credential_id", MAX_CREDENTIAL_ID),
        _bytes(fields, "user_id", 64),
        _bytes(fields, "client", webauthn.MAX_CLIENT_BYTES),
        _bytes(fields, "authenticator", webauthn.MAX_AUTHENTICATOR_BYTES),
        _bytes(fields, "signature", MAX_SIGNATURE_BYTES),
    )


def verify_enrolment(question: Question, sent: Enrolment, site: Site, now: int) -> None:
    """Pass in silence if an authenticator made *sent* just now, for this site and this question, with its person present and verified.

    The key may then be proposed for the record, as ``sent.passkey(site)``. What the browser says beside it (algorithm, key, credential id) is
    compared with what the authenticator wrote, byte by byte.

    Raises:
        FormatError: for a key, domain or origin that may not be enrolled.
        ProofError: if anything else does not hold.
    """
    question.check(ENROL, now)
    passkey = sent.passkey(site)
    parse_key_value(passkey.to_value())
    webauthn.check_client(passkey, question.challenge, sent.client, type="webauthn.create")
    webauthn.check_flags(passkey, sent.authenticator)
    if not sent.authenticator[32] & webauthn.ATTESTED:
        raise ProofError("the authenticator data holds no new credential", code="passkey/not-attested")
    length = len(sent.credential_id).to_bytes(2, "big")
    expected = length + sent.credential_id + cose_key(sent.alg, sent.spki)
    end = _AAGUID_END + len(expected)
    if not sent.credential_id or sent.authenticator[_AAGUID_END:end] != expected:
        raise ProofError(
            "the authenticator made another key, or one of another kind, than the page sent",
            code="passkey/other-key",
            next_step="Begin again, in another browser; if that does not help, with another device.",
        )
    webauthn.check_extensions(sent.authenticator, end)


def verify_sign_in(
    question: Question,
    answer: Answer,
    passkey: Passkey,
    user: bytes,
    now: int,
    suspended_origins: AbstractSet[str] = frozenset(),
) -> None:
    """Pass in silence if whoever holds *passkey* answered *question*.

    Args:
        passkey: the enrolled one that the house keeps under ``answer.credential_id``.
        user: the :func:`user_id` of the member to whom it belongs.

    Raises:
        ProofError: if anything does not hold.
    """
    question.check(SIGN_IN, now)
    if answer.user_id != user:
        raise ProofError(
            "the passkey answered for another member than the one to whom it belongs",
            code="passkey/other-member",
            next_step="Choose the passkey again; if this stays, remove it from the device and enrol a new one.",
        )
    webauthn.verify_assertion(passkey, question.challenge, answer.authenticator, answer.client, answer.signature, suspended_origins)


def _backup(authenticator: bytes) -> tuple[bool, bool]:
    flags = authenticator[32]
    return bool(flags & webauthn.BACKUP_ELIGIBLE), bool(flags & webauthn.BACKED_UP)


def _fields(value: object, names: set[str], what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        raise FormatError(f"{what} does not have exactly the fields {', '.join(sorted(names))}", code="passkey/fields")
    return value


def _bytes(fields: Mapping[str, Any], name: str, most: int) -> bytes:
    text = fields[name]
    # Base64 makes four characters of three bytes.
    if not isinstance(text, str) or len(text) > (most + 2) // 3 * 4:
        raise FormatError(f"the passkey's `{name}` is no base64 of at most {most} bytes", code="passkey/size", data={"max": most})
    return b64.decode(text, what=f"passkey's {name}")
