"""Laws about PDF: one sheet for a board, nothing fetched, and a refusal that names the package where there is no renderer."""

from __future__ import annotations

import builtins
import contextlib
import dataclasses
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from commonhold.kernel.custody.interview import Thing, plan
from commonhold.kernel.errors import StoreError
from commonhold.pages.custody import full, one_page
from commonhold.pages.interview.reporting import report_of
from commonhold.pages.language import CODES, language
from commonhold.pages.pdf import render_pdf
from tests.interviews import RADIO
from tests.pages.saltmarsh import DAY, report


def without(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    real = builtins.__import__

    def refuse(name: str, *more: Any, **named: Any) -> Any:
        if name == "weasyprint":
            raise error
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)


def test_where_there_is_no_renderer_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads it knows what to install, or prints from a browser."""
    without(monkeypatch, ImportError("No module named 'weasyprint'"))
    with pytest.raises(StoreError) as refused:
        render_pdf("<p>")
    assert refused.value.code == "pdf/renderer"
    assert "commonhold[paper]" in refused.value.next_step


def test_where_the_system_library_is_missing_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip cannot bring Pango, and its own message does not say where it comes from."""
    without(monkeypatch, OSError("cannot load library 'libpango-1.0-0'"))
    with pytest.raises(StoreError) as refused:
        render_pdf("<p>")
    assert refused.value.code == "pdf/library"
    assert "apt install libpango-1.0-0 libpangoft2-1.0-0" in refused.value.next_step
    assert "browser" in refused.value.next_step


@pytest.fixture
def renderer() -> None:
    try:
        import weasyprint  # type: ignore[import-untyped] # noqa: F401
    except (ImportError, OSError) as error:
        pytest.skip(f"no PDF renderer here: {error}")


def sheets(raw: bytes) -> int:
    """How many sheets a PDF has: the objects of pages stand in compressed streams."""
    found = raw
    for at in (match.end() for match in re.finditer(rb"stream\r?\n", raw)):
        with contextlib.suppress(zlib.error):
            found += zlib.decompressobj().decompress(raw[at:])
    return len(re.findall(rb"/Type\s*/Page\b", found))


@pytest.mark.slow
@pytest.mark.usefixtures("renderer")
def test_the_page_for_the_board_fits_on_one_sheet_of_a4() -> None:
    """Eight resources, in English and in a language with other letters and the other direction."""
    for code in ("en", "ar", "ko"):
        raw = render_pdf(one_page(dataclasses.replace(report(code), paper=True)))
        assert raw.startswith(b"%PDF-")
        assert sheets(raw) == 1, code


@pytest.mark.slow
@pytest.mark.usefixtures("renderer")
def test_the_page_of_a_large_interview_fits_on_one_sheet_too() -> None:
    """Seven things, each taken in several ways, with three steps and a note on how to seal a password: in every language."""
    radio = RADIO.interview
    more = (
        Thing(
            "t5",
            "channel",
            "Saltmarsh films on the video platform",
            {"owner": ("p1",), "managers": ("p2",), "reset_mail": ("t3",), "reset_phone": ("t4",)},
        ),
        Thing(
            "t6",
            "donation",
            "donations by card and by mail",
            {"contract": ("p2",), "password": ("p2", "p3"), "reset_mail": ("t3",), "reset_phone": ("t4",)},
        ),
        Thing("t7", "list", "the newsletter's mailing list", {"admins": ("p3",), "reset_mail": ("t3",)}),
    )
    interview = dataclasses.replace(radio, things=(*radio.things, *more))
    found = plan(interview)
    for code in CODES:
        made = report_of(interview, found, language(code), DAY, paper=True)
        assert made.sealing
        assert sheets(render_pdf(one_page(made))) == 1, code


@pytest.mark.slow
@pytest.mark.usefixtures("renderer")
def test_the_full_report_becomes_a_pdf_with_its_pictures() -> None:
    """On several sheets, in Chinese."""
    assert sheets(render_pdf(full(dataclasses.replace(report("zh"), paper=True)))) > 3


@pytest.mark.usefixtures("renderer")
def test_nothing_is_ever_fetched_for_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever address a page may hold, nobody is asked for it, not even the disk; what is not there is left out."""
    import weasyprint

    secret = tmp_path / "secret.css"
    secret.write_text("p { font-size: 99px }")
    monkeypatch.setattr(weasyprint.urls.URLFetcher, "open", lambda *_, **__: pytest.fail("something was fetched"), raising=False)
    page = "<p>x</p><img src='http://reader.example/x.png'>{}<p style='background:url(https://reader.example/y.png)'>y</p>"
    linked = page.format(f"<link rel=stylesheet href='{secret.as_uri()}'>")
    assert len(render_pdf(linked)) == pytest.approx(len(render_pdf(page.format(""))), abs=20)


@pytest.mark.usefixtures("renderer")
def test_a_fault_of_the_renderer_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No foreign exception leaves the boundary."""
    import weasyprint

    monkeypatch.setattr(weasyprint, "HTML", lambda **_: 1 / 0)
    with pytest.raises(StoreError) as refused:
        render_pdf("<p>")
    assert refused.value.code == "pdf/failed"
