"""What every object store promises, tried on each of them: what comes out is what went in, or nothing does."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import pytest

from commonhold.kernel.errors import FormatError, ProofError, RuleError, StoreError
from commonhold.store.objects.protocol import PIECE, Objects
from tests.attacks import Mutation, attack
from tests.store.places import PLACES, Place

INCOMING = "src/commonhold/store/objects/incoming.py"
DIRECTORY = "src/commonhold/store/objects/directory.py"
PROTOCOL = "src/commonhold/store/objects/protocol.py"
LARGE = bytes(range(256)) * 8192 + b"x"
DECISION = "d0" * 32

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def objects(place: Place) -> Objects:
    return place.objects


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("data", [b"", b"heron", LARGE], ids=["nothing", "small", "large"])
def test_an_object_comes_out_as_it_went_in(objects: Objects, data: bytes) -> None:
    """From bytes, an open file and pieces; whole, in pieces, in ranges; and putting it again changes nothing."""
    sources = (data, io.BytesIO(data), iter([data[:3], data[3:], b""]))
    assert {objects.put(source) for source in sources} == {sha(data)}
    digest = objects.put(io.BytesIO(data), digest=sha(data), size=len(data))
    assert objects.get(digest) == data
    assert b"".join(objects.stream(digest)) == data
    assert (objects.size(digest), objects.verify(digest), objects.has(digest)) == (len(data), len(data), True)
    assert objects.range(digest, 2, 2) == data[2:4]
    assert objects.range(digest, len(data), 5) == b""
    assert list(objects.list()) == [digest]


def test_objects_are_listed_in_order_and_from_anywhere(objects: Objects) -> None:
    """A listing can go on where another stopped, so a long walk survives its process."""
    with objects.batch() as batch:
        digests = sorted({batch.put(b"%d" % number) for number in range(40)})
    assert list(objects.list()) == digests
    for at in (0, 1, 20, 38, 39):
        assert list(objects.list(digests[at])) == digests[at + 1 :]
    assert list(objects.list(digests[0][:2] + "0" * 62)) == digests
    assert list(objects.list("f" * 64)) == []


@pytest.mark.drill
@pytest.mark.parametrize("name", ["localbucket_place", "moto_place"])
def test_a_bucket_is_listed_beyond_its_servers_pages(request: pytest.FixtureRequest, name: str) -> None:
    """S3 gives a thousand keys a page: a listing goes on over pages, and from the middle of one."""
    objects = request.getfixturevalue(name).objects
    digests = sorted(sha(b"%d" % number) for number in range(2100))
    for digest in digests:
        objects._api.put(objects._store, f"objects/{digest[:2]}/{digest[2:]}", b"x")
    assert list(objects.list()) == digests
    assert list(objects.list(digests[1500])) == digests[1501:]


@attack(
    "store-01",
    Mutation(PROTOCOL, find="    if not _DIGEST.fullmatch(digest):\n        shown", replace="    if digest is None:\n        shown"),
    Mutation(
        PROTOCOL,
        find='_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)',
        replace='_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)',
    ),
)
@pytest.mark.parametrize(
    "digest", ["", "heron", "A" * 64, "../" + "a" * 61, "a" * 63, "a" * 65, "a" * 64 + "\n", "\u0660" * 64, "aa/" + "a" * 61]
)
def test_what_is_no_digest_is_never_a_path(objects: Objects, digest: str) -> None:
    """Only 64 lower-case hexadecimal digits are a digest: whatever is done with another text, it is refused before anything is looked up."""
    for use in (
        objects.get,
        objects.size,
        objects.verify,
        objects.has,
        objects.mark_work,
        objects.erased,
        lambda text: objects.erase(text, DECISION),
        lambda text: list(objects.stream(text)),
        lambda text: objects.range(text, 0, 1),
        lambda text: objects.put(b"heron", digest=text or "x"),
    ):
        with pytest.raises(FormatError) as refused:
            use(digest)
        assert refused.value.code == "object/digest"
    assert list(objects.list()) == list(objects.works()) == list(objects.erasures()) == []


@attack(
    "store-02",
    Mutation(INCOMING, find="            if self.seen > limit:", replace="            if self.seen > limit and self._max > 1 << 41:"),
    Mutation(INCOMING, find="limit = self._max if self._size < 0 else self._size", replace="limit = self._max"),
    Mutation(INCOMING, find="        if self.seen < self._size:", replace="        if self.seen < 0:"),
)
def test_an_object_that_is_longer_or_shorter_than_declared_leaves_nothing(place: Place) -> None:
    """An endless stream is left at the first byte too many; an object that ended early is not there; both say how far it came."""
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield bytes(1000)
        raise AssertionError("nobody stopped")

    with pytest.raises(FormatError) as endlessly:
        place.objects.put(endless(), size=2500)
    assert (endlessly.value.code, taken) == ("object/too-big", 3)
    with pytest.raises(FormatError) as early:
        place.objects.put(iter([b"he"]), size=5)
    assert (early.value.code, early.value.data["seen"]) == ("object/short", 2)
    with pytest.raises(FormatError) as giant:
        place.objects.put(iter([b"he"]), size=1 << 50)
    assert giant.value.code == "object/too-big"
    assert place.leftovers() == []


@attack("store-03", Mutation(INCOMING, find="if self._expected and found != self._expected:", replace="if not found:"))
def test_bytes_that_are_not_what_their_digest_says_leave_nothing(place: Place) -> None:
    """Whoever hands in other bytes under an object's name is refused with both digests, and what was there stays."""
    digest = place.objects.put(b"heron")
    for source in (b"stork", iter([b"sto", b"rk"]), io.BytesIO(b"stork")):
        with pytest.raises(ProofError) as refused:
            place.objects.put(source, digest=sha(b"tern"), size=5)
        assert (refused.value.code, refused.value.data["found"]) == ("object/altered", sha(b"stork"))
        with pytest.raises(ProofError):
            place.objects.put(source if isinstance(source, bytes) else iter([b"stork"]), digest=digest)
    assert list(place.objects.list()) == [digest]
    assert place.objects.get(digest) == b"heron"
    place.objects.erase(digest, DECISION)
    assert place.leftovers() == []


