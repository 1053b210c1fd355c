"""The addresses of the partners' pages."""

from django.urls import path

from commonhold.house.partners import views

urlpatterns = [
    path("partners/", views.partners, name="partners"),
    path("partners/add/", views.add, name="partner-add"),
    path("partners/forget/", views.forget, name="partner-forget"),
    path("partners/decide/", views.decide, name="partner-decide"),
    path("partners/invite/", views.invite, name="partner-invite"),
]
