"""Every refusal of the REST API in one shape: a problem as RFC 9457 describes it.

``errors`` is there when values of the request are to blame: messages by field.
"""

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
OF_THE_WHOLE = api_settings.NON_FIELD_ERRORS_KEY


class Conflict(APIException):
    """What was asked for can't be done as things stand; the text says why."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Something else changed meanwhile. Look at it again, then try once more."
    default_code = "conflict"


class BodyTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"A body may have {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes."
    default_code = "too_large"


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """None for what is nobody's fault but ours: Django then answers 500."""
    known = _as_answer(error)
    response = exception_handler(known, context)
    if response is not None:
        response.data = _body(known, response)
        response.content_type = CONTENT_TYPE
    return response


def _as_answer(error: Exception) -> Exception:
    """Services raise what Django raises."""
    match error:
        case DjangoValidationError():
            return ValidationError(_by_field(error))
        case ObjectDoesNotExist():
            return NotFound()
        case RequestDataTooBig():
            return BodyTooLarge()
        case IntegrityError():
            logger.warning("The database refused what the checks had let through.", exc_info=error)
            return Conflict()
    return error


def _by_field(error: DjangoValidationError) -> dict[str, list[str]]:
    if not hasattr(error, "error_dict"):
        return {OF_THE_WHOLE: error.messages}
    return {OF_THE_WHOLE if name == "__all__" else name: messages for name, messages in error.message_dict.items()}


def _body(error: Exception, response: Response) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(response.status_code).phrase,
        "status": response.status_code,
    }
    if not isinstance(error, ValidationError):
        return {**body, "detail": response.data["detail"]}
    found = response.data if isinstance(response.data, Mapping) else {OF_THE_WHOLE: response.data}
    errors = {str(name): list(_messages(value)) for name, value in found.items()}
    return {**body, "detail": _summary(errors), "errors": errors}


def _summary(errors: Mapping[str, list[str]]) -> str:
    whole = errors.get(OF_THE_WHOLE, [])
    fields = ", ".join(name for name in errors if name != OF_THE_WHOLE)
    return " ".join([*whole, *([f"Not accepted: {fields}."] if fields else [])])


def _messages(value: Any, where: str = "") -> Iterator[str]:
    """What is wrong inside a list or an object, in one flat list that says where."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _messages(inner, f"{where}{key}: ")
    elif isinstance(value, list):
        for inner in value:
            yield from _messages(inner, where)
    else:
        yield f"{where}{value}"
