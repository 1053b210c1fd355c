"""Where acts on their way stand in the shell."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, include, path
from wagtail import hooks

from commonhold.house.core.menu import Item
from commonhold.kernel.messages import N_


@hooks.register("register_admin_urls")
def urls() -> Sequence[URLPattern | URLResolver]:
    """The pages of this concern."""
    return [path("", include("commonhold.house.signing.urls"))]


@hooks.register("register_admin_menu_item")
def propose() -> Item:
    """Where a decision begins."""
    return Item(N_("Propose"), "propose-kinds", icon_name="edit", order=105)


@hooks.register("register_admin_menu_item")
def drafts() -> Item:
    """What waits for a signature of one's own."""
    return Item(N_("To sign"), "drafts", icon_name="key", order=106)
