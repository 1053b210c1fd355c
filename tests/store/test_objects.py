"""Objects by digest: what comes out is what went in, or nothing does."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from commonhold.kernel.errors import FormatError, ProofError, StoreError
from commonhold.store.objects.directory import ObjectDirectory


def place(root: Path, digest: str) -> Path:
    return root / "objects" / digest[:2] / digest[2:]


def test_an_object_is_kept_under_its_digest(tmp_path: Path) -> None:
    """Put gives the SHA-256 of the bytes; get gives the bytes; both again are the same; the folder is as documented."""
    objects = ObjectDirectory(tmp_path)
    assert list(objects.list()) == []
    digests = {objects.put(data) for data in (b"", b"heron", b"heron", b"tern" * 1000)}
    assert digests == {hashlib.sha256(data).hexdigest() for data in (b"", b"heron", b"tern" * 1000)}
    assert list(ObjectDirectory(tmp_path).list()) == sorted(digests)
    digest = hashlib.sha256(b"heron").hexdigest()
    assert (objects.get(digest), objects.has(digest), place(tmp_path, digest).read_bytes()) == (b"heron", True, b"heron")


def test_an_altered_object_is_never_given_and_can_be_put_right(tmp_path: Path) -> None:
    """Bytes that do not hash to the name are refused with both digests; putting the right ones replaces them."""
    objects = ObjectDirectory(tmp_path)
    digest = objects.put(b"heron")
    place(tmp_path, digest).write_bytes(b"tern")
    with pytest.raises(ProofError, match=hashlib.sha256(b"tern").hexdigest()) as refused:
        objects.get(digest)
    assert refused.value.code == "object/altered"
    assert not objects.has(digest)
    assert objects.put(b"heron") == digest
    assert objects.get(digest) == b"heron"


def test_an_absent_object_is_named(tmp_path: Path) -> None:
    """The refusal names the digest and the next step, and nothing is created."""
    digest = hashlib.sha256(b"curlew").hexdigest()
    with pytest.raises(StoreError, match=digest) as refused:
        ObjectDirectory(tmp_path).get(digest)
    assert refused.value.code == "store/absent"
    assert "mirror" in refused.value.next_step
    assert not ObjectDirectory(tmp_path).has(digest)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("digest", ["", "heron", "A" * 64, "../" + "a" * 61, "a" * 63, "a" * 65])
def test_what_is_no_digest_is_refused(tmp_path: Path, digest: str) -> None:
    """Only 64 lower-case hexadecimal digits are a digest; no other text becomes a path."""
    objects = ObjectDirectory(tmp_path)
    for use in (objects.get, objects.has):
        with pytest.raises(FormatError) as refused:
            use(digest)
        assert refused.value.code == "object/digest"


def test_an_object_beyond_the_bound_is_neither_put_nor_read(tmp_path: Path) -> None:
    """The bound holds both ways, so a planted giant cannot fill the memory."""
    objects = ObjectDirectory(tmp_path, max_size=4)
    with pytest.raises(FormatError) as refused:
        objects.put(b"heron")
    assert refused.value.code == "object/too-big"
    assert list(objects.list()) == []
    digest = ObjectDirectory(tmp_path).put(b"heron")
    with pytest.raises(StoreError) as too_big:
        objects.get(digest)
    assert too_big.value.code == "store/too-big"
    assert not objects.has(digest)


def test_what_is_not_an_object_is_not_listed(tmp_path: Path) -> None:
    """A forgotten half-written file, a stray name or a wrong folder is no object."""
    objects = ObjectDirectory(tmp_path)
    digest = objects.put(b"heron")
    for stray in ("objects/.tmp/half", "objects/README", f"objects/{digest[2:]}", "objects/zz/" + "0" * 62):
        path = tmp_path / stray
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    assert list(objects.list()) == [digest]


def test_an_unreadable_folder_is_not_taken_for_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk refuses, nobody is told that the object is absent."""
    objects = ObjectDirectory(tmp_path)
    digest = objects.put(b"heron")

    def refuse(*_args: object, **_more: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("commonhold.store.objects.directory.os.open", refuse)
    with pytest.raises(StoreError, match="cannot read"):
        objects.has(digest)
