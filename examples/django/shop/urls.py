"""The addresses of the shop's pages."""

from django.urls import path

from . import views

urlpatterns = [
    path("sign-up/", views.sign_up),
    path("confirm/", views.confirm_code),
    path("confirm/<str:token>/", views.confirm_link, name="confirm"),
]
