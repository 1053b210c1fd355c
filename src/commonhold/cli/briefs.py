"""Brief proofs on the command line: asking partners for one (``prove --partner``), and checking one against a pin (``verify --pin``)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commonhold.cli.output import emit, note, printable
from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, StoreError

if TYPE_CHECKING:
    from commonhold.kernel.record.brief import CheckedBrief
    from commonhold.kernel.record.pin import Pin
    from commonhold.kernel.record.verdict import Verdict

_DIGITS = 64


def prove_by_partners(
    entry: str, out: Path, house: Path | str, partners: tuple[str, ...], pin_file: Path | None, org: str, *, as_json: bool
) -> None:
    """Ask partners for a brief proof, put their answers together, and write it.

    Raises:
        click.UsageError: if nobody can be asked, or the entry cannot be told. CommonholdError: as partners refuse and answers are refused.
    """
    from dataclasses import replace  # noqa: PLC0415 - kept out of `--help`

    from commonhold.store.asking import ask_together, lead_on, mirror_of  # noqa: PLC0415
    from commonhold.store.keyfile import write_new  # noqa: PLC0415

    pin = None if pin_file is None else read_pin(pin_file, org)
    places = partners or (pin.urls if pin is not None else ())
    if not places:
        raise click.UsageError("name the partners to ask, with --partner; the pin holds no address of any.")
    mirrors = tuple(dict.fromkeys(mirror_of(place, org or (pin.org if pin is not None else "")) for place in places))
    led = [lead_on(mirror) for mirror in mirrors]
    mirrors, told = tuple(mirror for mirror, _ in led), [other for _, other in led]
    if pin is None:
        pin = _one_pin(told, mirrors)
    name, keys = _asked_for(entry, house)
    if any(other.partners != pin.partners for other in told):
        # Partners have followed one another since: the proof shows who they are now, so that their time counts.
        keys.append(("partners", "policy"))
    later = {party.key for other in told for party in other.policy.witnesses.values()}
    brief, checked = ask_together(mirrors, name, keys, pin, later)
    brief = replace(brief, texts=_texts(checked, house))
    raw = brief.to_bytes()
    write_new(out, raw + b"\n")
    value = {"file": str(out), "bytes": len(raw) + 1, "org": pin.org, "size": checked.size, "partners": list(checked.validators)}
    emit(
        as_json,
        value,
        lambda: (
            f"wrote the brief proof to {printable(out)} ({len(raw) + 1} bytes), signed by {printable(', '.join(checked.validators))}; "
            f"check it with: commonhold verify {printable(out)} --pin PIN"
        ),
    )
    for part, key in keys[:1]:
        if (part, key) in checked.values and checked.values[part, key] is None and not as_json:
            note(
                f"It shows that the record holds nothing under exactly {part}/{key}; another spelling is another name. "
                "`commonhold check` finds an address however it is written."
            )


def read_pin(path: Path, org: str = "") -> Pin:
    """The pin in a file, which must be that of *org* if that is given.

    Raises:
        ProofError: ``pin/other-org``. FormatError, RuleError, StoreError: if it is none, or cannot be read.
    """
    from commonhold.kernel.record.pin import MAX_PIN_BYTES, parse_pin  # noqa: PLC0415 - kept out of `--help`
    from commonhold.store.keyfile import read_small  # noqa: PLC0415

    pin = parse_pin(read_small(path, max_size=MAX_PIN_BYTES + 1, what="a pin"))
    if org and pin.org != org:
        raise ProofError(
            f"{path} is the pin of {pin.org}, not of {org}",
            code="pin/other-org",
            next_step="Take the pin of the organisation that you mean.",
        )
    return pin


def judge_brief_file(raw: bytes, pin_file: Path | None, org: str, text: Path | None) -> tuple[dict[str, Any], list[str], Verdict]:
    """What a brief proof shows under a pin: as data, as lines for people, and the verdict.

    Raises:
        FormatError: ``brief/no-pin`` without a pin. ProofError, FormatError, RuleError, StoreError: as the proof or the pin is refused.
    """
    from commonhold.cli.words import moment  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.brief import check_brief, parse_brief  # noqa: PLC0415
    from commonhold.kernel.record.briefverdict import judge_brief  # noqa: PLC0415

    if pin_file is None:
        raise FormatError(
            "a brief proof rests on partners' word, and only a pin says whose word you take",
            code="brief/no-pin",
            next_step="Give --pin FILE. `commonhold pin PLACE -o FILE` makes one from a record; compare its six words with somebody you trust.",
        )
    pin, brief = read_pin(pin_file, org), parse_brief(raw)
    checked, now = check_brief(brief, pin), int(time.time())
    verdict = judge_brief(checked, now)
    value: dict[str, Any] = {
        "org": pin.org,
        "entries": checked.size,
        "root": checked.root.hex(),
        "epoch": checked.epoch,
        "freshness": {"clock": checked.time, "attested": checked.size},
        "partners": {"vouch": list(checked.validators), "mirror": dict(sorted(checked.mirrors.items()))},
        "pin": " ".join(pin.fingerprint()),
        "refused": [],
        "decided": [],
    }
    lines = [
        f"organisation {pin.org}",
        f"entries      {checked.size}, of epoch {checked.epoch}; replayed by the partners, and not here",
        f"freshness    {printable(', '.join(sorted(checked.mirrors)))} stood behind it at {moment(checked.time)}",
        f"your pin     {value['pin']}",
    ]
    about, shown = _entry(checked)
    values, rows = _values(checked, now)
    value |= {"values": values, **about}
    verdict = _compare(value, verdict, checked, text)
    return value, lines + shown + rows + _texts_shown(value, checked), verdict


def _asked_for(entry: str, house: Path | str) -> tuple[str, list[tuple[str, str]]]:
    """What to ask a partner for: an entry by its id or number, or a key of the state."""
    from commonhold.kernel.record.state import PARTS  # noqa: PLC0415 - kept out of `--help`

    part, found, key = entry.partition("/")
    if found and part in PARTS:
        return "", [(part, _whole_id(key, house) if part == "proposals" else key)]
    if (entry.isascii() and entry.isdecimal() and len(entry) <= 12) or len(entry) == _DIGITS:
        return entry.lower(), []
    from commonhold.cli.prove import find_entry  # noqa: PLC0415
    from commonhold.cli.reading import read_place  # noqa: PLC0415

    try:
        read = read_place(house, whole=True)
    except StoreError:
        raise click.UsageError("a partner is asked for an entry by its number or by all 64 digits of its id, or for PART/KEY.") from None
    outcome = read.outcomes[find_entry(read, entry)]
    return (outcome.entry.id if outcome.entry is not None else str(outcome.index)), []


def _whole_id(typed: str, house: Path | str) -> str:
    """A proposal's whole id: partners know none by its beginning, and would prove that there is nothing of that name."""
    if len(typed) == _DIGITS:
        return typed.lower()
    from commonhold.cli.acting import find_proposal  # noqa: PLC0415 - kept out of `--help`
    from commonhold.cli.reading import read_place  # noqa: PLC0415

    try:
        return find_proposal(read_place(house, whole=True).state, typed)
    except StoreError:
        raise click.UsageError("a partner is asked for a proposal by all 64 digits of its id; or give --house, the record.") from None


