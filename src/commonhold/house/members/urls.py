"""Addresses of those who have not come in yet."""

from django.urls import path

from commonhold.house.members import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
]
