"""The recycle bin: what was deleted, to restore it or to be rid of it."""

from starlette.responses import Response
from starlette.routing import Route

from localorg import ids
from localorg.dml import remove
from localorg.dml.work import Work
from localorg.pages import reading, saving
from localorg.pages.visit import BAD_REQUEST, Visit, redirect, signed_in

NOTHING_CHOSEN = "Choose at least one record."


def recycle_bin(visit: Visit) -> Response:
    problems: list[str] = []
    if visit.is_post:
        chosen = [record_id for text in visit.texts("id") if (record_id := ids.parse(text))]
        act = remove.erase if "erase" in visit.form else remove.undelete

        def run(work: Work) -> str:
            for record_id in chosen:
                act(work, record_id)
            return "done"

        outcome = saving.act(visit, run)
        problems = list(outcome.problems.values()) if chosen else [NOTHING_CHOSEN]
        if not problems:
            return redirect("/bin")
    status = BAD_REQUEST if problems else 200
    return visit.page("bin.html", status, binned=reading.binned(visit), problems=problems, most=reading.MOST_BINNED)


ROUTES = [Route("/bin", signed_in(recycle_bin), methods=["GET", "POST"])]
