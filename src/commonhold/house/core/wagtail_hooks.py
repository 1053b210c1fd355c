"""What the shell does without: pages that nobody here uses."""

from __future__ import annotations

from django.http import HttpRequest
from wagtail import hooks
from wagtail.admin.menu import MenuItem

_KEPT = frozenset(
    {"home", "propose-kinds", "drafts", "decisions", "record", "charter", "people", "custody", "partners", "invite", "images", "documents"}
)


@hooks.register("construct_main_menu")
def only_ours(request: HttpRequest, items: list[MenuItem]) -> None:
    """Leave out Wagtail's pages, reports and settings: no member has a use for them here."""
    del request
    items[:] = [item for item in items if item.name in _KEPT]
