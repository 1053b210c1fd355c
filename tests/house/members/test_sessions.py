"""Laws of sessions: the record is asked at every page, and a session that it does not bear out is over, with the reason."""

from __future__ import annotations

import hashlib

import pytest

from commonhold.kernel import b64
from commonhold.kernel.record.entries import signed_bytes, with_assertion
from tests.attacks import Mutation, attack
from tests.house.members.browsing import Person, text_of
from tests.house.members.test_joining import link
from tests.house.sites import URL, Site, public_of

STANDING = "src/commonhold/house/members/standing.py"


def enact(site: Site, member: str, kind: str, payload: dict[str, object], *others: str) -> None:
    """A decision that these members' kits carry."""
    proposal = site.propose(member, kind, payload)
    for name in (member, *others):
        if site.log.state.proposal(proposal).status == "open":
            site.act(name, "approve", {"proposal": proposal})


@attack("house-session-revoked", Mutation(STANDING, find="enrolled.revoked >= 0 or ", replace=""))
def test_a_revoked_passkey_ends_its_sessions_at_once(site: Site) -> None:
    """The next page after the revocation is the door, with the reason; the passkey signs nobody in."""
    heron, spare = site.client("heron"), Person(site)
    assert heron.get("/decisions/").status_code == 200
    spare.join(link(site, "heron", member="heron"))
    key = site.passkey("heron").key
    enact(site, "heron", "rotate-key", {"member": "heron", "add": [], "revoke": [key]})
    answer = heron.get("/decisions/?p=2")
    assert answer["Location"] == "/sign-in/?over=revoked&next=%2Fdecisions%2F%3Fp%3D2"
    assert "does not know the passkey" in text_of(heron.get(answer["Location"]))
    again = Person(site, site.device("heron")).sign_in()
    assert again.status_code == 403
    assert "does not know the passkey" in text_of(again)


@attack("house-session-suspended", Mutation(STANDING, find='if origin in state.part("origins"):', replace="if False:"))
def test_sessions_at_a_suspended_address_end(site: Site) -> None:
    """Two members suspend the house's address with their kits: every session there is over, and nobody signs in."""
    heron = site.client("heron")
    enact(site, "plover", "suspend-origin", {"origin": URL}, "curlew")
    assert heron.get("/")["Location"].startswith("/sign-in/?over=suspended")
    assert "may be in the wrong hands" in text_of(heron.get("/sign-in/?over=suspended"))
    assert "may be in the wrong hands" in text_of(Person(site, site.device("tern")).sign_in())


def test_a_session_lasts_twelve_hours(site: Site) -> None:
    """Then it is over, and what was written into a form is shown once more, to be kept."""
    heron = site.client("heron")
    site.now += 12 * 3600 - 1
    assert heron.get("/decisions/").status_code == 200
    site.now += 1
    page = heron.post("/account/", {"name": "<b>Heron</b> who wrote a long text", "csrfmiddlewaretoken": "x"})
    assert page.status_code == 403
    assert "twelve hours" in text_of(page)
    assert "<b>Heron</b> who wrote a long text" in text_of(page)
    assert "<b>Heron" not in page.content.decode()
    assert heron.get("/decisions/")["Location"].startswith("/sign-in/")


def test_a_session_is_ended_from_another_device(site: Site) -> None:
    """One, or all but this one; the browser that it was learns why. Nobody ends somebody else's."""
    from commonhold.house.members.models import Visit

    here, there, third, tern = (site.client(name) for name in ("heron", "heron", "heron", "tern"))
    marks = list(Visit.objects.filter(user__member="heron").order_by("pk").values_list("mark", flat=True))
    tern.post("/account/sessions/", {"mark": marks[1]})
    assert there.get("/decisions/").status_code == 200
    here.post("/account/sessions/", {"mark": marks[1]})
    assert there.get("/decisions/")["Location"].startswith("/sign-in/?over=elsewhere")
    here.post("/account/sessions/")
    assert third.get("/decisions/")["Location"].startswith("/sign-in/?over=elsewhere")
    assert here.get("/decisions/").status_code == 200
    assert tern.get("/decisions/").status_code == 200


def test_whoever_left_is_out_and_their_account_is_gone(site: Site) -> None:
    """Once the record has the departure, the house keeps nothing of them but what was signed."""
    from commonhold.house.members.models import Invitation, Passkey, User, Visit

    avocet = site.client("avocet")
    link(site, "avocet")
    assert avocet.get("/account/data/").json()["member"] == "avocet"
    site.propose("avocet", "depart", {"member": "avocet"})
    assert avocet.get("/decisions/")["Location"].startswith("/sign-in/?over=left")
    assert "membership is over" in text_of(avocet.get("/sign-in/?over=left"))
    assert not User.objects.filter(member="avocet").exists()
    assert not Passkey.objects.exists()
    assert not Visit.objects.exists()
    assert not Invitation.objects.exists()
    assert Person(site, site.device("avocet")).sign_in().status_code == 403


