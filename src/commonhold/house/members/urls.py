"""Addresses outside the shell, and one's own pages, which take the place of Wagtail's."""

from django.urls import path

from commonhold.house.members import own, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("login/", views.sign_in, name="login"),
    path("passkey/question/", views.passkey_question, name="passkey-question"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("logout/", views.sign_out, name="logout"),
    path("join/<str:secret>/", views.join, name="join"),
    path("join/<str:secret>/question/", views.join_question, name="join-question"),
    path("lost/", views.lost, name="lost"),
    path("welcome/", own.welcome, name="welcome"),
    path("welcome/request.json", own.own_request, name="own-request"),
    path("welcome/hand-in/", own.own_hand_in, name="own-hand-in"),
    path("account/", own.account, name="account"),
    path("account/passkeys/question/", own.add_question, name="passkey-add-question"),
    path("account/passkeys/", own.add_passkey, name="passkey-add"),
    path("account/passkeys/link/", own.add_link, name="passkey-link"),
    path("account/passkeys/<int:number>/remove/", own.remove_passkey, name="passkey-remove"),
    path("account/sessions/", own.end_session, name="session-end"),
    path("account/data/", own.own_data, name="own-data"),
    path("account/leave/", own.leave, name="leave"),
    path("account/give-up/", own.give_up, name="give-up"),
]
