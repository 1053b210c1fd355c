"""*People and offices*: what they say, held against the fold."""

from __future__ import annotations

from commonhold.kernel.keys import fingerprint
from tests.house.sites import Site
from tests.house.test_screens import seat, text_of


def test_offices_are_the_folds(site: Site) -> None:
    """Each with its holders; an empty seat leads to the form that fills it."""
    from commonhold.house.people.services import offices

    state = site.log.state
    found = {one.name: one for one in offices(state, {})}
    assert found.keys() == state.charter.offices.keys()
    for name, one in found.items():
        held = {seat.member for seat in one.held if seat.status == "held"}
        assert held == set(state.holders.get(name, ()))
        assert one.empty == max(one.seats - len(held), 0)
    answer = site.client("heron").get("/people/").content.decode()
    for name, one in found.items():
        assert (f'href="/propose/appoint/?office={name}"' in answer) == bool(one.empty)


def test_names_stand_inside_beside_the_pseudonyms(site: Site) -> None:
    """And a name is text, whatever is in it."""
    site.user("tern", "<b>Teresa</b> & co")
    answer = site.client("heron").get("/people/").content.decode()
    assert "&lt;b&gt;Teresa&lt;/b&gt; &amp; co" in answer
    assert "<b>Teresa" not in answer
    for name, _ in site.log.state.active_members():
        assert f'href="/people/{name}/"' in answer


def test_a_members_page_has_their_keys_by_six_words(site: Site) -> None:
    """The words of the key that the record has enrolled, and nobody else's."""
    site.user("tern", "Teresa")
    answer = site.client("heron").get("/people/tern/").content.decode()
    member = site.log.state.member("tern")
    assert len(member.keys) == 2
    for key in member.keys:
        assert " ".join(fingerprint(site.log.state.public[key])) in answer
    other = site.log.state.public[site.log.state.member("plover").kit]
    assert " ".join(fingerprint(other)) not in answer
    assert "Teresa" in answer
    assert "treasurer" in text_of(site.client("heron").get("/people/tern/"))
    assert site.client("heron").get("/people/nobody/").status_code == 404
    assert site.client("heron").get("/people/%3Cscript%3E/").status_code == 404


def test_an_offered_seat_is_said_to_be_offered(site: Site) -> None:
    """It is not held before it is accepted."""
    seat(site, "editor", "curlew")
    assert "offered, and not accepted yet" in text_of(site.client("heron").get("/people/curlew/"))


def test_who_left_stands_apart_and_without_a_name(site: Site) -> None:
    """The record keeps the pseudonym; the house keeps no name."""
    site.user("avocet", "Ava")
    site.propose("avocet", "depart", {"member": "avocet"})
    if site.log.state.member("avocet").status == "active":
        key = max(site.log.state.part("proposals").items(), key=lambda item: item[1].index)[0]
        site.act("avocet", "approve", {"proposal": key})
    assert site.log.state.member("avocet").status != "active"
    said = text_of(site.client("heron").get("/people/"))
    assert "avocet" in said.partition("No longer members")[2]
    assert "Ava" not in said
    assert "no longer a member" in text_of(site.client("heron").get("/people/avocet/"))


def test_a_table_makes_nobody_a_member(site: Site) -> None:
    """An account that the record does not know is in no list, and sees none."""
    from commonhold.house.members.models import User

    User.objects.create(member="stranger", name="Stranger", handle=bytes(32))
    assert "tranger" not in text_of(site.client("heron").get("/people/"))
    client = site.client()
    assert client.get("/people/").status_code == 302
    client.force_login(User.objects.get(member="stranger"))
    assert client.get("/people/").status_code in {302, 403}


def test_nothing_counts_what_people_did(site: Site) -> None:
    """The order is of the pseudonyms, and stays when somebody signs."""
    before = text_of(site.client("heron").get("/people/"))
    site.propose("heron", "ordinary", {"text": "0" * 64})
    assert text_of(site.client("heron").get("/people/")) == before
