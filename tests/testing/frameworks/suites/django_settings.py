"""A project whose mail goes to a server that cannot be reached, with a login and TLS."""

import os

SECRET_KEY = "only for tests"
USE_TZ = True
KIND = os.environ["KIND_OF_SETTINGS"]

if KIND == "older":
    EMAIL_HOST = "smtp.shop.invalid"
    EMAIL_PORT = 587
    EMAIL_HOST_USER = "shop"
    EMAIL_HOST_PASSWORD = "only for tests"
    EMAIL_USE_TLS = True

if KIND == "mailers":
    server = {"host": "smtp.shop.invalid", "username": "shop", "password": "only for tests", "use_tls": True}
    MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": server},
        "invoices": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": server | {"timeout": 3}},
        "log": {"BACKEND": "django.core.mail.backends.console.EmailBackend"},
    }
