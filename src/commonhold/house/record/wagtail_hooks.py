"""Where the record's pages stand in the shell."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, include, path
from wagtail import hooks

from commonhold.house.core.menu import Item
from commonhold.kernel.messages import N_


@hooks.register("register_admin_urls")
def urls() -> Sequence[URLPattern | URLResolver]:
    """The pages of this concern."""
    return [path("", include("commonhold.house.record.urls"))]


@hooks.register("register_admin_menu_item")
def home() -> Item:
    """What needs its reader."""
    return Item(N_("Home"), "home", icon_name="home", order=10)


@hooks.register("register_admin_menu_item")
def decisions() -> Item:
    """What is being decided, and what was."""
    return Item(N_("Decisions"), "decisions", icon_name="check", order=110)


@hooks.register("register_admin_menu_item")
def record() -> Item:
    """Everything that was signed, in its order."""
    return Item(N_("Record"), "record", icon_name="history", order=120)
