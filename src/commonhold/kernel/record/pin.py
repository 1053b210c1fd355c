"""A pin: what a reader keeps of an organisation so that partners' word can be checked later (DESIGN 3.5, 3.6; docs/formats/pin.md).

Whoever has not replayed a record can still hold partners to what they say of it, if they know from elsewhere which organisation is meant and
which partners it has named. A pin is that: taken from paper, from a mandate or from a partner whom the reader trusts, and never from the page
that is being checked. Six words stand for it, to be compared by voice.

Not here: what is checked against a pin (``brief``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import msgspec

from commonhold.kernel import b64, words
from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, ProofError, RuleError
from commonhold.kernel.ids import origin_of, parse_origin
from commonhold.kernel.keys import FINGERPRINT_WORDS
from commonhold.kernel.notes import VerifierKey, check_distinct
from commonhold.kernel.record.bodies import Digest, Partner, Value
from commonhold.kernel.record.partners import IN_FORCE, policy_of, validators_of
from commonhold.kernel.record.state import State, value_of
from commonhold.kernel.tlog.policy import Policy

FORM: Final = "commonhold/pin/v1"
MAX_PIN_BYTES: Final = 1 << 16
MAX_URLS: Final = 16
DOMAIN: Final = b"commonhold/pin-fingerprint/v1\n"
MAKE_ONE: Final = (
    "Ask a partner of the organisation for its pin (`commonhold pin ADDRESS -o FILE`), and compare the six words with somebody you trust."
)

Url = Annotated[str, msgspec.Meta(min_length=1, max_length=400, pattern=r"\Ahttps?://[!-~]+\Z")]


class _File(Value, frozen=True):
    form: Literal["commonhold/pin/v1"]
    log_key: str
    org: Digest
    origin: str
    partners: Partner
    urls: Annotated[list[Url], msgspec.Meta(max_length=MAX_URLS)]


@dataclass(frozen=True, slots=True)
class Pin:
    """An organisation, one of its logs, and the partners whose word is believed about it and all that follows it.

    Args:
        org: the organisation's id.
        origin: of its log when the pin was made.
        log_key: of that log, 32 bytes.
        partners: the payload of the ``partner`` decision that was in force then.
        urls: where partners may be asked; nothing is believed because it comes from there.

    Raises:
        FormatError: ``pin/origin`` if organisation, origin and key do not belong together; or for a key, name or group that cannot stand in a
            policy. RuleError: if the policy asks for nobody, misuses a key, or could never be met by those who vouch for states.
    """

    org: str
    origin: str
    log_key: bytes
    partners: Partner
    urls: tuple[str, ...] = ()
    epoch: int = field(init=False)
    policy: Policy = field(init=False, repr=False)
    validators: dict[str, VerifierKey] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _, epoch, _ = parse_origin(self.origin)
        if self.origin != origin_of(self.org, epoch, self.log_key):
            raise FormatError(
                f"the log {self.origin} is not one of the organisation {self.org[:12]} under this log key",
                code="pin/origin",
                next_step=MAKE_ONE,
            )
        policy, validators = policy_of(self.origin, self.log_key, self.partners), validators_of(self.partners)
        check_distinct(validators.values())
        try:
            policy.require(validators.keys())
        except ProofError as error:
            raise RuleError(
                "too few of the organisation's partners vouch for states, so nothing could ever be checked with this pin",
                code="pin/validators",
                next_step="Ask the organisation to name the validating keys of its partners in a decision of kind `partner`; until then, replay "
                "the record with `commonhold verify`.",
                data=error.data,
            ) from None
        object.__setattr__(self, "epoch", epoch)
        object.__setattr__(self, "policy", policy)
        object.__setattr__(self, "validators", validators)

    def to_bytes(self) -> bytes:
        """The file, canonical JSON; parsing it gives an equal pin."""
        return canonical_bytes({**self._trusted(), "urls": list(self.urls)})

    def fingerprint(self) -> tuple[str, ...]:
        r"""Six words that stand for the pin, to be compared by voice or on paper; the addresses in it do not count.

        They are the first 66 bits of SHA-256(``commonhold/pin-fingerprint/v1\n`` || the canonical bytes without ``urls``), as words of
        BIP-39's English list.
        """
        digest = hashlib.sha256(DOMAIN + canonical_bytes(self._trusted())).digest()
        bits = FINGERPRINT_WORDS * words.BITS_PER_WORD
        return words.words_of_int(int.from_bytes(digest, "big") >> (len(digest) * 8 - bits), FINGERPRINT_WORDS)

    def _trusted(self) -> dict[str, object]:
        return {
            "form": FORM,
            "org": self.org,
            "origin": self.origin,
            "log_key": b64.encode(self.log_key),
            "partners": value_of(self.partners),
        }


def make_pin(state: State, urls: Iterable[str] = ()) -> Pin:
    """The pin of an organisation whose record was replayed to *state*.

    Raises:
        RuleError: ``pin/no-partners`` if the record names none, ``pin/not-running`` if the organisation does not live in this log;
            and as :class:`Pin` does.
    """
    if state.phase != "running":
        raise RuleError(
            "the members have not decided that the organisation lives in this log, so there is nothing to pin",
            code="pin/not-running",
            next_step="Take the pin of the log in which it lives.",
        )
    partners: Partner | None = state.part("partners").get(IN_FORCE)
    if partners is None:
        raise RuleError(
            "the organisation has named no partners, so nobody could vouch for it",
            code="pin/no-partners",
            next_step="Replay its record with `commonhold verify`, or ask it to name partners in a decision of kind `partner`.",
        )
    return Pin(state.org, state.origin, state.log_key, partners, tuple(urls))


def parse_pin(raw: bytes) -> Pin:
    """Read a pin; one newline after it is forgiven.

    Raises:
        FormatError: ``pin/form`` if it is none, ``pin/shape`` if a part of it has the wrong shape, ``canonical/...``; and as :class:`Pin` does.
        RuleError: as :class:`Pin` does.
    """
    try:
        value = parse_canonical(raw.removesuffix(b"\n"), max_size=MAX_PIN_BYTES, what="the pin")
    except FormatError as error:
        raise FormatError(str(error), code=error.code, next_step=error.next_step or MAKE_ONE, data=error.data) from None
    if not isinstance(value, dict) or value.get("form") != FORM:
        raise FormatError("this is not a pin", code="pin/form", next_step=MAKE_ONE)
    try:
        file = msgspec.convert(value, _File, strict=True)
    except msgspec.ValidationError as error:
        raise FormatError(f"the pin has a part of the wrong shape: {error}", code="pin/shape", next_step=MAKE_ONE) from None
    return Pin(file.org, file.origin, b64.decode(file.log_key, 32, "log key"), file.partners, tuple(file.urls))
