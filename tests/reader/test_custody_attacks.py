"""Attacks on custodians who do their part by request, held against Python and against the page's own modules (docs/formats/request.md)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from commonhold.kernel.custody.sealing.shares import envelope_bytes, parse_envelope
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.kit import Kit
from commonhold.kernel.record.before import before_claim
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.request import Request, parse_given
from commonhold.kernel.record.review import review
from commonhold.kernel.texts import make_text, text_digest
from commonhold.store.sealedfile import new_identity, recipient_of, seal_to, unseal_with
from commonhold.testing.custody import PURPOSE, Keepers
from commonhold.testing.house import FAR, derive
from commonhold.testing.requests import bent
from tests.attacks import Mutation, attack
from tests.reader.node import Reader, RefusedError

KERNEL, SIGNER = "src/commonhold/kernel/record", "reader/src/signer"
IDENTITY = new_identity()
ONE_OFF, FRIEND = recipient_of(IDENTITY), Kit(derive("friend")).keys.age
HOUSE = Keepers("attacked keepers", partnered=False, encrypt=lambda raw, recipient: seal_to(raw, [recipient]))
SEAL = HOUSE.seal_up()
RELEASE = HOUSE.release_it("curlew", ONE_OFF)
UNDECIDED = HOUSE.release_it("curlew", FRIEND, decided=False)
OVER = HOUSE.release_it("curlew", recipient_of(new_identity()), until=HOUSE.now - 1)
SEALING = {"clause": "keys", "bodies": [], "seats": ["chair/heron", "editor/plover", "treasurer/tern"]}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    found = Reader(tmp_path_factory.mktemp("custody"))
    yield found
    found.close()


@pytest.fixture
def both(reader: Reader) -> Callable[[Request | str], str]:
    """A look at a request by both programs; gives the code of the refusal on which they agree, or nothing."""

    def look(given: Request | str) -> str:
        text, keys = given if isinstance(given, str) else given.to_bytes().decode(), HOUSE.kits["tern"].keys
        codes = [
            _code(lambda: (asked := parse_given(text)) and review(asked, before_claim(asked), "tern", keys, HOUSE.now)),
            _code(lambda: reader.ask("review", given=text, member="tern", kit=keys.to_value(), now=HOUSE.now)),
        ]
        assert len(set(codes)) == 1, codes
        return codes[0]

    return look


def _code(look: Callable[[], Any]) -> str:
    try:
        look()
    except (CommonholdError, RefusedError) as error:
        return error.code
    return ""


def giving(release: str = RELEASE, **about: Any) -> Request:
    value = HOUSE.about(SEAL, by="curlew", **about)
    texts = {text_digest(PURPOSE): PURPOSE, **{digest: raw for digest, raw in HOUSE.objects.items() if raw.startswith(b"age-")}}
    return HOUSE.asks("tern", "contribute", {"release": release}, texts=texts, about=value)


def sealing(structure: Any) -> Request:
    payload = {"resource": "page", "seal": 2, "structure": structure}
    return HOUSE.asks("tern", "propose", {"kind": "seal", "payload": payload, "not_after": FAR}, about=SEALING)


def said(value: dict[str, Any], part: str, key: str = "") -> Any:
    return next(row for row in value["claim"]["values"] if row["part"] == part and key in row["key"])["value"]


@attack(
    "custody-request-other-recipient",
    Mutation(
        f"{SIGNER}/custody.js",
        find="value.number === payload.seal && value.recipient === payload.recipient",
        replace="value.number === payload.seal",
    ),
    Mutation(f"{SIGNER}/custody.js", find="request.about.by === made.by", replace='request.about.by !== ""'),
)
def test_a_share_goes_to_whom_it_was_decided_to_go(both: Any) -> None:
    """The recipient, the seal and the asker are the proposal's own; what a request says beside it is refused."""
    assert both(giving()) == ""
    assert both(bent(giving(), lambda value: said(value, "releases").update(recipient=FRIEND))) == "request/entry"
    assert both(bent(giving(), lambda value: said(value, "proposals", RELEASE).update(by="plover"))) == ""
    other = HOUSE.asks(
        "tern", "contribute", {"release": RELEASE}, texts={text_digest(PURPOSE): PURPOSE}, about=HOUSE.about(SEAL, by="heron")
    )
    assert both(other) == "request/entry"


