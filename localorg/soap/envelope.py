"""SOAP envelopes: what a request asks for, and how results and faults are wrapped."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from localorg.errors import Problem, Refused, TypeMismatch
from localorg.soap import xml

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DIALECTS = {"u": "partner", "c": "enterprise"}
FAULTS = {
    "INVALID_LOGIN": "LoginFault",
    "INVALID_FIELD": "InvalidFieldFault",
    "INVALID_TYPE": "InvalidSObjectFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
    "MALFORMED_ID": "InvalidIdFault",
}
TELL_THE_PLACE = {"InvalidFieldFault", "InvalidSObjectFault", "MalformedQueryFault"}

_PLACE = re.compile(r"ERROR at Row:(\d+):Column:(\d+)")


class BadEnvelope(ValueError):
    """Not a SOAP request; the message is what the org says of it."""


@dataclass(frozen=True, slots=True)
class Request:
    dialect: str  # partner or enterprise
    header: Element | None
    body: Element  # of the operation

    @property
    def operation(self) -> str:
        return xml.name_of(self.body)

    @property
    def session_id(self) -> str:
        return xml.text(xml.child(self.header, "SessionHeader"), "sessionId")

    def option(self, header: str, name: str) -> str:
        """One value of a SOAP header such as AllOrNoneHeader; empty when it is not there."""
        return xml.text(xml.child(self.header, header), name)


def read(content: bytes, dialect: str) -> Request:
    """Raises BadEnvelope."""
    try:
        root = xml.read(content)
    except xml.NotXml as error:
        raise BadEnvelope(str(error) if content.strip() else "Premature end of file.") from None
    body = xml.child(root, "Body")
    if xml.name_of(root) != "Envelope" or body is None or not len(body):
        raise BadEnvelope("Unable to find the body of the SOAP envelope")
    return Request(dialect, xml.child(root, "Header"), body[0])


def result(request: Request, content: str, used: int, limit: int) -> bytes:
    """The answer to an operation; ``content``: its <result> elements."""
    info = xml.tag("limitInfo", xml.leaf("current", used) + xml.leaf("limit", limit) + xml.leaf("type", "API REQUESTS"))
    header = "" if request.operation == "login" else xml.tag("soapenv:Header", xml.tag("LimitInfoHeader", info))
    body = xml.tag("soapenv:Body", xml.tag(f"{request.operation}Response", content))
    own = f"urn:{request.dialect}.soap.sforce.com"
    spaces = f'xmlns="{own}" xmlns:xsi="{XSI}" xmlns:sf="urn:sobject.{request.dialect}.soap.sforce.com"'
    return _envelope(spaces, header + body)


def fault(dialect: str, refused: Refused) -> bytes:
    """A refusal of the whole call."""
    if isinstance(refused, TypeMismatch):
        return client_fault(f"'{refused.value}' is not a valid value for the type xsd:{refused.kind}")
    problem = refused.problems[0]
    kind = FAULTS.get(problem.code, "UnexpectedErrorFault")
    told = xml.leaf("sf:exceptionCode", problem.code) + xml.leaf("sf:exceptionMessage", problem.message)
    told += _place(problem) if kind in TELL_THE_PLACE else ""
    detail = xml.tag("detail", xml.tag(f"sf:{kind}", told, xsi_type=f"sf:{kind}"))
    spaces = f'xmlns:sf="urn:fault.{dialect}.soap.sforce.com" xmlns:xsi="{XSI}"'
    return _fault(f"sf:{problem.code}", f"{problem.code}: {problem.message}", detail, spaces)


def client_fault(message: str) -> bytes:
    """A request that is none."""
    return _fault("soapenv:Client", message, "", "")


def _place(problem: Problem) -> str:
    found = _PLACE.search(problem.message)
    row, column = found.groups() if found else ("-1", "-1")
    return xml.leaf("sf:row", row) + xml.leaf("sf:column", column)


def _fault(code: str, message: str, detail: str, spaces: str) -> bytes:
    told = xml.leaf("faultcode", code) + xml.leaf("faultstring", message) + detail
    return _envelope(spaces, xml.tag("soapenv:Body", xml.tag("soapenv:Fault", told)))


def _envelope(spaces: str, content: str) -> bytes:
    opening = f'<soapenv:Envelope xmlns:soapenv="{SOAP}"{" " if spaces else ""}{spaces}>'
    return f'<?xml version="1.0" encoding="UTF-8"?>{opening}{content}</soapenv:Envelope>'.encode()
