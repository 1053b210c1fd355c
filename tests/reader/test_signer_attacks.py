"""Attacks on whoever signs, held against Python and against the page's own modules; those that need a page are in tests/browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel import b64
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.keys import KitKeys
from commonhold.kernel.kit import Kit
from commonhold.kernel.record.before import before_brief, before_claim
from commonhold.kernel.record.brief import brief_of, check_brief
from commonhold.kernel.record.pin import make_pin, parse_pin
from commonhold.kernel.record.request import MAX_NESTED, Request, parse_given
from commonhold.kernel.record.review import compared, review
from commonhold.kernel.texts import text_digest
from commonhold.testing.house import FAR
from commonhold.testing.requests import BIDI, TEXT, Club, bent
from tests.attacks import Mutation, attack
from tests.cli.houses import command, refused
from tests.reader.node import Reader, RefusedError
from tools.inline import DIST

LONE, CLUB = Club("attacked", partnered=False), Club("partnered")
PIN = make_pin(CLUB.state).to_bytes()
STATEMENT = {"text": text_digest(TEXT), "language": "en"}
OPEN = LONE.propose("heron", "statement", STATEMENT)
HELD = CLUB.propose("heron", "statement", STATEMENT, not_after=CLUB.now + 86_400)
CLUB.tick()
KERNEL, SIGNER = "src/commonhold/kernel/record", "reader/src/signer"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A look at a request by both programs; gives the code of the refusal on which they agree, or nothing."""
    reader = Reader(tmp_path_factory.mktemp("signer"))

    def look(given: Request | str, *, member: str = "tern", kit: KitKeys | None = None, pin: bytes = b"", now: int = 0) -> str:
        text = given if isinstance(given, str) else given.to_bytes().decode()
        keys = kit or LONE.kits[member].keys
        moment = now or CLUB.now + 5
        codes = [
            _code(lambda: _look(text, member, keys, pin, moment)),
            _code(
                lambda: reader.ask(
                    "review", given=text, member=member, kit=keys.to_value(), now=moment, **({"pin": pin.decode()} if pin else {})
                )
            ),
        ]
        assert len(set(codes)) == 1, codes
        return codes[0]

    yield look
    reader.close()


def _look(text: str, member: str, kit: KitKeys, pin: bytes, now: int) -> None:
    request = parse_given(text)
    vouched = pin and request.brief is not None
    before = before_brief(check_brief(brief_of(dict(request.brief or {})), parse_pin(pin))) if vouched else before_claim(request)
    review(request, before, member, kit, now)


def _code(look: Callable[[], Any]) -> str:
    try:
        look()
    except (CommonholdError, RefusedError) as error:
        return error.code
    return ""


def unvouched() -> Request:
    return LONE.asks("tern", "approve", {"proposal": OPEN}, texts={text_digest(TEXT): TEXT})


def vouched(member: str = "tern", *, time: Any = None) -> Request:
    return CLUB.asks(member, "approve", {"proposal": HELD}, texts={text_digest(TEXT): TEXT}, time=time)


@attack(
    "signer-01",
    Mutation(f"{SIGNER}/request.js", find="demand(hex(sha256(raw)) === digest,", replace="demand(true,"),
    Mutation(f"{KERNEL}/request.py", find="if hashlib.sha256(raw).hexdigest() != digest:", replace="if not digest:"),
)
def test_a_text_that_is_not_the_one_of_its_digest_is_refused(both: Any) -> None:
    """What would be read is what would be signed, or nothing is."""
    assert both(unvouched()) == ""
    swapped = bent(unvouched(), lambda value: value["texts"].update({text_digest(TEXT): b64.encode(BIDI)}))
    assert both(swapped) == "request/text-altered"


@attack(
    "signer-02",
    Mutation(f"{SIGNER}/review.js", find='entry?.type === "propose" && entry.id === target', replace='entry?.type === "propose"'),
    Mutation(f"{KERNEL}/review.py", find='entry.type != "propose" or entry.id != target:', replace='entry.type != "propose":'),
)
def test_the_words_of_another_proposal_are_refused(both: Any) -> None:
    """Where nobody vouches, the id of a proposal is the digest of its own words."""
    harmless = LONE.propose("plover", "outing", {"text": text_digest(TEXT)})
    entry = json.loads(LONE.asks("tern", "approve", {"proposal": harmless}).to_bytes())["claim"]["entry"]
    assert both(bent(unvouched(), lambda value: value["claim"].update(entry=entry))) == "request/entry"


