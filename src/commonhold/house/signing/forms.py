"""One form for each kind of decision that a page can ask for; each gives a payload and the texts that it names.

What a form cannot say (an amendment, a new member's key, a partner policy) is prepared by the concern that knows it, and comes here as a whole payload.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from django import forms

from commonhold.house.signing.services import new_text
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.messages import N_
from commonhold.kernel.record.payloads import parse_payload
from commonhold.kernel.record.state import State
from commonhold.pages.language import CODES, Language, language

Made = tuple[dict[str, Any], dict[str, bytes]]
MAX_PAYLOAD: Final = 60_000


class Asked(forms.Form):
    """A form for decisions of one kind.

    Args:
        state: who and what there is to choose from.
        spoken: the language of its labels.
    """

    labels: Mapping[str, str] = {}
    helps: Mapping[str, str] = {}

    def __init__(self, *args: Any, kind: str, state: State, spoken: Language, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.kind, self.state, self.spoken = kind, state, spoken
        for name, field in self.fields.items():
            field.label = spoken.plainly(self.labels.get(name, _LABELS.get(name, name)))
            help_ = self.helps.get(name, _HELPS.get(name, ""))
            field.help_text = spoken.plainly(help_) if help_ else ""
        self.choose()

    def choose(self) -> None:
        """Fill in what can be chosen."""

    def made(self) -> Made:
        """The payload, and the texts that it names; the form is valid."""
        return dict(self.cleaned_data), {}

    def clean(self) -> dict[str, Any]:
        """Hold the payload to its shape, so that its author learns of a mistake here."""
        super().clean()
        if not self.errors:
            try:
                parse_payload(self.kind, self.made()[0])
            except CommonholdError as error:
                self.add_error(None, f"{error} {error.next_step or ''}".strip())
        return self.cleaned_data


def _members(state: State) -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(name for name, _ in state.active_members())]


class OfficeForm(Asked):
    """A seat, for whom."""

    office = forms.ChoiceField()
    member = forms.ChoiceField()

    def choose(self) -> None:
        """The charter's offices, and the members."""
        _choices(self, "office", [(name, name) for name in self.state.charter.offices])
        _choices(self, "member", _members(self.state))


class MemberForm(Asked):
    """Somebody."""

    member = forms.ChoiceField()

    def choose(self) -> None:
        """The members."""
        _choices(self, "member", _members(self.state))


class StatementForm(Asked):
    """Words, and their language."""

    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 12}), max_length=200_000, strip=False)
    language = forms.ChoiceField()

    def choose(self) -> None:
        """The house's languages, by their own names."""
        _choices(self, "language", [(code, language(code).name) for code in CODES])
        self.fields["language"].initial = self.spoken.code

    def made(self) -> Made:
        """The text becomes an object."""
        digest, raw = new_text(self.cleaned_data["text"])
        return {"text": digest, "language": self.cleaned_data["language"]}, {digest: raw}


class ResolutionForm(Asked):
    """Words, and money where it is about money."""

    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 8}), max_length=200_000, strip=False)
    amount = forms.IntegerField(required=False, min_value=0, max_value=10**12)
    currency = forms.RegexField(r"\A[A-Z]{3}\Z", required=False)

    def made(self) -> Made:
        """The text becomes an object; money is left out where there is none."""
        digest, raw = new_text(self.cleaned_data["text"])
        payload: dict[str, Any] = {"text": digest}
        if self.cleaned_data.get("amount"):
            payload |= {"amount": self.cleaned_data["amount"], "currency": self.cleaned_data.get("currency") or ""}
        return payload, {digest: raw}


class ChannelForm(Asked):
    """An address that speaks for the organisation."""

    op = forms.ChoiceField()
    address = forms.CharField(max_length=400)
    to = forms.CharField(max_length=400, required=False)

    def choose(self) -> None:
        """What may be done with it."""
        say = self.spoken.plainly
        _choices(self, "op", [("add", say(N_("Add"))), ("strike", say(N_("Strike"))), ("move", say(N_("Move")))])

    def made(self) -> Made:
        """The second address only where it moves."""
        payload = {"op": self.cleaned_data["op"], "address": self.cleaned_data["address"]}
        if payload["op"] == "move":
            payload["to"] = self.cleaned_data.get("to", "")
        return payload, {}


