"""A page as PDF, by WeasyPrint (the extra ``paper``), which needs Pango from the system.

Nothing is fetched for it: whatever a page names, the renderer gets only the page itself. Where the renderer is missing, the refusal names the package.
"""

from __future__ import annotations

import logging
from typing import NoReturn

from commonhold.kernel.errors import StoreError


def render_pdf(page: str) -> bytes:
    """A whole HTML document, made for paper, as the bytes of a PDF.

    Raises:
        StoreError: ``pdf/renderer`` where WeasyPrint is not installed, ``pdf/library`` where it does not find its system library, ``pdf/failed`` where it
            cannot render the page.
    """
    try:
        import weasyprint  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra, and two seconds to load
    except ImportError:
        raise StoreError(
            "no PDF can be made here: the renderer WeasyPrint is not installed",
            code="pdf/renderer",
            next_step="Run `pip install 'commonhold[paper]'`, or print the HTML report from a browser.",
        ) from None
    except OSError as error:
        raise StoreError(
            f"no PDF can be made here: the renderer finds no system library ({str(error)[:120]})",
            code="pdf/library",
            next_step="Run `apt install libpango-1.0-0 libpangoft2-1.0-0` (or what your system calls Pango), or print the HTML report from a browser.",
        ) from None

    class Nothing(weasyprint.urls.URLFetcher):  # type: ignore[misc] # WeasyPrint has no types
        """What the renderer asks for addresses: it gets none."""

        def fetch(self, url: str, *_: object, **__: object) -> NoReturn:
            raise ValueError(f"nothing is fetched for a page: {url[:80]}")

    # It speaks about every rule of CSS that is not for paper.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    try:
        raw: bytes = weasyprint.HTML(string=page, base_url=None, url_fetcher=Nothing()).write_pdf()
    except Exception as error:
        raise StoreError(
            f"the renderer could not make a PDF of this page: {type(error).__name__}",
            code="pdf/failed",
            next_step="Print the HTML report from a browser.",
        ) from error
    return raw
