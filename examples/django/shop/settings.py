"""Settings as a project has them in production: a mail server with a login and TLS."""

SECRET_KEY = "only for this example"
ALLOWED_HOSTS = ["shop.example"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True

DEFAULT_FROM_EMAIL = "The Shop <hello@shop.example>"
EMAIL_HOST = "smtp.shop.example"
EMAIL_PORT = 587
EMAIL_HOST_USER = "shop"
EMAIL_HOST_PASSWORD = "only for this example"
EMAIL_USE_TLS = True
