"""A page in the shell: its title said in the reader's language."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from commonhold.house.core.speech import language_of


def page(
    request: HttpRequest,
    template: str,
    title: str,
    icon: str,
    /,
    *,
    status: int = HTTPStatus.OK,
    named: dict[str, object] | None = None,
    **context: Any,
) -> HttpResponse:
    """A page of the house.

    Args:
        title: an English sentence of the catalogues; *named* is put into it.
    """
    context |= {"page_title": language_of(request).plainly(title, **(named or {})), "page_icon": icon}
    return render(request, template, context, status=status)
