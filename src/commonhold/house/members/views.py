"""Coming in and going out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def sign_in(request: HttpRequest) -> HttpResponse:
    """The page at which a passkey is asked for."""
    return render(request, "members/sign_in.html")
