"""Answers as plain data, for programs (docs/formats/partner-node.md)."""

from __future__ import annotations

from typing import Any

from commonhold.pages.check.facts import Answer, Finding, Organisation


def answer_value(found: Answer) -> dict[str, Any]:
    """An answer as plain data."""
    return {
        "verdict": found.told.code,
        "words": found.told.words,
        "official": found.told.is_yes,
        "read_as": found.read_as,
        "findings": [_finding_value(one) for one in found.findings],
    }


def _finding_value(one: Finding) -> dict[str, Any]:
    decision = one.decision
    value: dict[str, Any] = {"verdict": one.told.code, "words": one.told.words, "where": one.told.where, "org": one.organisation.id}
    if decision is not None:
        value["decided"] = {
            "proposal": decision.id,
            "kind": decision.kind,
            "code": decision.code,
            "by": list(decision.by),
            "articles": list(decision.articles),
            "index": decision.entry,
            "time": decision.time,
        }
    if one.text is not None:
        value["text"] = one.text
    return {**value, "rests_on": _rests_value(one.organisation)}


def _rests_value(one: Organisation) -> dict[str, Any]:
    return {"replayed": one.entries, "epoch": one.epoch, "partners": list(one.signed.names), "time": one.signed.time}


def organisation_value(one: Organisation) -> dict[str, Any]:
    """An organisation as plain data."""
    return {
        "org": one.id,
        "name": one.name,
        "verdict": one.told.code,
        "words": one.told.words,
        "official": one.told.is_yes,
        "mirror": one.mirror,
        "rests_on": _rests_value(one),
        "channels": [{"address": each.address, "status": each.status, "to": each.to} for each in one.channels],
        "statements": [{"text": each.digest, "code": each.decision.code, "held": each.text is not None} for each in one.statements],
        "epochs": [{"epoch": each.number, "origin": each.origin, "since": each.since} for each in one.line],
        "alarms": [each.id for each in one.alarms],
        "releases": [each.as_value() for each in one.releases],
    }
