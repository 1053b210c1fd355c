"""Laws of joining: one link, one person, one passkey; who comes by it sees their own page until the record says more."""

from __future__ import annotations

import re
from typing import Any

import pytest

from commonhold.kernel.record.request import parse_request
from tests.attacks import Mutation, attack
from tests.house.members.browsing import Person, path_of, text_of
from tests.house.sites import Site


def link(site: Site, by: str = "heron", **fields: Any) -> str:
    """The path of a new invitation."""
    response = site.client(by).post("/invite/", {"name": "", "member": "", "days": "7", **fields})
    found = re.search(r'value="(http://localhost:8765/join/[^"]+)"', response.content.decode())
    assert found, text_of(response)
    return path_of(found[1])


def test_somebody_joins_in_a_minute_and_waits(site: Site) -> None:
    """Name, pseudonym, passkey: an account; then their own page with six words, and nothing of the shell."""
    wren = Person(site)
    address = link(site)
    assert wren.client.get(address).status_code == 200
    assert wren.join(address)["Location"] == "/welcome/"
    page = wren.client.get("/welcome/")
    assert "Welcome, Wren Marsh" in text_of(page)
    assert "nobody has proposed it yet" in text_of(page)
    words = re.search(r'class="door__words"[^>]*>([a-z ]+)<', page.content.decode())
    assert words
    assert len(words[1].split()) == 6
    for inside in ("/", "/decisions/", "/record/", "/invite/", "/account/"):
        assert wren.client.get(inside)["Location"] == "/welcome/", inside
    shown = site.client("tern").get("/invite/")
    assert "Wren Marsh" in text_of(shown)
    assert words[1] not in shown.content.decode()


def test_an_applicant_who_is_admitted_is_in_the_house_at_the_next_page(site: Site) -> None:
    """The decision about their very key makes the session a member's, and the page counts the approvals until then."""
    from commonhold.house.members import services
    from commonhold.house.members.models import User
    from commonhold.kernel.keys import parse_key_value

    wren = Person(site)
    wren.join(link(site))
    payload = services.admission_payload(User.objects.get(member="wren"))
    proposal = site.propose("heron", "admit", payload)
    key = parse_key_value(payload["keys"][0]).key_id
    site.act("heron", "approve", {"proposal": proposal, "key": key})
    assert "1 of 4 members have approved" in text_of(wren.client.get("/welcome/"))
    for name in ("tern", "plover", "curlew"):
        site.act(name, "approve", {"proposal": proposal, "key": key})
    if site.log.state.proposal(proposal).status == "open":
        site.act("avocet", "approve", {"proposal": proposal, "key": key})
    assert site.log.state.member("wren") is not None
    assert wren.client.get("/welcome/")["Location"] == "/"
    assert wren.client.get("/decisions/").status_code == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"member": "Wren"}, "small letters"),
        ({"member": "w"}, "small letters"),
        ({"member": "wren--marsh"}, "small letters"),
        ({"member": "<b>wren</b>"}, "small letters"),
        ({"member": "heron"}, "somebody's"),
        ({"name": ""}, "a name that others see"),
        ({"name": "x" * 81}, "a name that others see"),
        ({"name": "Wren\u202eMarsh"}, "a name that others see"),
    ],
)
def test_a_name_that_may_not_be_is_refused_with_the_words_kept(site: Site, fields: dict[str, str], words: str) -> None:
    """The form comes back with the reason and everything that was written; the link still stands."""
    wren, address = Person(site), link(site)
    page = wren.join(address, **fields)
    assert page.status_code == 403
    assert words in text_of(page)
    assert "Wren Marsh" in page.content.decode() or "name" in fields
    assert 'value="wren"' in page.content.decode() or "member" in fields
    assert wren.join(address)["Location"] == "/welcome/"


def test_a_link_lets_one_person_in(site: Site) -> None:
    """Who comes second reads that it was used and what to do; who was first is led on, also by a second click or by going back."""
    wren, other, address = Person(site), Person(site), link(site)
    wren.join(address)
    assert wren.client.get(address)["Location"] == "/welcome/"
    page = other.client.get(address)
    assert page.status_code == 404
    assert "has been used" in text_of(page)
    assert "tell the member who invited you" in text_of(page)
    assert other.join(address, member="finch").status_code == 404


