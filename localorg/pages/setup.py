"""Setup: the Visualforce pages of the org, for its administrators."""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from localorg.pages.visit import BAD_REQUEST, Missing, Visit, redirect, signed_in
from localorg.visualforce import pages
from localorg.visualforce.pages import Page, PageError

EXAMPLE = """\
<apex:page standardController="Account">
    <apex:iframe src="http://localhost:8000/embedded-crm/account?crm_object_id={!Account.Id}" scrolling="true"/>
</apex:page>
"""


def overview(visit: Visit) -> Response:
    _require_admin(visit)
    listed = [(page, pages.controller_of(page)) for page in pages.every(visit.org)]
    return visit.page("setup.html", listed=listed)


def new(visit: Visit) -> Response:
    _require_admin(visit)
    return _form(visit, None)


def edit(visit: Visit) -> Response:
    _require_admin(visit)
    page = pages.find(visit.org, visit.request.path_params["name"])
    if page is None:
        raise Missing
    if visit.is_post and "delete" in visit.form:
        pages.remove(visit.org, page.name)
        return redirect("/setup")
    return _form(visit, page)


def _form(visit: Visit, page: Page | None) -> Response:
    given: dict[str, Any] = {"name": "", "label": "", "markup": EXAMPLE, "height": pages.HEIGHT}
    if page:
        given = {"name": page.name, "label": page.label, "markup": page.markup, "height": page.height}
    problems: dict[str, str] = {}
    if visit.is_post:
        given = {name: visit.text(name) for name in ("name", "label", "markup")}
        given["height"] = visit.whole("height") if visit.whole("height") is not None else visit.text("height")
        try:
            pages.save(visit.org, pages.read(given, visit.org.schema), page.name if page else None)
            return redirect("/setup")
        except PageError as error:
            problems[error.field] = str(error)
    return visit.page("vf_page.html", BAD_REQUEST if problems else 200, given=given, page=page, problems=problems)


def _require_admin(visit: Visit) -> None:
    if not visit.is_admin:
        raise Missing


ROUTES = [
    Route("/setup", signed_in(overview)),
    Route("/setup/pages/new", signed_in(new), methods=["GET", "POST"]),
    Route("/setup/pages/{name}", signed_in(edit), methods=["GET", "POST"]),
]
