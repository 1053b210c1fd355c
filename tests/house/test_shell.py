"""The shell: who gets in, and with which headers."""

from __future__ import annotations

from tests.house.sites import Site


def test_whoever_is_not_signed_in_is_asked_to(site: Site) -> None:
    """Every page of the shell leads to the sign-in page, which says nothing of what lies behind."""
    answer = site.client().get("/decisions/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_a_member_sees_what_was_signed(site: Site) -> None:
    """What the log holds stands in the record."""
    proposal = site.propose("tern", "channel", {"op": "add", "address": "https://saltmarsh.example/"})
    client = site.client("heron")
    for address in ("/", "/decisions/", f"/decisions/{proposal}/", "/record/", "/record/3/"):
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.content[:300])
    assert proposal in client.get("/decisions/").content.decode()
