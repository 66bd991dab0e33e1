"""Making lists, and putting records on them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import OuterRef, QuerySet

from activities.counting import BoundedCount
from activities.models import ListMember, RecordList
from common.acting import acting_user
from common.bulk import any_of
from common.records import record_model
from common.visibility import seen_of
from users.models import User


@transaction.atomic
def create_list(**values: Any) -> RecordList:
    """Whoever makes a list owns it. Raises ValidationError."""
    new = RecordList(**{"owner": acting_user(), **values})
    new.name = new.name.strip()
    new.full_clean()
    new.save(force_insert=True)
    return new


@transaction.atomic
def update_list(list_id: int, changes: Mapping[str, Any]) -> RecordList:
    """Raises ValidationError, PermissionDenied and DoesNotExist."""
    present = _changeable(list_id)
    for name, value in changes.items():
        setattr(present, name, value.strip() if isinstance(value, str) else value)
    if changes:
        present.full_clean()
        present.save(update_fields=set(changes))
    return present


@transaction.atomic
def delete_list(list_id: int) -> None:
    """The records that were on it stay. Raises PermissionDenied and DoesNotExist."""
    _changeable(list_id).delete()


def _changeable(list_id: int) -> RecordList:
    present = RecordList.objects.select_for_update(of=("self",)).select_related("owner").get(pk=list_id)
    if not present.may_be_changed_by(acting_user()):
        raise PermissionDenied(f"Only {present.owner} and admins may change this list.")
    return present


def list_named(name: str, kind: str) -> RecordList:
    """The list of that name, made if there is none. Raises ValidationError."""
    found = RecordList.objects.of_kind(kind).filter(name__iexact=name.strip()).first()
    return found or create_list(name=name, record_kind=kind)


def add_to_list(present: RecordList, ids: Sequence[int], *, user: User | None) -> int:
    """Put records that ``user`` sees on a list; returns how many were not on it before.

    Raises ValidationError when one of them is not there.
    """
    found = seen_of(record_model(present.record_kind), user).filter(pk__in=any_of(ids, "bigint"))
    known = set(found.values_list("pk", flat=True))
    if missing := sorted(set(ids) - known):
        raise ValidationError({"ids": f"There is none with the id {', '.join(map(str, missing[:10]))}."})
    column = f"{present.record_kind}_id"
    before = _on_list(present, known).count()
    # In the order of the ids: two workers never wait for each other in a circle.
    rows = [ListMember(list=present, **{column: pk}) for pk in sorted(known)]
    with transaction.atomic():
        ListMember.objects.bulk_create(rows, ignore_conflicts=True)
        return _on_list(present, known).count() - before


@transaction.atomic
def remove_from_list(present: RecordList, ids: Sequence[int], *, user: User | None) -> int:
    """Take records that ``user`` sees off a list; returns how many were on it."""
    seen = seen_of(record_model(present.record_kind), user).filter(pk__in=any_of(ids, "bigint"))
    return _on_list(present, seen.values_list("pk", flat=True)).delete()[0]


def _on_list(present: RecordList, ids: Any) -> QuerySet[ListMember]:
    return ListMember.objects.filter(list=present, **{f"{present.record_kind}_id__in": ids})


def with_counts(lists: QuerySet[RecordList]) -> QuerySet[RecordList]:
    """Each with ``size``, counted up to a thousand and one."""
    return lists.annotate(size=BoundedCount(ListMember.objects.filter(list=OuterRef("pk"))))
