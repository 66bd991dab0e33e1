"""Which of many activities the settings let through, however old they are."""

from collections.abc import Sequence

from activities.models import Activity
from common.bulk import any_of
from integrations.activity_rules import ActivityRules, Verdict, judged, verdict
from integrations.models import Connection
from integrations.sync.activities.waiting import Around


def that_go(connection: Connection, ids: Sequence[int]) -> list[Activity]:
    return [activity for activity, said in judge(connection, ids) if said.pushes]


def judge(connection: Connection, ids: Sequence[int]) -> list[tuple[Activity, Verdict]]:
    """By a fixed number of queries. Their texts are not read: no rule asks for them."""
    rows = Activity.objects.filter(pk__in=any_of(ids, "bigint")).defer("body")
    found = list(judged(rows).order_by("pk"))
    rules, coming = ActivityRules.load(connection), Around.load(found).coming
    return [(one, verdict(one, rules, coming)) for one in found]