@attack(
    "house-link-forwarded",
    Mutation(
        "src/commonhold/house/members/invitations.py",
        find="if not left.update(used=now, used_by=user):",
        replace="if left.update(used=now, used_by=user) is None:",
    ),
)
def test_of_two_who_answer_at_once_one_comes_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people with one forwarded link, both past the first look at it: the second has no account, and reads why."""
    from commonhold.house.members import invitations
    from commonhold.house.members.models import User

    wren, finch, address = Person(site), Person(site), link(site)
    forms = []
    for who, member in ((wren, "wren"), (finch, "finch")):
        fields = {"name": member.title(), "member": member, "language": "en"}
        asked = who.client.post(f"{address}question/", fields).json()["options"]
        forms.append({**fields, **who.answer("enrol", asked)})
    assert wren.client.post(address, forms[0]).status_code == 302
    with monkeypatch.context() as raced:
        raced.setattr(invitations, "standing_of", lambda _: invitations.OPEN)
        assert "has been used meanwhile" in text_of(finch.client.post(address, forms[1]))
    assert "has been used" in text_of(finch.client.get(address))
    assert list(User.objects.filter(member__in=("wren", "finch")).values_list("member", flat=True)) == ["wren"]


def test_a_pseudonym_is_one_persons_while_they_make_their_passkey(site: Site) -> None:
    """Two people choose the same at the same time: the second is told before their device makes anything, the first may try again."""
    wren, finch, one, two = Person(site), Person(site), link(site), link(site)
    fields = {"name": "Wren", "member": "wren", "language": "en"}
    assert "options" in wren.client.post(f"{one}question/", fields).json()
    assert finch.client.post(f"{two}question/", fields).json() == {"again": True}
    assert "somebody's" in text_of(finch.client.post(two, fields))
    assert wren.join(one)["Location"] == "/welcome/"


def test_links_that_do_not_stand_say_so_each_in_its_way(site: Site) -> None:
    """Over, withdrawn, never made, cut short: each answer has the next step; withdrawn and unknown are one answer."""
    over, withdrawn = link(site, days="1"), link(site, name="Finch")
    heron = site.client("heron")
    number = re.findall(r"/invite/(\d+)/withdraw/", heron.get("/invite/").content.decode())[0]
    heron.post(f"/invite/{number}/withdraw/")
    stranger = site.client()
    pages = [stranger.get(address) for address in (withdrawn, f"/join/{'A' * 43}/", withdrawn[:-3] + "/", "/join/%3Cb%3E/")]
    assert {page.status_code for page in pages} == {404}
    assert len({text_of(page) for page in pages}) == 1
    assert "opens nothing" in text_of(pages[0])
    site.now += 86_401
    late = stranger.get(over)
    assert late.status_code == 404
    assert "is over" in text_of(late)
    assert "new one" in text_of(late)


def test_a_link_leaves_no_trace(site: Site) -> None:
    """Its page is in no cache and no referrer; the table has its digest alone; who guesses is told to wait."""
    from commonhold.house.members.limits import LINKS
    from commonhold.house.members.models import Invitation

    address, client = link(site), site.client()
    page = client.get(address)
    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "strict-origin"
    secret = address.removeprefix("/join/").strip("/")
    assert len(secret) == 43
    assert secret not in str(Invitation.objects.values())
    for _ in range(LINKS.each):
        LINKS.takes("127.0.0.1")
    assert client.get(address).status_code == 429


def test_only_members_invite_and_an_invitation_goes_with_its_inviter(site: Site) -> None:
    """A link of somebody who has left opens nothing any more."""
    address = link(site, "avocet")
    site.propose("avocet", "depart", {"member": "avocet"})
    assert "opens nothing" in text_of(site.client().get(address))


def test_nobody_has_more_than_fifty_links_open(site: Site) -> None:
    """The fifty-first is refused with what to do."""
    from commonhold.house.members import invitations

    for _ in range(50):
        invitations.invite("heron")
    page = site.client("heron").post("/invite/", {"name": "Finch", "member": "", "days": "7"})
    assert page.status_code == 403
    assert "Withdraw some" in text_of(page)
    assert 'value="Finch"' in page.content.decode()


def test_a_founder_comes_in_under_the_name_that_the_record_has(site: Site) -> None:
    """Invited as tern, they are asked for no pseudonym, and are unproved until the record knows their passkey."""
    tern, address = Person(site), link(site, member="tern")
    page = tern.client.get(address)
    assert 'name="member"' not in page.content.decode()
    assert tern.join(address, member="heron")["Location"] == "/welcome/"
    shown = text_of(tern.client.get("/welcome/"))
    assert "you are called tern" in shown
    assert "does not know this passkey yet" in shown
    assert tern.client.get("/decisions/")["Location"] == "/welcome/"
    for act in ("propose", "approve"):
        request = parse_request(tern.client.get("/welcome/request.json").content)
        assert request.type == act
        assert request.number in text_of(tern.client.get("/welcome/"))
        site.act("tern", request.type, request.body)
    assert tern.client.get("/welcome/")["Location"] == "/"
    assert tern.client.get("/decisions/").status_code == 200


def test_what_the_signer_gives_back_is_handed_in_on_the_same_page(site: Site) -> None:
    """A request and rubbish are refused in words; the signed act makes the next step appear, and nothing lands in anybody's list of drafts."""
    from commonhold.house.signing.models import Draft

    tern = Person(site)
    tern.join(link(site, member="tern"))
    asked = tern.client.get("/welcome/request.json").content.decode()
    for given in ("rubbish", asked, "x" * 300_000):
        tern.client.post("/welcome/hand-in/", {"text": given})
        assert "was not taken" in text_of(tern.client.get("/welcome/"))
    assert "was not taken" not in text_of(tern.client.get("/welcome/"))
    request = parse_request(asked.encode())
    leaf = site.signed("tern", request.type, request.body)
    assert tern.client.post("/welcome/hand-in/", {"text": leaf.decode()})["Location"] == "/welcome/"
    assert "your own approval" in text_of(tern.client.get("/welcome/"))
    assert not Draft.objects.exists()