@attack(
    "custody-request-not-decided",
    Mutation(f"{SIGNER}/custody.js", find="const isDecided = isObject(value) && !value.void;", replace="const isDecided = true;"),
    Mutation(f"{SIGNER}/custody.js", find="demand(latest(known) <= made.payload.until,", replace="demand(true,"),
    Mutation(f"{KERNEL}/custodyreview.py", find="    if _latest(known) > until:", replace="    if until < 0:"),
    Mutation(f"{KERNEL}/custodyreview.py", find='asker.get("status") != "active":', replace='not asker.get("status"):'),
)
def test_no_share_is_given_to_what_is_not_decided_or_is_over(both: Any) -> None:
    """An open proposal, one whose time is over, one that a succession ended, and one whose asker is gone."""
    assert both(giving(UNDECIDED)) == "contribute/no-release"
    assert both(giving(OVER)) == "contribute/expired"
    assert both(bent(giving(), lambda value: said(value, "releases").update(void=True))) == "contribute/no-release"
    assert both(bent(giving(), lambda value: said(value, "members", "curlew").update(status="expelled"))) == "contribute/asker-left"


@attack(
    "custody-request-for-friends",
    Mutation(f"{SIGNER}/custody.js", find="demand(fits(known, clause.open, structure),", replace="demand(true,"),
    Mutation(f"{SIGNER}/custody.js", find="|| table.m !== group.need) return false;", replace=") return false;"),
    Mutation(
        f"{KERNEL}/custodyreview.py", find='    if not _fits(known, clause.get("open"), structure):', replace="    if not structure.of:"
    ),
    Mutation(f"{KERNEL}/custodyreview.py", find='isinstance(seat, dict) and seat.get("status") == "held"', replace='office != ""'),
)
def test_nothing_is_sealed_for_others_than_the_charter_names(both: Any) -> None:
    """Fewer than it asks for, somebody in no office, and somebody whose seat is only said."""
    assert both(sealing({"need": 2, "of": ["heron", "plover", "tern"]})) == ""
    assert both(sealing({"need": 1, "of": ["heron", "plover", "tern"]})) == "seal/not-the-charters"
    assert both(sealing({"need": 2, "of": ["curlew", "heron", "tern"]})) == "seal/not-the-charters"


@attack(
    "custody-request-ready-made",
    Mutation(f"{SIGNER}/custodyrequest.js", find="demand(PAYLOADS[asked](act.body.payload),", replace="demand(true,"),
    Mutation(
        f"{SIGNER}/request.js",
        find="PARTIAL[type](body) : isBody(type, body)",
        replace="isBody(type, body) || PARTIAL[type](body) : isBody(type, body)",
    ),
    Mutation(
        f"{KERNEL}/custodyrequest.py", find='AskedSeal if asked == "seal" else AskedOpening, strict=True', replace="dict, strict=True"
    ),
)
def test_nothing_secret_comes_ready_made(both: Any) -> None:
    """A recipient in a request for a release, an envelope in one for a share, a key in one for a seal."""
    payload = {"resource": "page", "seal": 1, "purpose": text_digest(PURPOSE), "until": FAR}
    asks = HOUSE.asks(
        "tern",
        "propose",
        {"kind": "release", "payload": payload, "not_after": FAR},
        texts={text_digest(PURPOSE): PURPOSE},
        about=HOUSE.about(SEAL),
    )
    assert both(asks) == ""
    assert both(bent(asks, lambda value: value["act"]["body"]["payload"].update(recipient=FRIEND))) == "payload/shape"
    ready = {"release": RELEASE, "envelope": "QUFB" * 16}
    assert both(bent(giving(), lambda value: value["act"].update(body=ready))) == "request/body"
    seal = sealing({"need": 2, "of": ["heron", "plover", "tern"]})
    assert both(bent(seal, lambda value: value["act"]["body"]["payload"].update(key="0" * 64))) == "payload/shape"


