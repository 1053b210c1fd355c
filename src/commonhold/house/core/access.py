"""Who a page is for, said at its view; a page that says nothing is for members (``members/middleware`` keeps it so)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.http import HttpResponse

View = TypeVar("View", bound=Callable[..., HttpResponse])
EVERYBODY: Final = "everybody"
ACCOUNTS: Final = "accounts"


def for_everybody(view: View) -> View:
    """A page that strangers see."""
    view.is_for = EVERYBODY  # type: ignore[attr-defined] # what wraps a view copies its attributes
    return view


def for_accounts(view: View) -> View:
    """A page for whoever is signed in, member or not."""
    view.is_for = ACCOUNTS  # type: ignore[attr-defined] # as above
    return view


def is_for(view: Any) -> str:
    """Who a view is for; empty for members."""
    return str(getattr(view, "is_for", ""))
