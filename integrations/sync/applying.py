"""Applying a page of whatever object, in a transaction of its own; what can't be stored is left out, and said."""

import logging
from collections import Counter

import pghistory
from django.db import transaction

from common.logs import about
from integrations.models import Connection, RecordLink, Run
from integrations.sync import unstorable
from integrations.sync.activities.pulling import apply_tasks
from integrations.sync.activities.scope import ActivityScope, scope_for
from integrations.sync.apply import apply_page
from integrations.sync.casting import apply_roles
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.page import Page
from integrations.sync.records import ROLES
from integrations.sync.roles import RoleScope
from integrations.sync.scope import Scope

logger = logging.getLogger(__name__)


def scope_of(connection: Connection, remote_object: str) -> Scope | RoleScope:
    """What a pull of an object needs: most objects are records, one ties contacts to deals, one is tasks."""
    if remote_object != ROLES.name:
        return scope_for(connection, remote_object)
    scope = RoleScope.load(connection)
    assert scope is not None, "an object that is pulled is described"
    return scope


def apply(scope: Scope | RoleScope, page: Page, run: Run) -> Counter[str]:
    counts = _applied(scope, page, run)
    unstorable.close(scope, page.records)
    return counts


def _applied(scope: Scope | RoleScope, page: Page, run: Run) -> Counter[str]:
    if isinstance(scope, RoleScope):
        return apply_roles(scope, page, run)
    return apply_tasks(scope, page, run) if isinstance(scope, ActivityScope) else apply_page(scope, page, run)


@on_deadlock_again
def apply_in_one(scope: Scope, page: Page, run: Run) -> Counter[str]:
    with transaction.atomic(), pghistory.context(source="Salesforce", run=run.pk):
        return apply(scope, page, run)


def leave_out(scope: Scope | RoleScope, run: Run, piece: Page, is_last: bool, error: Exception) -> Counter[str]:
    for record in piece.records:
        unstorable.note(scope, record, error)
        run.message = f"{scope.remote_object} {record.id} could not be stored: {unstorable.reason(error)}"
        link = RecordLink.objects.filter(connection=scope.connection, remote_id=record.id).first()
        with about(**({"link_id": link.pk} if link else {})):
            logger.error("%s", run.message)
        run.save(update_fields=["message"])
    return Counter(failed=len(piece.records))
