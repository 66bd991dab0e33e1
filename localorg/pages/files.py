"""Files on record pages: sending and fetching them, at the addresses where Salesforce has them."""

from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from localorg.dml import blobs, write
from localorg.dml.work import Work
from localorg.pages import reading, saving
from localorg.pages.soql import Record
from localorg.pages.visit import BAD_REQUEST, Missing, Visit, redirect, signed_in

NO_FILE = "Choose a file first."


def upload(visit: Visit) -> Response:
    """A file that hangs on a record from the start."""
    sobject, record_id = visit.record_id(visit.request.path_params["record_id"])
    if reading.record(visit, sobject, record_id) is None:
        raise Missing
    sent = visit.file("file")
    if sent is None:
        return visit.page("problem.html", BAD_REQUEST, problem=NO_FILE, back=f"/{record_id}")
    name, content = sent
    values = {"PathOnClient": name, "VersionData": content, "FirstPublishLocationId": record_id}

    def run(work: Work) -> str:
        return write.create(work, work.schema["ContentVersion"], values)

    outcome = saving.act(visit, run)
    if outcome.problems:
        return visit.page("problem.html", BAD_REQUEST, problem=outcome.words, back=f"/{record_id}")
    return redirect(f"/{record_id}")


def version(visit: Visit) -> Response:
    record_id, record = _found(visit, visit.request.path_params["record_id"])
    path = str(record.get("PathOnClient") or record.get("Title"))
    return _download(visit, record_id, path.replace("\\", "/").rsplit("/", 1)[-1])


def attachment(visit: Visit) -> Response:
    record_id, record = _found(visit, visit.asked("file"))
    return _download(visit, record_id, str(record.get("Name")))


def _found(visit: Visit, text: str) -> tuple[str, Record]:
    sobject, record_id = visit.record_id(text)
    record = reading.record(visit, sobject, record_id)
    if record is None or record.get("IsDeleted"):
        raise Missing
    return record_id, record


def _download(visit: Visit, record_id: str, name: str) -> Response:
    """Never shown in place: a file may hold a page that would act as one of ours."""
    with visit.reading() as db:
        content = blobs.read(db, record_id)
    if content is None:
        raise Missing
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return Response(content, 200, headers, "application/octet-stream")


ROUTES = [
    Route("/{record_id}/files", signed_in(upload), methods=["POST"]),
    Route("/sfc/servlet.shepherd/version/download/{record_id}", signed_in(version)),
    Route("/servlet/servlet.FileDownload", signed_in(attachment)),
]