def test_a_removed_passkey_is_out_at_once_and_the_last_one_stays(site: Site) -> None:
    """A lost telephone is taken out of the account from another device, and its session with it."""
    heron = Person(site, site.device("heron"), site.client("heron"))
    options = heron.client.post("/account/passkeys/question/").json()["options"]
    other = Person(site)
    made = heron.client.post("/account/passkeys/", {"label": "Tablet", **other.answer("enrol", options)})
    assert made["Location"] == "/account/#passkeys"
    page = heron.client.get("/account/")
    assert "Tablet" in text_of(page)
    assert "not in the record yet" in text_of(page)
    assert other.sign_in()["Location"] == "/welcome/"
    tablet = site.user("heron").passkeys.get(name="Tablet")
    heron.client.post(f"/account/passkeys/{tablet.pk}/remove/")
    assert other.client.get("/welcome/")["Location"].startswith("/sign-in/?over=removed")
    assert other.sign_in().status_code == 403
    last = heron.client.post(f"/account/passkeys/{site.passkey('heron').pk}/remove/")
    assert "only passkey" in text_of(last)
    assert site.user("heron").passkeys.count() == 1


def test_nobody_touches_somebody_elses_passkeys(site: Site) -> None:
    """A number in an address is a number: only one's own are found under it."""
    tern = site.client("tern")
    heron = site.passkey("heron")
    assert tern.post(f"/account/passkeys/{heron.pk}/remove/").status_code == 302
    assert site.user("heron").passkeys.count() == 1


@attack(
    "house-thief-tables",
    Mutation(
        STANDING,
        find="if enrolled is None:\n        return Standing(APPLICANT if found is None else UNPROVED)",
        replace="if False:\n        return Standing(MEMBER)",
    ),
)
def test_a_thief_with_the_tables_reads_and_signs_nothing(site: Site) -> None:
    """A passkey put into a member's account is nobody's to the record. Rows of a session with the member's true key do open the house, to read: no act
    comes of it, for what counts is signed by a key that the thief has not."""
    from commonhold.house.members import doors, visits
    from commonhold.house.members.models import Passkey

    thief = Person(site)
    thief.device.create(
        {
            "challenge": bytes(32),
            "rp": {"id": "localhost"},
            "user": {"id": bytes(site.user("heron").handle)},
            "pubKeyCredParams": [{"alg": -7}],
            "excludeCredentials": [],
        }
    )
    true, mine = site.passkey("heron"), thief.device.held[0]
    row = Passkey.objects.create(
        user=true.user, credential=mine.id, key="0" * 64, alg="es256", spki=mine.spki, rp_id="localhost", origin=URL
    )
    assert thief.sign_in().status_code == 403
    row.key = public_of(mine).key_id
    row.save()
    assert thief.sign_in()["Location"] == "/welcome/"
    assert thief.client.get("/decisions/")["Location"] == "/welcome/"
    session = thief.client.session
    session[doors.VISIT] = visits.begin(true.user, true.key, URL, "").mark
    session.save()
    assert thief.client.get("/decisions/").status_code == 200
    _signs_nothing(site, thief)


def _signs_nothing(site: Site, thief: Person) -> None:
    """With heron's session and a device of their own, through the house's own address for signatures: refused twice, and the record is as it was."""
    from commonhold.house.core import ledger
    from commonhold.house.signing import services
    from commonhold.house.signing.models import Draft

    site.act("heron", "propose", {"kind": "publish", "payload": {"work": "ab" * 32}, "not_after": site.now + 86_400})
    draft = Draft.objects.create(
        user=site.user("heron"),
        type="propose",
        body={"kind": "publish", "payload": {"work": "cd" * 32}, "not_after": site.now + 86_400},
        texts={},
        size=0,
    )
    state, mine, size = ledger.state(), thief.device.held[0], site.log.state.size
    for key in (public_of(mine).key_id, site.passkey("heron").key):
        unsigned = services.unsigned(state, "heron", key, draft)
        challenge = hashlib.sha256(signed_bytes(unsigned)).digest()
        used = thief.device.get({"challenge": challenge, "rpId": "localhost"})
        leaf = with_assertion(unsigned, authenticator=used["authenticator"], client=used["client"], signature=used["signature"])
        answer = thief.client.post(f"/drafts/{draft.pk}/sign/", {"leaf": b64.encode(leaf)}, content_type="application/json")
        assert answer.status_code == 409, answer.content
        assert answer.json()["code"] in {"key/unknown", "webauthn/signature"}, answer.content
    assert site.log.state.size == size


