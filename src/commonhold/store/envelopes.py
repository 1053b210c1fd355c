"""Shares in age files: a custodian's envelope, and what they contribute to a release (docs/formats/seal.md).

Whoever made such a file is not believed: its size is bounded before it is looked into, it is for one recipient, and a share counts when it matches its
commitment in the record. The twin of ``reader/src/sealing/envelopes.js``.
"""

from __future__ import annotations

from typing import Final

from commonhold.kernel.custody.sealing.shares import MAX_SEALED_ENVELOPE, Envelope, Manifest, parse_envelope
from commonhold.kernel.errors import CustodyError, FormatError
from commonhold.store.sealedfile import unseal_with

_INTRO: Final = b"age-encryption.org/v1\n"
_RECIPIENT: Final = b"\n-> X25519 "
_NO_SHARE: Final = "Do not acknowledge this seal, and ask for another one."


def open_envelope(raw: bytes, identity: str) -> Envelope:
    """The share in an age file that is encrypted to the recipient of *identity* and to nobody else.

    Raises:
        FormatError: ``share/envelope`` for what is larger than any share, or holds none; ``sealed/form`` for what is no binary age file, ``sealed/recipients``
            if it is for several, ``sealed/damaged`` if it was cut off or changed.
        CustodyError: ``sealed/other-key`` if it is not for this one.
    """
    if len(raw) > MAX_SEALED_ENVELOPE:
        raise FormatError(
            f"the envelope of a share has {len(raw)} bytes, and at most {MAX_SEALED_ENVELOPE} are read: whoever sealed this made it so",
            code="share/envelope",
            next_step=_NO_SHARE,
        )
    if not raw.startswith(_INTRO):
        raise FormatError("the envelope of a share is no binary age file", code="sealed/form", next_step=_NO_SHARE)
    if (found := raw.split(b"\n---", 1)[0].count(_RECIPIENT)) > 1:
        raise FormatError(
            f"the envelope of a share is encrypted to {found} recipients, and it is for one", code="sealed/recipients", next_step=_NO_SHARE
        )
    return parse_envelope(unseal_with(raw, [identity]))


def own_share(raw: bytes, public: Manifest, member: str, identity: str) -> Envelope:
    """*member*'s share of a seal, from the envelope that the record names for them, held against its commitment.

    Raises:
        CustodyError: ``share/other-kit`` if it is encrypted to another kit than theirs; ``share/other-member``; as ``check_share``.
        FormatError: as :func:`open_envelope`; ``share/envelope`` if it holds what was given to a release.
    """
    about = public.about
    try:
        found = open_envelope(raw, identity)
    except CustodyError as error:
        if error.code != "sealed/other-key":
            raise
        raise CustodyError(
            f"your envelope of seal {about.seal} of {about.resource} is encrypted to another kit than this",
            code="share/other-kit",
            next_step="If you have its printed sheet, take the share from there: with --sheet, or as words in signer.html. Otherwise this share is lost: tell "
            "the others, a new seal is needed.",
        ) from None
    if found.member != member:
        raise CustodyError(
            f"your envelope holds the share of {found.member}",
            code="share/other-member",
            data={"member": found.member},
            next_step=f"Tell the others: whoever sealed this made it so. {_NO_SHARE}",
        )
    if found.release:
        raise FormatError("your envelope holds what was given to a release, and no share", code="share/envelope", next_step=_NO_SHARE)
    public.check_share(found)
    return found