class EntrustForm(Asked):
    """Who looks after something."""

    resource = forms.CharField(max_length=64)
    holders = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)

    def choose(self) -> None:
        """The members."""
        self.fields["holders"].choices = _members(self.state)  # type: ignore[attr-defined] # a choice field, as declared


class PublishForm(Asked):
    """A work that the house keeps."""

    work = forms.RegexField(r"\A[0-9a-f]{64}\Z")


class EraseForm(Asked):
    """Objects that go for good."""

    objects = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}))

    def made(self) -> Made:
        """One digest for each word."""
        return {"objects": self.cleaned_data["objects"].split()}, {}


class OriginForm(Asked):
    """An address whose passkeys stop counting."""

    origin = forms.CharField(max_length=400)
    lift = forms.BooleanField(required=False)

    def made(self) -> Made:
        """Lifting is said only where it is meant."""
        return {"origin": self.cleaned_data["origin"], **({"lift": True} if self.cleaned_data["lift"] else {})}, {}


class WholeForm(Asked):
    """A payload that another page prepared, or that somebody writes by hand."""

    payload = forms.CharField(widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}), max_length=MAX_PAYLOAD)

    def clean_payload(self) -> dict[str, Any]:
        """A JSON object."""
        try:
            found = json.loads(self.cleaned_data["payload"])
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise forms.ValidationError(
                self.spoken.plainly(N_("This is no JSON object. Correct it, or begin from the page that prepares it."))
            )
        return found

    def made(self) -> Made:
        """As it was given."""
        return dict(self.cleaned_data["payload"]), {}


def _choices(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    form.fields[name].choices = choices  # type: ignore[attr-defined] # a choice field, as declared


FORMS: Final[Mapping[str, type[Asked]]] = {
    "appoint": OfficeForm,
    "channel": ChannelForm,
    "depart": MemberForm,
    "dismiss": OfficeForm,
    "entrust": EntrustForm,
    "erase": EraseForm,
    "expel": MemberForm,
    "publish": PublishForm,
    "statement": StatementForm,
    "suspend-origin": OriginForm,
}
WHOLE: Final = frozenset({"admit", "amend", "delegate", "partner", "recover-member", "rotate-key", "succeed"})
"""Kinds whose payload another page prepares."""
ELSEWHERE: Final = frozenset({"emergency-release", "release", "seal"})
"""Kinds that begin where the secret is: in the signer, or on the command line."""

_LABELS: Final[Mapping[str, str]] = {
    "address": N_("Address"),
    "amount": N_("Amount, in the charter's unit"),
    "currency": N_("Currency, three letters"),
    "holders": N_("Who looks after it"),
    "language": N_("Language of the text"),
    "lift": N_("It is in the right hands again: let its passkeys count"),
    "member": N_("Member"),
    "objects": N_("Digests of the objects, one in a line"),
    "office": N_("Office"),
    "op": N_("What is to be done"),
    "origin": N_("Address whose passkeys are to stop counting"),
    "payload": N_("The whole payload, as JSON"),
    "resource": N_("What it is about: a page, a channel, a domain"),
    "text": N_("Text"),
    "to": N_("New address, if it moves"),
    "work": N_("Digest of the work"),
}
_HELPS: Final[Mapping[str, str]] = {
    "address": N_("As people type it, such as https://saltmarsh.example/"),
    "text": N_("The record holds its digest alone; the words can be erased later by a decision."),
    "work": N_("`commonhold work add` gives it: 64 digits."),
}


def form_for(kind: str) -> type[Asked]:
    """The form for decisions of a kind."""
    return FORMS.get(kind, WholeForm if kind in WHOLE else ResolutionForm)