@attack(
    "signer-03",
    Mutation(f"{SIGNER}/review.js", find="demand(before.org === request.org,", replace="demand(true,"),
    Mutation(f"{SIGNER}/review.js", find="demand(before.epoch === request.epoch,", replace="demand(true,"),
    Mutation(f"{KERNEL}/review.py", find="if before.org != request.org:", replace="if not before.org:"),
    Mutation(f"{KERNEL}/review.py", find="if before.epoch != request.epoch:", replace="if before.epoch < 0:"),
)
def test_another_organisation_and_another_epoch_are_refused(both: Any) -> None:
    """The checkpoint says of which log, and the pin of which organisation."""
    assert both(bent(unvouched(), lambda value: value.update(org="0" * 64))) == "request/other-org"
    assert both(bent(unvouched(), lambda value: value.update(epoch=3))) == "request/other-epoch"
    assert both(vouched(), kit=CLUB.kits["tern"].keys, pin=make_pin(Club("other").state).to_bytes()) == "brief/other-org"


@attack(
    "signer-04",
    Mutation(
        "reader/src/brief.js", find="demand(pin.policy.time(new Map(signed.map((name) => [name, 0n]))) !== null,", replace="demand(true,"
    ),
    Mutation(f"{KERNEL}/brief.py", find="if pin.policy.time(dict.fromkeys(names, 0)) is None:", replace="if not names:"),
)
def test_one_partner_of_two_is_too_few(both: Any) -> None:
    """The pin's policy is asked, and not whoever sent the request."""
    mine = CLUB.kits["tern"].keys
    assert both(vouched(), kit=mine, pin=PIN) == ""
    alone = vouched(time={"avocet": CLUB.now, "dunlin": CLUB.now})
    said = json.loads(alone.to_bytes())["brief"]["state"].rstrip("\n").rsplit("\n", 1)[0] + "\n"
    assert both(bent(alone, lambda value: value["brief"].update(state=said)), kit=mine, pin=PIN) == "brief/validators"


@attack(
    "signer-05",
    Mutation(f"{SIGNER}/review.js", find='demand(value.kit === id, "kit/not-recorded"', replace='demand(true, "kit/not-recorded"'),
    Mutation(f"{SIGNER}/review.js", find="same(canonicalBytes(value.keys[id]), canonicalBytes(kitValue(this.kit))),", replace="true,"),
    Mutation(f"{KERNEL}/review.py", find='if value.get("kit") != self.kit.key_id:', replace='if not value.get("kit"):'),
    Mutation(f"{KERNEL}/review.py", find="keys.get(self.kit.key_id) != self.kit.to_value():", replace="self.kit.key_id not in keys:"),
)
def test_another_kit_and_a_foreign_recipient_are_refused(both: Any) -> None:
    """Both halves of the recorded kit are this kit's."""
    assert both(unvouched(), kit=LONE.kits["plover"].keys) == "kit/not-recorded"

    def foreign(value: dict[str, Any]) -> None:
        row = next(row for row in value["claim"]["values"] if row["part"] == "members")
        row["value"]["keys"][LONE.kits["tern"].key_id]["age"] = LONE.kits["plover"].keys.age

    assert both(bent(unvouched(), foreign)) == "kit/foreign-recipient"


@attack(
    "signer-06",
    Mutation(f"{SIGNER}/review.js", find="demand(now - time <= STALE_SECONDS,", replace="demand(true,"),
    Mutation(f"{SIGNER}/review.js", find='demand(!isOver, "request/expired"', replace='demand(true, "request/expired"'),
    Mutation(f"{SIGNER}/review.js", find='demand(status === "open" || isRatifying,', replace="demand(true,"),
    Mutation(f"{KERNEL}/before.py", find="if now - before.time > STALE_SECONDS:", replace="if now < 0:"),
    Mutation(f"{KERNEL}/review.py", find='found["not_after"] < max(before_time or 0, self.now)', replace="self.now < 0"),
    Mutation(f"{KERNEL}/review.py", find='if status != "open" and not ratifying:', replace="if not status:"),
)
def test_what_is_over_is_not_signed(both: Any) -> None:
    """An old request is refused by its proof's age, by its own end, and by what became of the proposal."""
    mine, asked = CLUB.kits["tern"].keys, vouched()
    assert both(asked, kit=mine, pin=PIN, now=CLUB.now + 8 * 86_400) == "request/stale"
    assert both(asked, kit=mine, pin=PIN, now=CLUB.now + 2 * 86_400) == "request/expired"
    gone = LONE.propose("heron", "outing", {"text": text_digest(TEXT)})
    before = LONE.asks("tern", "approve", {"proposal": gone}, texts={text_digest(TEXT): TEXT})
    assert both(before) == ""
    LONE.do("heron", "withdraw", what="proposal", of=gone)
    assert both(LONE.asks("tern", "approve", {"proposal": gone}, texts={text_digest(TEXT): TEXT})) == "act/closed"


