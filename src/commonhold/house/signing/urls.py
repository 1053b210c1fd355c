"""Addresses of acts on their way, under the shell's root."""

from django.urls import path

from commonhold.house.signing import views

urlpatterns = [
    path("propose/", views.kinds, name="propose-kinds"),
    path("propose/<str:kind>/", views.propose, name="propose"),
    path("act/<str:type>/<str:target>/", views.act, name="act"),
    path("drafts/", views.drafts, name="drafts"),
    path("drafts/<int:pk>/", views.draft, name="draft"),
    path("drafts/<int:pk>/sign/", views.sign, name="draft-sign"),
    path("drafts/<int:pk>/retry/", views.retry, name="draft-retry"),
    path("drafts/<int:pk>/delete/", views.delete, name="draft-delete"),
    path("drafts/<int:pk>/state/", views.state_of, name="draft-state"),
    path("drafts/<int:pk>/request.json", views.request_file, name="draft-request"),
    path("drafts/<int:pk>/request.svg", views.request_code, name="draft-code"),
    path("hand-in/", views.hand_in, name="hand-in"),
]