@attack("store-04", Mutation(DIRECTORY, find="        if hashed.hexdigest() != digest:", replace="        if digest is None:"))
@pytest.mark.parametrize("data", [b"heron", LARGE], ids=["small", "large"])
def test_a_flipped_byte_is_never_given_as_whole(place: Place, data: bytes) -> None:
    """Each way of reading the whole finds it; the stream's last piece is never given; putting the object again heals it."""
    digest = place.objects.put(data)
    place.flip(digest)
    for use in (place.objects.get, place.objects.verify):
        with pytest.raises(ProofError) as refused:
            use(digest)
        assert refused.value.code == "object/altered"
    given = []
    with pytest.raises(ProofError):
        given.extend(place.objects.stream(digest))
    assert len(b"".join(given)) < len(data)
    assert not place.objects.has(digest)
    assert place.objects.put(io.BytesIO(data)) == digest
    assert place.objects.has(digest)


def test_what_is_absent_is_named(objects: Objects) -> None:
    """Each way of reading names the digest and the next step."""
    digest = sha(b"curlew")
    for use in (objects.get, objects.size, objects.verify, lambda text: list(objects.stream(text)), lambda text: objects.range(text, 0, 1)):
        with pytest.raises(StoreError, match=digest) as refused:
            use(digest)
        assert refused.value.code == "store/absent"
        assert "mirror" in refused.value.next_step
    assert not objects.has(digest)


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (0, -1), (0, 1 << 40)])
def test_a_range_that_is_none_is_refused(objects: Objects, start: int, length: int) -> None:
    """Nothing before the first byte, and never more than may be held in memory."""
    digest = objects.put(b"heron")
    with pytest.raises(FormatError) as refused:
        objects.range(digest, start, length)
    assert refused.value.code == "object/range"


def test_works_are_remembered(objects: Objects) -> None:
    """Manifests are found without looking into every object, and marking one again changes nothing."""
    digests = sorted(objects.put(b"%d" % number) for number in range(3))
    for digest in (*digests, digests[0]):
        objects.mark_work(digest)
    assert list(objects.works()) == digests


@attack(
    "store-05",
    Mutation(
        DIRECTORY, find='            self._files.replace(name_of(digest, ERASED), decision.encode() + b"\\n")', replace="            pass"
    ),
    Mutation(
        DIRECTORY,
        find="        if decision := self._owner.erased(digest):\n            raise was_erased",
        replace='        if decision := "":\n            raise was_erased',
    ),
)
def test_what_was_erased_does_not_come_back(place: Place) -> None:
    """The bytes go, the digest stays with the decision, and no later copy of them is taken, however it comes."""
    objects = place.objects
    digest, other = objects.put(b"heron"), objects.put(b"tern")
    objects.mark_work(digest)
    objects.erase(digest, DECISION)
    objects.erase(digest, "ff" * 32)
    for use in (
        objects.get,
        objects.size,
        objects.verify,
        lambda text: objects.put(b"heron"),
        lambda text: objects.put(io.BytesIO(b"heron"), digest=text),
    ):
        with pytest.raises(RuleError) as refused:
            use(digest)
        assert (refused.value.code, refused.value.data["decision"]) == ("object/erased", DECISION)
    assert (list(objects.list()), list(objects.works()), list(objects.erasures())) == ([other], [], [digest])
    assert (objects.erased(digest), objects.erased(other), objects.has(digest)) == (DECISION, "", False)
    objects.erase(sha(b"never here"), DECISION)
    assert objects.erased(sha(b"never here")) == DECISION
    with pytest.raises(FormatError):
        objects.erase(other, "because")
    assert objects.has(other)


def test_a_batch_that_fails_leaves_whole_objects_or_none(place: Place) -> None:
    """What was put before the failure may be there; whatever is there is whole."""

    def broken() -> Iterator[bytes]:
        yield b"ster"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), place.objects.batch() as batch:
        [batch.put(source) for source in (b"heron", io.BytesIO(LARGE), broken())]
    assert all(place.objects.has(digest) for digest in place.objects.list())


def test_a_batch_takes_the_same_object_twice(objects: Objects) -> None:
    """The second copy costs nothing and breaks nothing."""
    with objects.batch() as batch:
        digests = {batch.put(b"heron"), batch.put(io.BytesIO(b"heron")), batch.put(b"heron", digest=sha(b"heron"))}
    assert digests == {sha(b"heron")} == set(objects.list())


def test_pieces_stay_small(objects: Objects) -> None:
    """However large an object is, no piece of it is."""
    digest = objects.put(LARGE)
    assert max(map(len, objects.stream(digest))) <= 2 * PIECE
