"""``commonhold sign``: look at a request and sign it, as signer.html does: the same checks, the same words (DESIGN 3.7, docs/formats/request.md).

The record itself is not read: what counts is what partners vouch for under the signer's pin, or, in an organisation without partners, what the request
says. Whoever has the record signs with the other verbs, which replay it.
"""

from __future__ import annotations

import re
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commonhold.cli.completing import completed, refuse_what_the_page_makes
from commonhold.cli.options import json_option, kit_option, out_option
from commonhold.cli.output import emit, note, printable
from commonhold.kernel.charter.rules import WAYS

if TYPE_CHECKING:
    from commonhold.kernel.kit import Kit
    from commonhold.kernel.record.before import Before
    from commonhold.kernel.record.fact import Fact
    from commonhold.kernel.record.request import Request
    from commonhold.kernel.record.review import Review


@click.command()
@click.argument("request")
@kit_option()
@out_option("Where to write the signed entry.", required=True)
@click.option(
    "--pin", type=click.Path(dir_okay=False, path_type=Path), help="The organisation's pin: whose word you believe about its record."
)
@click.option(
    "--unvouched", is_flag=True, help="Sign although nobody vouches for what the request says (an organisation without partners)."
)
@click.option("--fingerprint", help="The six words that the new member, or the member who lost their kit, read to you; in quotes.")
@click.option("--way", type=click.Choice(WAYS), help="Over what word has reached you, where the request asks for it: say what is true.")
@click.option("--yes", is_flag=True, help="Sign without being asked once more.")
@json_option
def command(
    request: str,
    kit: Path,
    out: Path,
    pin: Path | None,
    unvouched: bool,  # noqa: FBT001 - click passes flags so
    fingerprint: str | None,
    way: str | None,
    yes: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Show what REQUEST (a file, a link, or - for stdin) asks for, and sign it with your kit.

    Nothing is sent: hand the entry in with `commonhold submit`. A request without a proof in it asks the partners whom the pin names.
    """
    from commonhold.kernel.record.request import parse_given  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.review import review  # noqa: PLC0415
    from commonhold.store.keyfile import load_kit, write_new  # noqa: PLC0415

    asked = parse_given(given(request))
    refuse_what_the_page_makes(asked)
    member, secret = load_kit(kit)
    before = _before(asked, pin, member)
    found = review(asked, before, member, secret.keys, int(time.time()))
    lines = words_of(found)
    for line in lines:
        note(line)
    if before.time is None and not unvouched:
        raise click.UsageError("nobody vouches for this; give --unvouched if you want to sign it all the same")
    if way is not None and not found.ways:
        raise click.UsageError("this does not ask over which way word has reached you")
    body = completed(found, member, secret) if found.task is not None else _body(found, fingerprint, way)
    if not yes:
        _ask(member)
    raw = _signed(found, body, member, secret)
    write_new(out, raw + b"\n")
    emit(
        as_json,
        {"file": str(out), "type": asked.type, "number": asked.number, "urls": list(asked.urls), "words": lines},
        lambda: (
            f"signed: {printable(out)}\nnext: commonhold submit {printable(out)} --house {printable(asked.urls[0]) if asked.urls else 'DIR_OR_URL'}"
        ),
    )


def given(place: str) -> str:
    """What was given as an argument, in a file, or on stdin."""
    from commonhold.cli.inputs import STDIN, read_input  # noqa: PLC0415
    from commonhold.kernel.record.request import MAX_REQUEST_BYTES  # noqa: PLC0415

    if place != STDIN and (place.startswith("{") or "#" in place or len(place) > LONGEST_NAME):
        return place
    return read_input(place, max_size=2 * MAX_REQUEST_BYTES, what="a request").decode("utf-8", "replace")


LONGEST_NAME = 1_000
"""Characters of a file's name; what is longer is the thing itself."""


def _before(asked: Request, pin: Path | None, member: str) -> Before:
    from commonhold.cli.briefs import read_pin  # noqa: PLC0415
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.kernel.record.before import before_brief, before_claim  # noqa: PLC0415
    from commonhold.kernel.record.brief import brief_of, check_brief  # noqa: PLC0415
    from commonhold.kernel.record.review import needed  # noqa: PLC0415
    from commonhold.store.asking import MIRROR, ask_together  # noqa: PLC0415

    if pin is None and asked.claim is not None:
        return before_claim(asked)
    if pin is None:
        raise RuleError(
            "partners vouch for this, and without a pin their word cannot be checked",
            code="request/no-pin",
            next_step="Give --pin: the organisation's pin, from paper or from somebody you trust (`commonhold pin`).",
        )
    known = read_pin(pin)
    if known.org != asked.org:
        raise RuleError("the request is about another organisation than the pin", code="request/other-org", next_step="Do not sign it.")
    if asked.brief is not None:
        return before_brief(check_brief(brief_of(dict(asked.brief)), known))
    mirrors = [url for url in dict.fromkeys([*known.urls, *asked.urls]) if MIRROR in url]
    if not mirrors:
        raise RuleError(
            "the organisation has partners, and none of them vouches for this",
            code="request/unvouched",
            next_step="Ask for the request with a proof from partners in it (`commonhold request --partner`).",
        )
    keys = needed(asked.type, asked.body, org=asked.org, epoch=asked.epoch, member=member, about=asked.about)
    return before_brief(ask_together(mirrors, "", [*keys, ("partners", "policy")], known)[1])


def _body(found: Review, said: str | None, way: str | None) -> dict[str, Any]:
    """The body to sign, once a key that must be compared was, and the way is said over which word came."""
    from commonhold.kernel.errors import RuleError  # noqa: PLC0415
    from commonhold.kernel.keys import match_fingerprint, parse_key_value  # noqa: PLC0415
    from commonhold.kernel.record.noticereview import reached  # noqa: PLC0415
    from commonhold.kernel.record.review import compared  # noqa: PLC0415

    if found.ways:
        return reached(found.request.body, found.ways, way or "")
    if not found.compare:
        if said is not None:
            raise click.UsageError("this enrols no key, so there is no fingerprint to compare")
        return dict(found.request.body)
    if said is None:
        raise RuleError(
            "this proposal enrols a key, and its fingerprint has not been compared",
            code="act/fingerprint",
            next_step='Ask the member for their six words, face to face or by telephone, then sign with --fingerprint "six words".',
        )
    errors = []
    for value in found.compare:
        key = parse_key_value(value)
        try:
            match_fingerprint(key, said)
        except RuleError as error:
            errors.append(error)
        else:
            return compared(found, key.key_id)
    raise errors[0]


def _ask(member: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("read the words above; give --yes if you want to sign them")
    note(f"Sign this as {member}? Type {member} to sign.")
    if click.prompt("", prompt_suffix="> ", default="", show_default=False, err=True).strip() != member:
        raise click.UsageError(f"you did not type {member}, so nothing was signed")


def _signed(found: Review, body: Mapping[str, Any], member: str, secret: Kit) -> bytes:
    """The signed entry, with the texts that it names where it is a proposal."""
    from commonhold.kernel.record.entries import signed_bytes, unsigned_entry, with_signature  # noqa: PLC0415
    from commonhold.store.handing import digests_in, pack  # noqa: PLC0415

    before, request = found.before, found.request
    unsigned = unsigned_entry(
        type=request.type,
        org=before.org,
        epoch=before.epoch,
        by=member,
        key=secret.key_id,
        seen=(before.size, before.root),
        nonce=secrets.token_bytes(16),
        body=body,
    )
    raw = with_signature(unsigned, secret.sign(signed_bytes(unsigned)))
    named = frozenset(digests_in(body["payload"])) if request.type == "propose" else frozenset()
    return pack(raw, {digest: text for digest, text in request.texts.items() if digest in named})


def words_of(found: Review) -> list[str]:
    """What is shown before signing, a sentence a line, and each text under its heading: the signer's English."""
    import json  # noqa: PLC0415
    from importlib.resources import files  # noqa: PLC0415

    sentences: dict[str, str] = json.loads(files("commonhold.pages").joinpath("reader", "signer.json").read_text("utf-8"))
    lines = [_sentence(sentences, fact) for fact in found.facts]
    for shown in found.texts:
        lines += ["", f"{_sentence(sentences, shown.heading)}:", printable(shown.text, multiline=True).rstrip()]
    return lines


def _sentence(sentences: Mapping[str, str], fact: Fact) -> str:
    from commonhold.cli.words import moment  # noqa: PLC0415

    def said(place: re.Match[str]) -> str:
        value = fact.values[place[1]]
        return moment(value) if place[1] == "time" and isinstance(value, int) else printable(value)

    # One pass: what a value holds is never taken for a place.
    return re.sub(r"\{(\w+)\}", said, sentences[fact.say])