@attack(
    "custody-request-lookalike",
    Mutation(
        f"{SIGNER}/custodyrequest.js",
        find="const isName = matches(/^[a-z][a-z0-9_-]{0,63}$/);",
        replace='const isName = (value) => typeof value === "string";',
    ),
    Mutation(
        f"{SIGNER}/payloads.js",
        find="    resource: [isName],\n    seal: [isNumber],\n    structure",
        replace="    resource: [isText],\n    seal: [isNumber],\n    structure",
    ),
)
def test_a_name_that_only_looks_like_another_is_refused(both: Any) -> None:
    """A Cyrillic letter in the request, and in the proposal that its sender claims."""
    wrong = "p\u0430ge"
    assert both(bent(giving(), lambda value: value["about"].update(resource=wrong))) == "request/shape"
    assert both(bent(giving(), lambda value: said(value, "proposals", SEAL)["payload"].update(resource=wrong))) == "payload/shape"


@attack(
    "custody-request-other-purpose",
    Mutation(f"{SIGNER}/telling.js", find="if (payload.purpose !== undefined) shown", replace="if (payload.purpose === null) shown"),
    Mutation(f"{KERNEL}/telling.py", find='if isinstance(payload.get("purpose"), str):', replace='if payload.get("purpose") is None:'),
)
def test_the_purpose_that_is_read_is_the_one_that_was_approved(both: Any) -> None:
    """Another text under its digest, another text beside it, and none."""
    nice = make_text(b"For the spring fair.\n", bytes(16))
    digest = text_digest(PURPOSE)
    swapped = bent(giving(), lambda value: value["texts"].update({digest: base64.b64encode(nice).decode()}))
    assert both(swapped) == "request/text-altered"
    beside = bent(giving(), lambda value: value.update(texts={text_digest(nice): base64.b64encode(nice).decode()}))
    assert both(beside) == "request/text-missing"


def signed(reader: Reader, request: Request | str, name: str = "tern") -> Any:
    """What the page signs of a custodian's part."""
    text = request if isinstance(request, str) else request.to_bytes().decode()
    job = {"given": text, "member": name, "kit": HOUSE.kits[name].keys.to_value(), "now": HOUSE.now}
    return base64.b64decode(reader.ask("sign-custody", **job, secret=HOUSE.kits[name].secret, nonce=bytes(16)))


def test_what_the_page_gives_is_what_the_fold_and_the_asker_take(reader: Reader) -> None:
    """A proof that counts, and an envelope that only the one-off key opens, with the share of its author for this release."""
    proof = HOUSE.asks("plover", "acknowledge", {"what": "share", "of": SEAL}, texts=giving().texts, about=HOUSE.about(SEAL))
    assert HOUSE.append(signed(reader, proof, "plover")).counts
    raw = signed(reader, giving())
    found = parse_envelope(unseal_with(base64.b64decode(parse_entry(raw).body.envelope), [IDENTITY]))
    assert found == HOUSE.share(SEAL, "tern", RELEASE)
    assert HOUSE.append(raw).counts