def test_whoever_lost_everything_is_told_what_this_charter_asks_for(site: Site) -> None:
    """The page needs no session and names nobody; a member without a kit in the record is led there."""
    page = text_of(site.client().get("/lost/"))
    assert "recover-member" in page
    assert "1.5.2" in page
    assert "heron" not in page


def test_whoever_lost_everything_comes_in_again_by_the_members_decision(site: Site) -> None:
    """The members recover avocet with a new kit, which ends every session of the old keys; invited under the same pseudonym, a new passkey is nobody's
    until the new kit has signed it into the record."""
    from commonhold.kernel.kit import Kit

    old, kit = site.client("avocet"), Kit(bytes(range(32)))
    avocet, address = Person(site), link(site, "tern", member="avocet")
    avocet.join(address)
    assert avocet.client.get("/decisions/")["Location"] == "/welcome/"
    proposal = site.propose("tern", "recover-member", {"member": "avocet", "kit": kit.keys.to_value()})
    for name in ("tern", "heron", "plover", "curlew"):
        if site.log.state.proposal(proposal).status == "open":
            site.act(name, "approve", {"proposal": proposal, "key": kit.key_id})
    assert site.log.state.proposal(proposal).status == "enacted"
    assert old.get("/decisions/")["Location"].startswith("/sign-in/?over=revoked")
    assert avocet.client.get("/decisions/")["Location"] == "/welcome/"
    for _ in range(2):
        request = parse_request(avocet.client.get("/welcome/request.json").content)
        site.log.take(site.signed("avocet", request.type, request.body, kit))
    assert avocet.client.get("/decisions/").status_code == 200


@attack(
    "house-account-shared",
    Mutation(
        "src/commonhold/house/members/standing.py",
        find="    if enrolled is None:",
        replace="    if enrolled is None and found is not None:\n        return Standing(MEMBER)\n    if enrolled is None:",
    ),
)
def test_a_second_passkey_in_somebodys_account_has_no_rights_of_the_first(site: Site) -> None:
    """Plover invites "heron" and comes in as them: the account is heron's, the session sees its own page and passkey alone."""
    heron = site.client("heron")
    heron.post("/account/", {"name": "Heron Grey", "email": "heron@saltmarsh.example", "language": "en"})
    plover = Person(site)
    plover.join(link(site, "plover", member="heron"))
    assert plover.client.get("/decisions/")["Location"] == "/welcome/"
    assert plover.client.post("/account/sessions/", {}).status_code == 302
    assert heron.get("/decisions/").status_code == 200
    data = plover.client.get("/account/data/").json()
    assert set(data) == {"member", "passkeys"}
    assert len(data["passkeys"]) == 1
    assert plover.client.post("/account/give-up/")["Location"] == "/sign-in/?over=deleted"
    assert heron.get("/decisions/").status_code == 200
