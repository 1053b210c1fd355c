"""Where these pages stand in the shell."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, include, path
from wagtail import hooks

from commonhold.house.core.menu import Item
from commonhold.kernel.messages import N_


@hooks.register("register_admin_urls")
def urls() -> Sequence[URLPattern | URLResolver]:
    """The pages of this concern."""
    return [path("", include("commonhold.house.custody.urls"))]


@hooks.register("register_admin_menu_item")
def item() -> Item:
    """What we depend on, and who could take it."""
    return Item(N_("Custody"), "custody", icon_name="key", order=150)