@attack(
    "custody-envelope-of-another",
    Mutation("reader/src/sealing/envelopes.js", find="demand(found.member === member,", replace="demand(true,"),
    Mutation("reader/src/sealing/envelopes.js", find="  manifest.checkShare(found);", replace="  void manifest;"),
)
def test_an_envelope_holds_its_readers_own_share_or_nothing_is_done(reader: Reader) -> None:
    """Another's share, a share of another seal, and a share that was made up, each rightly encrypted to the reader."""

    def code(made: Any) -> str:
        # The seal's maker chooses what goes into an envelope, so its digest is the record's own.
        house = Keepers("bent keepers", partnered=False, encrypt=lambda raw, recipient: seal_to(made(house, raw, recipient), [recipient]))
        seal = house.seal_up(live=False)
        asks = house.asks("tern", "acknowledge", {"what": "share", "of": seal}, texts=house.objects, about=house.about(seal))
        job = {"given": asks.to_bytes().decode(), "member": "tern", "kit": house.kits["tern"].keys.to_value(), "now": house.now}
        return _code(lambda: reader.ask("sign-custody", **job, secret=house.kits["tern"].secret, nonce=bytes(16)))

    theirs: list[bytes] = []

    def another(house: Keepers, raw: bytes, recipient: str) -> bytes:
        theirs.append(raw)
        return theirs[0]

    def bends(before: bytes, after: bytes) -> Any:
        return lambda house, raw, recipient: raw.replace(before, after)

    assert code(bends(b"none", b"none")) == ""
    assert code(another) == "share/other-member"
    assert code(bends(b'"seal":1', b'"seal":2')) == "share/stale"
    assert code(bends(b'"index":2', b'"index":1')) == "share/wrong"


@attack(
    "signer-wrong-shares",
    Mutation(f"{SIGNER}/releasing.js", find="  checkContribution(found, by, release);", replace="  void release;"),
    Mutation("reader/src/sealing/opening.js", find="if (right.has(member)) {", replace="if (right.size < 0) {"),
)
def test_each_wrong_share_is_named_with_its_giver_and_the_right_ones_open(reader: Reader) -> None:
    """Rubbish, another's, of another release, made up, given twice, not signed by its giver, and one more than needed."""
    house = Keepers("opened keepers", partnered=False, encrypt=lambda raw, recipient: seal_to(raw, [recipient]))
    seal, identity = house.seal_up(), new_identity()
    release = house.release_it("curlew", recipient_of(identity))

    def given(name: str, share: Any, *, by: str = "") -> bytes:
        envelope = base64.b64encode(
            seal_to(share if isinstance(share, bytes) else envelope_bytes(share), [recipient_of(identity)])
        ).decode()
        raw = house.sign(name, "contribute", {"release": release, "envelope": envelope})
        return raw.replace(f'"by":"{name}"'.encode(), f'"by":"{by or name}"'.encode())

    def opened(*leaves: bytes) -> Any:
        sealed = house.objects[house.state.parts["proposals"][seal].payload["sealed"]]
        texts = {hashlib.sha256(raw).hexdigest(): raw for raw in (sealed, *leaves)}
        about = house.about(seal, given=["heron", "plover", "tern"])
        asks = house.asks("curlew", "unseal", {"release": release}, texts=texts, about=about)
        job = {"given": asks.to_bytes().decode(), "member": "curlew", "kit": house.kits["curlew"].keys.to_value(), "now": house.now}
        return reader.ask("open-release", **job, identity=identity)

    right = {name: given(name, house.share(seal, name, release)) for name in ("heron", "plover", "tern")}
    stale = replace(house.share(seal, "tern", release), about=replace(house.made[seal].about, seal=7))
    made_up = replace(house.share(seal, "tern", release), words=house.made[seal].words["heron"])
    for wrong, code in (
        (given("tern", b"rubbish"), "share/envelope"),
        (given("tern", house.share(seal, "plover", release)), "share/other-member"),
        (given("tern", house.share(seal, "tern", "0" * 64)), "share/other-release"),
        (given("tern", house.share(seal, "tern")), "share/other-release"),
        (given("tern", stale), "share/stale"),
        (given("tern", made_up), "share/wrong"),
        (given("heron", b"rubbish", by="tern"), "share/forged"),
    ):
        answer = opened(right["heron"], right["plover"], wrong)
        assert ["tern", code] in answer["verdicts"], (code, answer["verdicts"])
        assert answer["secrets"] == [{"kind": "password", "name": "admin", "value": "dunlin-7"}]
        few = opened(right["heron"], wrong)
        assert (few["secrets"], few["code"]) == (None, "seal/not-enough")
    verdicts = opened(*right.values(), given("plover", house.share(seal, "plover", release)))["verdicts"]
    assert sorted(code for _, code in verdicts) == ["share/duplicate", "surplus", "used", "used"]
