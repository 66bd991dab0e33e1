"""The web application, for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# What is imported stays: looking through it at each full garbage collection takes as long as a page.
get_resolver().url_patterns  # noqa: B018 - imports all views
gc.collect()
gc.freeze()
# A page makes tens of thousands of objects that are gone when it is sent: looked through every 700, as Python does at
# first, they take a sixth of its time.
gc.set_threshold(10_000, 10, 10)
