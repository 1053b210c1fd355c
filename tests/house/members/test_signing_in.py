"""Laws of the door: a passkey alone lets somebody in, once per question, and nothing here says who has an account."""

from __future__ import annotations

import json

import pytest

from commonhold.testing.authenticator import Device
from tests.attacks import Mutation, attack
from tests.house.members.browsing import Person, text_of
from tests.house.sites import URL, Site

CEREMONIES = "src/commonhold/house/members/ceremonies.py"
DOORS = "src/commonhold/house/members/doors.py"
WORDS = "src/commonhold/house/members/words.py"


def person(site: Site, member: str) -> Person:
    """A member with the device that the record knows, and their account."""
    site.passkey(member)
    return Person(site, site.device(member))


def test_a_member_signs_in_with_their_passkey_and_out_again(site: Site) -> None:
    """No name, no password; signing out is a POST, and what was open before is closed then."""
    heron = person(site, "heron")
    answer = heron.sign_in()
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert heron.client.get("/decisions/").status_code == 200
    assert heron.client.get("/sign-out/").status_code == 405
    assert heron.client.post("/sign-out/")["Location"] == "/sign-in/?over=out"
    assert heron.client.get("/decisions/")["Location"].startswith("/sign-in/")


def test_a_session_has_a_new_key_after_signing_in(site: Site) -> None:
    """Whoever planted a session's key in a browser before holds nothing of the session after."""
    heron = person(site, "heron")
    heron.sign_in()
    before = heron.client.session.session_key
    heron.sign_in()
    assert heron.client.session.session_key != before


@attack(
    "house-door-led-away", Mutation(DOORS, find='if not text.startswith("/"):', replace="if text:\n        return text\n    if not text:")
)
@pytest.mark.parametrize(
    ("given", "led"),
    [
        ("/decisions/?p=2", "/decisions/?p=2"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/" + "a" * 3_000, "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_to_pages_of_this_house_alone(site: Site, given: str, led: str) -> None:
    """`next` is somebody's link: it may name a page here and nothing else."""
    assert person(site, "heron").sign_in(next=given)["Location"] == led


@attack(
    "house-door-replayed",
    Mutation(CEREMONIES, find="if found is None or not Ceremony.objects.filter(pk=found.pk).delete()[0]:", replace="if found is None:"),
)
def test_a_question_is_answered_once(site: Site) -> None:
    """A recorded answer opens nothing, in this browser or another; a double click finds itself signed in."""
    heron = person(site, "heron")
    options = heron.client.post("/passkey/question/").json()["options"]
    form = heron.answer("sign_in", options)
    assert heron.client.post("/sign-in/", form).status_code == 302
    assert heron.client.post("/sign-in/", form).status_code == 302
    again = site.client().post("/sign-in/", form)
    assert again.status_code == 403
    assert "answered already" in text_of(again)


def test_two_tabs_have_two_questions(site: Site) -> None:
    """The first tab's question stands although the second asked another."""
    heron = person(site, "heron")
    first, second = (heron.client.post("/passkey/question/").json()["options"] for _ in range(2))
    assert heron.client.post("/sign-in/", heron.answer("sign_in", first)).status_code == 302
    assert heron.client.post("/sign-in/", heron.answer("sign_in", second)).status_code == 302


def test_a_question_is_good_for_five_minutes(site: Site) -> None:
    """Later the answer is refused, and the page says to try again."""
    heron = person(site, "heron")
    options = heron.client.post("/passkey/question/").json()["options"]
    site.now += 301
    late = heron.client.post("/sign-in/", heron.answer("sign_in", options))
    assert late.status_code == 403
    assert "five minutes" in text_of(late)


@attack(
    "house-door-enumerated",
    Mutation(
        WORDS,
        find='    "passkey/expired": N_("That',
        replace='    "passkey/unknown": N_("Nobody here has it."),\n    "passkey/expired": N_("That',
    ),
)
def test_nothing_tells_an_unknown_passkey_from_a_wrong_one(site: Site) -> None:
    """A stranger's passkey, a member's with a broken signature, and one that was removed get the same page, with the same questions to the tables."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    heron = person(site, "heron")
    stranger = Person(site, Device("stranger", URL))
    stranger.device.create(
        {
            "challenge": bytes(32),
            "rp": {"id": "localhost"},
            "user": {"id": bytes(32)},
            "pubKeyCredParams": [{"alg": -7}],
            "excludeCredentials": [],
        }
    )
    said = []
    for who, bend in ((heron, True), (stranger, False)):
        form = who.answer("sign_in", who.client.post("/passkey/question/").json()["options"])
        if bend:
            answer = json.loads(form["answer"])
            form["answer"] = json.dumps(
                {**answer, "signature": stranger.device.sign_in({"nonce": form["nonce"], "rp_id": "localhost"})["signature"]}
            )
        with CaptureQueriesContext(connection) as asked:
            response = who.client.post("/sign-in/", form)
        said.append((response.status_code, text_of(response), [query["sql"].split("WHERE")[0] for query in asked.captured_queries]))
    assert said[0] == said[1]
    assert said[0][0] == 403
    assert "opens nothing here" in said[0][1]


@pytest.mark.parametrize("answer", ["", "{", "[]", "null", '{"credential_id": 1}', "[" * 5_000, "x" * 50_000])
def test_an_answer_that_is_none_is_refused_in_words(site: Site, answer: str) -> None:
    """Whatever comes in the form, the page says what to do, and the question is gone."""
    client = site.client()
    nonce = client.post("/passkey/question/").json()["options"]["nonce"]
    response = client.post("/sign-in/", {"answer": answer, "nonce": nonce})
    assert response.status_code == 403
    assert "Sign in with a passkey" in text_of(response)


def test_a_passkey_of_another_address_opens_nothing(site: Site) -> None:
    """A page at another address that hands on this house's question gets no session."""
    heron = person(site, "heron")
    heron.device.origin = "http://localhost:9999"
    response = heron.sign_in()
    assert response.status_code == 403
    assert "another address" in text_of(response)


def test_strangers_knock_so_often_and_no_more(site: Site) -> None:
    """After so many questions in ten minutes an address is told to wait; another is not, and ten minutes later it may again."""
    from commonhold.house.members.limits import QUESTIONS

    client = site.client()
    for _ in range(QUESTIONS.each - 1):
        assert QUESTIONS.takes("127.0.0.1")
    assert client.post("/passkey/question/").status_code == 200
    refused = client.post("/passkey/question/")
    assert refused.status_code == 429
    assert "ten minutes" in refused.json()["said"]
    assert client.post("/passkey/question/", REMOTE_ADDR="192.0.2.7").status_code == 200
    site.now += 600
    assert client.post("/passkey/question/").status_code == 200


def test_a_restored_house_knows_its_members_by_the_record(site: Site) -> None:
    """Without any account in its tables, a passkey that the record has signs in, and its member is who they were."""
    from commonhold.house.members.models import Passkey, User

    assert not User.objects.exists()
    heron = Person(site, site.device("heron"))
    assert heron.sign_in()["Location"] == "/"
    assert heron.client.get("/decisions/").status_code == 200
    assert Passkey.objects.get().user.member == "heron"
    heron.client.post("/sign-out/")
    assert heron.sign_in()["Location"] == "/"