def _one_pin(pins: list[Pin], mirrors: tuple[str, ...]) -> Pin:
    words = {mirror: " ".join(pin.fingerprint()) for mirror, pin in zip(mirrors, pins, strict=True)}
    if len(set(words.values())) > 1:
        raise ProofError(
            f"the partners do not name the same partners: {'; '.join(f'{where}: {said}' for where, said in words.items())}",
            code="pin/disagree",
            next_step="Give the pin that you trust with --pin.",
            data={"words": words},
        )
    return pins[0]


def _texts(checked: CheckedBrief, house: Path | str) -> Mapping[str, bytes]:
    """The texts that the proposals in a proof name, as far as the house has them."""
    from commonhold.store.objects.remote import objects_at  # noqa: PLC0415 - kept out of `--help`

    objects, texts = objects_at(house), {}
    for digest in _named(checked):
        try:
            texts[digest] = objects.get(digest)
        except CommonholdError:
            # Erased, or not here; what was decided can be proved without it.
            continue
    return texts


def _named(checked: CheckedBrief) -> list[str]:
    """The digests of texts that what is shown was decided about."""
    payloads = [value["payload"] for (part, _), value in checked.values.items() if part == "proposals" and value is not None]
    payloads += [
        value["value"] for (part, _), value in checked.values.items() if part in ("statements", "resolutions") and value is not None
    ]
    return list(dict.fromkeys(payload["text"] for payload in payloads if isinstance(payload.get("text"), str)))