def test_leaving_is_said_in_plain_words_before_it_is_prepared(site: Site) -> None:
    """The page names what ends, offers one's own data, and leads to the request for the signer."""
    heron = site.client("heron")
    page = heron.get("/account/leave/")
    assert "no voice from then on" in text_of(page)
    assert "chair" in text_of(page)
    assert "/propose/depart/?member=heron" in page.content.decode()
    data = heron.get("/account/data/")
    assert data["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert data.json()["passkeys"][0]["key"] == site.passkey("heron").key


def test_a_passkey_that_is_lost_is_revoked_with_the_kit(site: Site) -> None:
    """The account page leads to the decision that revokes what the record has, also of a passkey that the account has not any more."""
    heron = Person(site, site.device("heron"), site.client("heron"))
    key = site.passkey("heron").key
    spare = Person(site)
    options = heron.client.post("/account/passkeys/question/").json()["options"]
    heron.client.post("/account/passkeys/", {"label": "Spare", **spare.answer("enrol", options)})
    added = site.user("heron").passkeys.get(name="Spare")
    page = heron.client.get("/account/").content.decode()
    assert "/propose/rotate-key/?payload=" in page
    from commonhold.house.members.services import enrolment_payload

    enact(site, "heron", "rotate-key", enrolment_payload(added.user, added))
    assert spare.sign_in()["Location"] == "/"
    spare.client.post(f"/account/passkeys/{site.passkey('heron').pk}/remove/")
    assert heron.client.get("/account/")["Location"].startswith("/sign-in/?over=removed")
    page = text_of(spare.client.get("/account/"))
    assert "that are not in this account" in page
    assert key[:12] in page


def test_an_account_page_keeps_what_was_typed_and_escapes_it(site: Site) -> None:
    """A wrong address is refused beside the words; hostile markup is text wherever it is shown."""
    heron = site.client("heron")
    hostile = "<img src=x onerror=alert(1)>"
    page = heron.post("/account/", {"name": hostile, "email": "nowhere", "language": "ar"})
    assert page.status_code == 403
    assert "no address for e-mail" in text_of(page)
    assert 'value="nowhere"' in page.content.decode()
    assert hostile not in page.content.decode()
    assert heron.post("/account/", {"name": hostile, "email": "", "language": "ar"}).status_code == 302
    page = heron.get("/account/")
    assert hostile not in page.content.decode()
    assert page["Content-Language"] == "ar"
    assert 'dir="rtl"' in page.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in/",
        "/passkey/question/",
        "/sign-out/",
        "/account/",
        "/account/passkeys/",
        "/account/passkeys/question/",
        "/account/passkeys/link/",
        "/account/passkeys/1/remove/",
        "/account/sessions/",
        "/account/give-up/",
        "/welcome/hand-in/",
        "/invite/",
        "/invite/1/withdraw/",
    ],
)
def test_every_change_asks_for_the_pages_own_token(site: Site, path: str) -> None:
    """A form on somebody else's page, sent from a member's browser, changes nothing."""
    heron = site.client("heron")
    heron.handler.enforce_csrf_checks = True
    assert heron.post(path, {}).status_code == 403
    assert heron.get("/account/").status_code == 200


def test_asking_who_somebody_is_takes_three_questions_to_the_tables(site: Site) -> None:
    """Session, account and visit; the rest is in the fold, so it costs the same with any number of members."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    heron = site.client("heron")
    heron.get("/account/data/")
    with CaptureQueriesContext(connection) as asked:
        heron.get("/account/leave/")
    tables = [query["sql"].split("FROM", 1)[1].split()[0].strip('"') for query in asked.captured_queries if "FROM" in query["sql"]]
    assert [tables.count(name) for name in ("django_session", "members_user", "members_visit")] == [1, 1, 1]


def test_a_page_that_does_not_say_whom_it_is_for_is_for_members(site: Site) -> None:
    """Whatever address a stranger or an applicant tries, they get to the door or to their own page."""
    stranger, wren = site.client(), Person(site)
    wren.join(link(site))
    for path in ("/", "/decisions/", "/people/", "/propose/", "/hand-in/"):
        assert stranger.get(path)["Location"].startswith("/sign-in/?next="), path
        assert wren.client.get(path)["Location"] == "/welcome/", path
