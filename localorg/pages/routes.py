"""All pages, the longer addresses before those that would take them for ids."""

from pathlib import Path

from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from localorg.pages import browse, convert, edit, files, login, merge, recycle, setup

ROUTES = [
    Mount("/localorg/assets", StaticFiles(directory=Path(__file__).parent / "assets")),
    *login.ROUTES,
    *setup.ROUTES,
    *recycle.ROUTES,
    *files.ROUTES,
    *edit.ROUTES,
    *merge.ROUTES,
    *convert.ROUTES,
    *browse.ROUTES,
]
