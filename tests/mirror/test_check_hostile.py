"""Laws of /check against those who mean harm: nothing that is pasted acts, is kept, or keeps others from being answered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonhold.kernel.errors import FormatError
from commonhold.kernel.record.verdict import UNWITNESSED
from commonhold.mirror.check import board, routes
from commonhold.mirror.check.asking import ask
from commonhold.mirror.check.files import ask_file
from commonhold.mirror.check.forms import parse_form
from commonhold.pages.check import screens
from commonhold.pages.language import language
from tests.attacks import Mutation, attack
from tests.mirror.readers import PAGE, a_record, always_looking, reading

ROUTES = "src/commonhold/mirror/check/routes.py"


@pytest.fixture(autouse=True)
def _always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request looks at the node, so that no test has to wait."""
    always_looking(monkeypatch)


@attack("check-markup", Mutation("src/commonhold/pages/templates.py", find="autoescape=True", replace="autoescape=False"))
@pytest.mark.parametrize(
    "question",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "https://x.example/<svg/onload=alert(1)>", "</textarea><b>bold"],
)
def test_what_is_pasted_is_shown_as_the_letters_that_it_is(tmp_path: Path, question: str) -> None:
    """No tag of it reaches the page, and the page's policy would run none."""
    with reading(tmp_path, a_record()) as reader:
        for answer in (reader.client.post("/check", data={"q": question}), reader.client.get("/check", params={"q": question})):
            assert question not in answer.text
            assert not re.search(r"<(script|img|b|svg/)\b", answer.text)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert not re.search("script-src|unsafe", policy)


@attack(
    "check-flood",
    Mutation(
        ROUTES,
        find="        return parse_form(kind, await read_body(request, MAX_FILE))",
        replace="        return parse_form(kind, await read_body(request, 1 << 40))",
    ),
)
def test_more_than_the_page_reads_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """A film is answered 413 in words; so is a text of a megabyte."""
    with reading(tmp_path, a_record()) as reader:
        film = reader.client.post("/check", files={"file": ("film", bytes(routes.MAX_FILE + 1))})
        assert film.status_code == 413
        assert "This is more than this page reads" in film.text
        text = reader.client.post(
            "/check", content=(b"q=" + b"x" * (1 << 18) for _ in range(2)), headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert text.status_code == 413
        assert reader.asks(PAGE)[0] == UNWITNESSED


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\nabc'),
        ("multipart/form-data", b""),
        ("text/plain", b"q=1"),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 100)),
        ("multipart/form-data; boundary=x", b"--x\r\n" * 60_000),
    ],
)
def test_what_is_no_form_is_refused_in_words(tmp_path: Path, kind: str, body: bytes) -> None:
    """With a status of the client's fault, and the page stands."""
    with reading(tmp_path, a_record()) as reader:
        answer = reader.client.post("/check", content=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (400, "http/form")
        assert reader.asks(PAGE)[0] == UNWITNESSED


def test_nothing_that_is_asked_is_stored(tmp_path: Path) -> None:
    """No cookie, no cache, no referrer, and not a byte of it in the node's folder."""
    question = "https://whistle.example/blow-3141592653"
    with reading(tmp_path, a_record()) as reader:
        answer = reader.client.post("/check", data={"q": question})
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert "set-cookie" not in answer.headers
        reader.look()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"3141592653" in path.read_bytes()]


@given(
    kind=st.sampled_from(["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"]) | st.text(max_size=40),
    body=st.binary(max_size=200),
)
def test_any_bytes_are_a_form_or_refused(kind: str, body: bytes) -> None:
    """No other error leaves the parser."""
    for raw in (body, b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\n' + body + b"\r\n--x--\r\n"):
        try:
            fields = parse_form(kind, raw)
        except FormatError:
            continue
        assert all(isinstance(value, bytes) for value in fields.values())


@given(st.text(max_size=80) | st.binary(max_size=200))
def test_any_question_is_answered(question: str | bytes) -> None:
    """Whatever is pasted or handed in, there is a verdict, and nobody is told yes by a node that knows nobody."""
    found = ask(board.Board(), question) if isinstance(question, str) else ask_file(board.Board(), question)
    assert not found.told.is_yes
    assert screens.answer(screens.Frame(language("ar"), "heron.example", "x"), found)
