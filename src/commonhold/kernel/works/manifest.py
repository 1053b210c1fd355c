"""Manifests of works: what a work is called, which objects it consists of, by what right, and where it comes from (docs/formats/work.md).

A manifest is canonical JSON, and a work's id is the SHA-256 of its bytes; so one work has one spelling. It is an object like any other and can be erased like
any other. Nothing is published by it: that is what a ``publish`` decision of the record does.

Left to others: where objects lie, and whether they are whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from commonhold.kernel.canonical import check_words
from commonhold.kernel.errors import FormatError
from commonhold.kernel.record.bodies import Digest, MemberId, Time, Value

FORM: Final = "commonhold/manifest/v1"
MAX_MANIFEST: Final = 16 << 20
MAX_FILES: Final = 1 << 16
BEGINNING: Final = b'{"files":['
"""How every manifest begins; other objects may begin so too."""

Word = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9-]{0,31}\Z")]
Language = Annotated[
    str,
    msgspec.Meta(
        max_length=35,
        pattern=r"\A[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-x(?:-[a-z0-9]{1,8})+)?\Z",
    ),
]
MediaType = Annotated[str, msgspec.Meta(max_length=127, pattern=r"\A[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*\Z")]
_FILE_NAME: Final = r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}(?:/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}){0,7}\Z"
FileName = Annotated[str, msgspec.Meta(max_length=200, pattern=_FILE_NAME)]
Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Address = Annotated[str, msgspec.Meta(min_length=3, max_length=400, pattern=r"\A[!-~]+\Z")]


class Text(Value, frozen=True):
    """A text of the work in one language: the object, its bytes and what they are."""

    digest: Digest
    size: Size
    type: MediaType


class File(Value, frozen=True):
    """A file of the work: an object, what it is for, and what it is called when it is written to a folder."""

    digest: Digest
    role: Word
    size: Size
    type: MediaType
    language: Language | Literal[""] = ""
    name: FileName | Literal[""] = ""


class Rights(Value, frozen=True):
    """By what right the work is kept and passed on: a *statement* in words, and where there is one a licence's address and the rights' holder."""

    statement: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
    holder: Annotated[str, msgspec.Meta(max_length=400)] = ""
    licence: Address | Literal[""] = ""


class Provenance(Value, frozen=True):
    """Where the work comes from: who put it here and when (seconds since 1970, as they say), an address, the works that it was made from."""

    by: MemberId | Literal[""] = ""
    made: Time = 0
    source: Address | Literal[""] = ""
    works: Annotated[list[Digest], msgspec.Meta(max_length=64)] = []  # noqa: RUF012 - msgspec copies the empty list for each


class Work(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A work, as its manifest says; :func:`parse_work` and :func:`work_bytes` hold it to all of the format."""

    files: Annotated[list[File], msgspec.Meta(max_length=MAX_FILES)]
    form: Literal["commonhold/manifest/v1"]
    kind: Word
    provenance: Provenance
    rights: Rights
    texts: Annotated[dict[Language, Text], msgspec.Meta(max_length=256)]
    titles: Annotated[dict[Language, Title], msgspec.Meta(min_length=1, max_length=256)]

    def objects(self) -> dict[str, int]:
        """The objects that the work consists of, each once, with their sizes; its own manifest is not among them."""
        return {part.digest: part.size for part in self.parts()}

    def parts(self) -> Iterator[Text | File]:
        """Texts, then files."""
        yield from self.texts.values()
        yield from self.files

    def size(self) -> int:
        """The bytes of all its objects together, each counted once."""
        return sum(self.objects().values())


_decoder: Final = msgspec.json.Decoder(Work, strict=True)
_encoder: Final = msgspec.json.Encoder(order="sorted")


def make_work(
    kind: str,
    titles: dict[str, str],
    *,
    rights: Rights,
    provenance: Provenance,
    texts: dict[str, Text] | None = None,
    files: list[File] | None = None,
) -> Work:
    """A work of these parts, the files in their order.

    Raises:
        FormatError: as :func:`work_bytes`.
    """
    work = Work(sorted(files or [], key=_place), FORM, kind, provenance, rights, texts or {}, titles)
    return parse_work(_encoder.encode(work))


def work_bytes(work: Work) -> bytes:
    """The manifest of a work.

    Raises:
        FormatError: if the work breaks a rule of the format.
    """
    raw = _encoder.encode(work)
    parse_work(raw)
    return raw


def is_file_name(name: str) -> bool:
    """Whether a work's file may have this name."""
    return len(name) <= 200 and re.fullmatch(_FILE_NAME, name) is not None


def work_id(raw: bytes) -> str:
    """The id of the work that has this manifest."""
    return hashlib.sha256(raw).hexdigest()


def parse_work(raw: bytes) -> Work:
    """The work of a manifest, which must be canonical to the byte.

    Raises:
        FormatError: ``work/too-large``, ``work/shape``, ``work/not-canonical``, ``work/order``, ``work/sizes``, ``work/names``, ``work/rights``,
            ``work/provenance``, ``work/empty``, or ``canonical/...`` for a text that may not stand in one.
    """
    if len(raw) > MAX_MANIFEST:
        raise FormatError(
            f"the manifest has {len(raw)} bytes, and at most {MAX_MANIFEST} are allowed",
            code="work/too-large",
            next_step="Make a work of each part.",
        )
    try:
        work = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"this is not the manifest of a work: {error}", code="work/shape") from None
    if _encoder.encode(work) != raw:
        raise FormatError(
            "the manifest is not in canonical form (a key twice, unsorted keys, spaces, needless escapes or a field that says nothing)",
            code="work/not-canonical",
            next_step="Write it again with the program that made it.",
        )
    _check(work)
    return work


def _check(work: Work) -> None:
    for text in (*work.titles.values(), work.rights.statement, work.rights.holder):
        check_words(text)
    if any("\n" in title or not title.strip() for title in work.titles.values()):
        _refuse("title", "a title is blank or has more than one line", "Give it words on one line.")
    if not work.rights.statement.strip():
        _refuse("rights", "the rights statement is blank", "Say by what right the work is kept and passed on.")
    if work.provenance == Provenance():
        _refuse("provenance", "the provenance says nothing", "Say at least who put the work here, or where it comes from.")
    if not work.texts and not work.files:
        _refuse("empty", "the work has neither a text nor a file", "Name at least one.")
    places = [_place(file) for file in work.files]
    if places != sorted(set(places)):
        _refuse("order", "the files are not sorted by role, language, name and digest, or one stands twice", "Sort them.")
    names = [file.name.lower() for file in work.files if file.name]
    # Some file systems take two names that differ only in their case for one.
    folders = {name[:at] for name in names for at in range(len(name)) if name[at] == "/"}
    if len(set(names)) != len(names) or folders & set(names):
        _refuse("names", "two files of the work would lie at one place in a folder", "Give each a name of its own.")
    sizes: dict[str, int] = {}
    for part in work.parts():
        if sizes.setdefault(part.digest, part.size) != part.size:
            _refuse(
                "sizes", f"the object {part.digest} is said to have {sizes[part.digest]} bytes and {part.size}", "One object has one size."
            )


def _place(file: File) -> tuple[Any, ...]:
    return (file.role, file.language, file.name, file.digest)


def _refuse(what: str, message: str, next_step: str) -> None:
    raise FormatError(message, code=f"work/{what}", next_step=next_step)
