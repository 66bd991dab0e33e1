"""Bringing deleted records back, one or all that somebody looks for."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict

from common import jobs, merging, trash
from common.acting import acting_user
from common.models import DeletedRecord, Job, Record, RecordKind
from common.paging import honest_count
from common.records import record_model
from common.search import matching
from common.trash import NotRestorable
from common.visibility import seen_of, visible_deleted

if TYPE_CHECKING:
    from users.models import User

CHUNK = 200
PARAMS = ("q", "kind", "by")


class DeletedFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="filter_words", label="Search")
    kind = django_filters.ChoiceFilter("record_kind", choices=RecordKind.choices, label="Kind", empty_label="All kinds")
    by = django_filters.ChoiceFilter(
        choices=[("me", "Deleted by me")], method="filter_by", label="Deleted by", empty_label="By anybody"
    )

    class Meta:
        model = DeletedRecord
        fields: list[str] = []

    def filter_words(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(matching(value))

    def filter_by(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(deleted_by=acting_user())

    @property
    def is_active(self) -> bool:
        return any(self.data.get(name) for name in self.filters)


def bring_back(row: DeletedRecord, user: "User | None") -> Record:
    """Restore a record, or take the merge apart in which it went. Raises NotRestorable and DoesNotExist."""
    if not row.merged_into:
        return trash.restore(row.record_kind, row.record_id)
    # A merge that is taken apart gives values back to the record that stayed.
    if not seen_of(record_model(row.record_kind), user).filter(pk=row.merged_into).exists():
        raise NotRestorable("The record that it was merged into is not there any more, or is not yours to change.")
    try:
        return merging.undo(row.record_kind, row.record_id)
    except merging.NotMergeable as refusal:
        raise NotRestorable(str(refusal)) from refusal


def restorable(user: "User", params: QueryDict | dict[str, Any]) -> QuerySet[DeletedRecord]:
    """Deleted records that match, without those that were merged: each of these is a decision of its own."""
    return DeletedFilter(params, visible_deleted(user)).qs.filter(merged_into=None)


def start(user: "User", params: dict[str, str]) -> Job:
    """Bring all back that match now; what is deleted later stays so."""
    rows = restorable(user, params)
    newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    title = f"Restoring {honest_count(rows)} deleted records"
    return jobs.start("restore", user=user, title=title, params={**params, "newest": newest})


@jobs.runs("restore")
def restore_step(job: Job) -> bool:
    params = {name: job.params.get(name, "") for name in PARAMS}
    rows = restorable(job.user, params).filter(pk__gt=job.position.get("after", 0), pk__lte=job.params["newest"])
    if job.total is None:
        job.total = honest_count(rows).number
    chunk = list(rows.order_by("pk")[:CHUNK])
    by_kind: dict[str, list[int]] = defaultdict(list)
    for row in chunk:
        by_kind[row.record_kind].append(row.record_id)
    restored = sum(trash.restore_many(kind, ids) for kind, ids in by_kind.items())
    for word, number in (("restored", restored), ("left out", len(chunk) - restored)):
        if number:
            job.counts[word] = job.counts.get(word, 0) + number
    job.done += len(chunk)
    if chunk:
        job.position = {"after": chunk[-1].pk}
    return len(chunk) < CHUNK