def _entry(checked: CheckedBrief) -> tuple[dict[str, Any], list[str]]:
    from commonhold.kernel.record.briefverdict import shown_entry  # noqa: PLC0415 - kept out of `--help`

    if checked.entry is None:
        return {}, []
    entry, index = shown_entry(checked), checked.entry.index
    if entry is None:
        return {"entry": {"index": index, "counts": False, "why": "it is no entry of this organisation"}}, [
            f"entry {index:<6} is no valid act"
        ]
    return (
        {"entry": {"index": index, "id": entry.id, "type": entry.type, "by": entry.by}},
        [f"entry {index:<6} {printable(entry.type)} by {printable(entry.by or 'the partners')}"],
    )


def _values(checked: CheckedBrief, now: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Each key that the proof shows, with its own verdict."""
    from commonhold.cli.words import articles_words, payload_words  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.record.briefverdict import judge_shown  # noqa: PLC0415

    values: list[dict[str, Any]] = []
    lines = []
    for (part, key), value in checked.values.items():
        row: dict[str, Any] = {"part": part, "key": key}
        if value is None:
            lines.append(f"  nothing    {printable(part)}/{printable(key)}, spelt exactly so")
        else:
            row["value"] = value
        if part in ("channels", "statements", "works", "resources", "resolutions"):
            verdict = judge_shown(checked, part, key, now)
            row |= {"verdict": verdict.code, "words": verdict.words}
            if value is not None:
                lines.append(f"  {part:<10} {printable(key)}: {verdict.words}")
        elif part == "proposals" and value is not None:
            lines += [
                f"what         {payload_words(value['kind'], value['payload'])}",
                f"status       {printable(value.get('status', 'open'))}",
                f"approved by  {printable(', '.join(sorted(value['approvals'])) or 'nobody')}",
                f"under        {articles_words(value['articles'])} of the charter in force when it was proposed",
            ]
        elif value is not None:
            lines.append(f"  shows      {printable(part)}/{printable(key)}")
        values.append(row)
    return values, lines


def _compare(value: dict[str, Any], verdict: Verdict, checked: CheckedBrief, text: Path | None) -> Verdict:
    """The verdict, once a file is compared with the texts of what is shown."""
    from commonhold.kernel.record.verdict import CANNOT_JUDGE, Verdict  # noqa: PLC0415 - kept out of `--help`
    from commonhold.kernel.texts import MAX_TEXT_BYTES, parse_text  # noqa: PLC0415
    from commonhold.store.keyfile import read_small  # noqa: PLC0415

    if text is None or not verdict.is_yes:
        return verdict
    given = read_small(text, max_size=MAX_TEXT_BYTES, what="a text")
    here = [checked.texts[digest] for digest in _named(checked) if digest in checked.texts]
    if any(parse_text(raw)[1] == given for raw in here):
        value["text_says"] = f"{text} is the text that this proof is about"
        return verdict
    if here:
        raise ProofError(
            f"{text} is not the text that this proof is about",
            code="verify/other-text",
            next_step="The text that it is about is shown when --text is left out.",
        )
    value["text_says"] = f"{text} was not compared: the proof does not hold the text"
    return Verdict(CANNOT_JUDGE, "cannot judge: the proof does not hold the text, so nothing could be compared with it", verdict.rests_on)


def _texts_shown(value: dict[str, Any], checked: CheckedBrief) -> list[str]:
    from commonhold.kernel.texts import parse_text  # noqa: PLC0415 - kept out of `--help`

    lines: list[str] = []
    for digest in _named(checked):
        if digest in checked.texts:
            body = parse_text(checked.texts[digest])[1].decode("utf-8")
            value["text"] = body
            lines += ["", printable(body, multiline=True).rstrip()]
    return lines
