"""Records that say which one they are there, but have no link: imported, restored from a backup, set by hand."""

from collections import defaultdict
from collections.abc import Sequence

from common.models import Record
from integrations.sync.fates import fates_of
from integrations.sync.matching import BY_CRM_ID, Twins, links_by_remote_id
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import Item
from integrations.sync.provider import Provider
from integrations.sync.scope import Scope
from integrations.sync.twins import adopted, former_bases, write_adopted
from integrations.sync.updating import not_visible
from integrations.sync.waiting import wait_for_parents
from integrations.sync.writing import still_open


def link_identified(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Link them as on first link, or by what was agreed on before.

    What is gone there, or another's by now, is sought as every record without a link.
    """
    named = [item for item in still_open(items) if item.record.crm_id]
    if not named:
        return
    wait_for_parents(claim, scope, named)
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in still_open(named):
        groups[_object(item.record, scope)].append(item)
    scopes = {name: scope.of(name) for name in groups}
    for name, group in groups.items():
        _link(scopes[name], group, provider)
    write_adopted(claim, scopes, named, provider)


def _object(record: Record, scope: Scope) -> str:
    return getattr(record, "crm_object", "") or scope.remote_object


def _link(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    ids = [item.record.crm_id for item in items]
    links = links_by_remote_id(ids)
    found = provider.retrieve(scope.remote_object, ids, scope.names)
    lost = [id_ for id_, remote in zip(ids, found, strict=True) if remote is None]
    fates = fates_of(scope.remote_object, lost, provider)
    records = [item.record for item in items]
    seen = scope.express(records, scope.vocabulary(records))
    former = former_bases(scope, items)
    for item, remote in zip(items, found, strict=True):
        if remote is None:
            item.outcome = None if item.record.crm_id in fates else not_visible()
        elif remote.id not in links and not remote.is_converted:
            item.scope, item.seen = scope, seen[item.record.pk]
            item.base = former.get((item.record.pk, remote.id))
            item.outcome = adopted(item, remote, Twins((remote,)), BY_CRM_ID)
