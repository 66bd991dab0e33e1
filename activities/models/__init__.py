from activities.models.activity import Activity, ActivityQuerySet
from activities.models.lists import ListMember, RecordList
from activities.models.mail import Calendar, Mailbox, MailFolder, Meeting, SentCopy
from activities.models.people import DeletedEmail, Message, Participant
from activities.models.reminders import Reminder
from activities.models.sequences import Enrolment, Sequence, SequenceStep, StepRun
from activities.models.writing import EmailTemplate

__all__ = [
    "Activity",
    "ActivityQuerySet",
    "Calendar",
    "DeletedEmail",
    "EmailTemplate",
    "Enrolment",
    "ListMember",
    "MailFolder",
    "Mailbox",
    "Meeting",
    "Message",
    "Participant",
    "RecordList",
    "Reminder",
    "SentCopy",
    "Sequence",
    "SequenceStep",
    "StepRun",
]
