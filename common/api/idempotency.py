"""A request that is sent again, because its answer was lost, does nothing twice: it gets the first answer again."""

import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.errors import Conflict
from common.models import KeptReply

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 255
KEPT_FOR = timedelta(hours=24)
LEASE = timedelta(minutes=2)  # longer than a web process lets one request run
PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Any text of your own, a UUID for example. For 24 hours the same request with the same key gets the "
    "first answer again, and does nothing.",
)


class KeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was sent with another request. Use a new key for a new request."
    default_code = "key_reused"


def once(request: Request, work: Callable[[], Response]) -> Response:
    """``work``'s answer, or that of the first request with this key. What was refused may be sent again."""
    key = request.headers.get(HEADER, "").strip()
    if not key:
        return work()
    if len(key) > LONGEST or not key.isprintable():
        raise ValidationError({HEADER: [f"Give up to {LONGEST} printable characters."]})
    row = _begin(request, key)
    if row.status is not None:
        headers = {REPLAYED: "true", **({"Location": row.location} if row.location else {})}
        return Response(json.loads(row.body), row.status, headers=headers)
    try:
        with transaction.atomic():
            answer = work()
            ours = KeptReply.objects.filter(pk=row.pk, begun_at=row.begun_at, status=None)
            body = JSONRenderer().render(answer.data).decode()
            if not ours.update(status=answer.status_code, location=answer.get("Location", ""), body=body):
                raise Conflict("Another request with this Idempotency-Key went before.")
    except BaseException:
        KeptReply.objects.filter(pk=row.pk, begun_at=row.begun_at, status=None).delete()
        raise
    return answer


def prune() -> None:
    KeptReply.objects.filter(begun_at__lt=timezone.now() - KEPT_FOR).delete()


def _begin(request: Request, key: str) -> KeptReply:
    """The row of this key: ours to fill, or with its reply. It is committed before the work begins."""
    now = timezone.now()
    asked = json.dumps([request.method, request.path, request.data], sort_keys=True)
    fingerprint = sha256(asked.encode()).hexdigest()
    user: Any = request.user
    mine = KeptReply.objects.filter(user=user, key=key)
    mine.filter(begun_at__lt=now - KEPT_FOR).delete()
    mine.filter(begun_at__lt=now - LEASE, status=None).delete()  # its process was killed, and nothing was done
    try:
        with transaction.atomic():
            return KeptReply.objects.create(user=user, key=key, fingerprint=fingerprint, begun_at=now)
    except IntegrityError:
        row = mine.first()
    if row is None:
        raise Conflict
    if row.fingerprint != fingerprint:
        raise KeyReused
    if row.status is None:
        raise Conflict("The first request with this Idempotency-Key is still under way. Send it again in a moment.")
    return row
