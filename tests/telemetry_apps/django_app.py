"""A small Django app that reports: `python django_app.py PORT`, with its DSN in SENTRY_DSN."""

from __future__ import annotations

import os
import sys
from wsgiref.simple_server import make_server

import django
import sentry_sdk
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

sentry_sdk.init(dsn=os.environ["SENTRY_DSN"], traces_sample_rate=1.0)
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of a test",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()


def item(_request: HttpRequest, number: int) -> JsonResponse:
    """Ask the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s + 1", [number])
        return JsonResponse({"number": cursor.fetchone()[0]})


def broken(_request: HttpRequest) -> JsonResponse:
    """Fail."""
    raise RuntimeError("no such page")


urlpatterns = [path("items/<int:number>/", item), path("broken/", broken)]

if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application()) as server:
        server.serve_forever()
