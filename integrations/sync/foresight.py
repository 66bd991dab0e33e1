"""What would be refused of a record if it were pushed now, as far as the org's description tells: said beforehand."""

from common.models import Record
from integrations.models import Connection, Credential, ObjectDescription, Outbox, RecordLink
from integrations.sync.activities.scope import scope_for
from integrations.sync.creating import payload_of
from integrations.sync.outcomes import Item
from integrations.sync.writing import unfit, withhold


def foreseen_problems(
    connection: Connection, record: Record, remote_object: str, login: Credential | None
) -> tuple[str, ...]:
    """Nobody is asked, and nothing is changed. A parent that would go first counts as being there."""
    if not ObjectDescription.objects.filter(connection=connection, remote_object=remote_object).exists():
        return ()
    scope = scope_for(connection, remote_object, login)
    link = RecordLink.objects.live().filter(record_kind=scope.kind, record_id=record.pk).first()
    row = Outbox(record_kind=scope.kind, record_id=record.pk, is_manual=True)
    item = Item(row, record, link, scope, scope.express([record], scope.vocabulary([record]))[record.pk])
    withhold(scope, item)
    if link is None:
        return tuple(found.message for found in unfit(scope, item, payload_of(scope, item), is_create=True))
    base = item.base
    changed = {name: value for name, value in item.local.items() if base is None or value != base.our(name)}
    sent = {name: value for name, value in changed.items() if scope.description.fields[name].is_updateable}
    return tuple(found.message for found in unfit(scope, item, sent, is_create=False))
