from activities.models.activity import Activity, ActivityQuerySet
from activities.models.lists import ListMember, RecordList

__all__ = ["Activity", "ActivityQuerySet", "ListMember", "RecordList"]
