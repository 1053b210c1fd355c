"""Works for tests: a few objects and a manifest."""

from __future__ import annotations

from commonhold.kernel.works.manifest import File, Provenance, Rights, Text, make_work
from commonhold.store.objects.protocol import Objects
from commonhold.store.objects.works import put_work


def put_programme(objects: Objects, name: str, *, kind: str = "programme", segments: int = 3) -> tuple[str, list[str]]:
    """A work of a text and some segments; gives its id and the digests of its objects."""
    with objects.batch() as batch:
        text = batch.put(f"About {name}.".encode())
        digests = [batch.put(f"{name} {number} ".encode() * 500) for number in range(segments)]
    sizes = [len(f"{name} {number} ") * 500 for number in range(segments)]
    files = [
        File(digest, "segment", size, "video/mp4", "", f"{number:04}.m4s")
        for number, (digest, size) in enumerate(zip(digests, sizes, strict=True))
    ]
    work = make_work(
        kind,
        {"en": name},
        rights=Rights("Made by members."),
        provenance=Provenance(by="heron"),
        texts={"en": Text(text, len(f"About {name}."), "text/plain")},
        files=files,
    )
    return put_work(objects, work), [text, *digests]
