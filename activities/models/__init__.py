from activities.models.activity import Activity, ActivityQuerySet
from activities.models.lists import ListMember, RecordList
from activities.models.sequences import Enrolment, Sequence, SequenceStep, StepRun

__all__ = [
    "Activity",
    "ActivityQuerySet",
    "Enrolment",
    "ListMember",
    "RecordList",
    "Sequence",
    "SequenceStep",
    "StepRun",
]