@attack(
    "signer-07",
    Mutation(f"{SIGNER}/request.js", find="demand(parts <= MAX_NESTED,", replace="demand(true,"),
    Mutation(f"{KERNEL}/request.py", find='if sum(map(raw.count, (b"{", b"[", b","))) > MAX_NESTED:', replace="if not raw:"),
)
def test_what_has_too_many_parts_is_not_built(both: Any) -> None:
    """Parts are counted before anything is made of them."""
    many = bent(unvouched(), lambda value: value.update(urls=[[] for _ in range(MAX_NESTED)]))
    assert both(many) == "request/parts"


@attack(
    "signer-08",
    Mutation(f"{SIGNER}/request.js", find="for (const url of value) demand(isUrl(url),", replace="for (const url of value) demand(true,"),
    Mutation(f"{KERNEL}/request.py", find="if len(url) > MAX_URL or not _URL.fullmatch(url):", replace="if not url:"),
)
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://knot.example/",
        "https://heron:x@knot.example/",
        "https://knot.example/?a=b",
        "https://knot.example/#x",
        "file:///etc",
        "//x",
    ],
)
def test_an_address_that_a_signer_sends_nothing_to_refuses_the_request(both: Any, url: str) -> None:
    """https, or this very machine; no user, no query, no fragment."""
    assert both(bent(unvouched(), lambda value: value.update(urls=[url]))) == "request/url"


@attack(
    "signer-12",
    Mutation(
        f"{SIGNER}/review.js", find='demand((body.key ?? keyId) === keyId, "act/fingerprint"', replace='demand(true, "act/fingerprint"'
    ),
    Mutation(f"{KERNEL}/review.py", find='if body.get("key", key_id) != key_id:', replace="if not key_id:"),
)
def test_a_key_that_nobody_compared_is_not_signed(tmp_path: Path) -> None:
    """The key is the one whose words were heard; a request that names another is refused."""
    gull, own = Kit(bytes(range(32))), Kit(bytes(range(1, 33)))
    admission = LONE.propose("plover", "admit", {"member": "gull", "keys": [gull.keys.to_value()]}, not_after=FAR)
    asked = LONE.asks("tern", "approve", {"proposal": admission, "key": own.key_id})
    found = review(asked, before_claim(asked), "tern", LONE.kits["tern"].keys, LONE.now)
    assert _code(lambda: compared(found, gull.key_id)) == "act/fingerprint"
    plain = replace(found, request=replace(asked, body={"proposal": admission}))
    assert compared(plain, gull.key_id)["key"] == gull.key_id
    reader = Reader(tmp_path)
    job = {"given": asked.to_bytes().decode(), "member": "tern", "kit": LONE.kits["tern"].keys.to_value(), "now": LONE.now}
    signing = {"secret": LONE.kits["tern"].secret, "nonce": bytes(16)}
    assert _code(lambda: reader.ask("sign-request", **job, **signing)) == "act/fingerprint"
    reader.close()


@attack("signer-13", Mutation("src/commonhold/cli/signer.py", find="if own != found:", replace="if not found:"))
def test_a_copy_of_the_page_that_is_another_is_told_apart(tmp_path: Path) -> None:
    """One byte is enough; the very same page passes, and both digests are named."""
    own = tmp_path / "signer.html"
    assert command("signer", "-o", own).code == 0
    assert own.read_bytes() == (DIST / "signer.html").read_bytes()
    assert command("signer", "--check", own, "--json").json["sha256"]
    other = tmp_path / "other.html"
    other.write_bytes(own.read_bytes().replace(b"https: http", b"* http", 1))
    refused(command("signer", "--check", other), 1, "is not the signer.html of this version", "SHA-256")
    assert command("signer").code == 2
    assert command("signer", "-o", own, "--check", own).code == 2
