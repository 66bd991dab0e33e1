"""Browse, view and edit records."""

from starlette.routing import Route

ROUTES: list[Route] = []
