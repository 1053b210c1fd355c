"""Django's settings, made of what a house's own file says (:mod:`.config`). There is one settings module and no second place to look.

``COMMONHOLD_WEB`` names the organisation's folder; :func:`commonhold.house.starting.start` sets it. Everything that an operator may choose stands in
``web/house.toml``, and everything that follows from it follows here.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from commonhold.house.config import DATABASE, WEB, load_config, web_secret

CONFIG = load_config(Path(os.environ["COMMONHOLD_WEB"]))

SECRET_KEY = web_secret(CONFIG.folder)
DEBUG = False
ALLOWED_HOSTS = [CONFIG.host]
CSRF_TRUSTED_ORIGINS = [CONFIG.url]
ROOT_URLCONF = "commonhold.house.urls"
ASGI_APPLICATION = "commonhold.house.serving.application"

INSTALLED_APPS = [
    "commonhold.house.core",
    "commonhold.house.members",
    "commonhold.house.images",
    "commonhold.house.record",
    "commonhold.house.signing",
    "commonhold.house.charter",
    "commonhold.house.people",
    "commonhold.house.custody",
    "commonhold.house.partners",
    "wagtail.users",
    "wagtail.images",
    "wagtail.documents",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "commonhold.house.core.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "commonhold.house.core.middleware.Spoken",
    "commonhold.house.core.middleware.OnlyOurs",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "commonhold.house.members.middleware.Sessions",
    "commonhold.house.core.middleware.UpToDate",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "commonhold.house.core.context.house",
            ],
            "builtins": ["commonhold.house.core.templatetags.saying"],
        },
    }
]


def _database() -> dict[str, object]:
    if not CONFIG.database:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": CONFIG.folder / DATABASE,
            # One writer at a time, who waits for the others instead of failing.
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    parts = urlsplit(CONFIG.database)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = ["commonhold.house.members.backends.FromRecord"]
WAGTAILIMAGES_IMAGE_MODEL = "images.HouseImage"

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_NAME = "house"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = True
# Wagtail's own scripts read the token from the page, so the cookie need not be read.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONFIG.secure
SECURE_HSTS_SECONDS = 31_536_000 if CONFIG.secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 << 20

STATIC_URL = "/static/"
MEDIA_ROOT = CONFIG.folder / WEB / "media"
MEDIA_URL = "/media/"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("ru", "Русский"),
    ("ko", "한국어"),
    ("zh-hans", "简体中文"),
    ("es", "Español"),
    ("ar", "العربية"),
]

WAGTAIL_SITE_NAME = "Commonhold"
WAGTAILADMIN_BASE_URL = CONFIG.url
WAGTAIL_FRONTEND_LOGIN_URL = "/sign-in/"
WAGTAILADMIN_LOGIN_URL = "/sign-in/"
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES
LOGIN_URL = "/sign-in/"
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
