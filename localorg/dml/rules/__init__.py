"""What single objects do besides: names, stages, activities, campaigns, files, e-mail."""

from localorg.dml.rules.accounts import ACCOUNT
from localorg.dml.rules.base import NOTHING, Rules
from localorg.dml.rules.campaigns import CAMPAIGN, MEMBER, STATUS
from localorg.dml.rules.events import EVENT
from localorg.dml.rules.files import ATTACHMENT, DOCUMENT, LINK, VERSION
from localorg.dml.rules.invitees import INVITEE
from localorg.dml.rules.mail import EMAIL
from localorg.dml.rules.notes import CONTENT_NOTE
from localorg.dml.rules.opportunities import OPPORTUNITY, ROLE
from localorg.dml.rules.people import CONTACT, LEAD
from localorg.dml.rules.permissions import ASSIGNMENT, FIELD_PERMISSIONS, OBJECT_PERMISSIONS, USER
from localorg.dml.rules.tasks import TASK

_RULES = {
    "Account": ACCOUNT,
    "Contact": CONTACT,
    "FieldPermissions": FIELD_PERMISSIONS,
    "ObjectPermissions": OBJECT_PERMISSIONS,
    "PermissionSetAssignment": ASSIGNMENT,
    "User": USER,
    "Lead": LEAD,
    "Opportunity": OPPORTUNITY,
    "OpportunityContactRole": ROLE,
    "Task": TASK,
    "Event": EVENT,
    "Campaign": CAMPAIGN,
    "CampaignMember": MEMBER,
    "CampaignMemberStatus": STATUS,
    "EventRelation": INVITEE,
    "Attachment": ATTACHMENT,
    "ContentVersion": VERSION,
    "ContentDocument": DOCUMENT,
    "ContentDocumentLink": LINK,
    "ContentNote": CONTENT_NOTE,
    "EmailMessage": EMAIL,
}


def of(sobject: str) -> Rules:
    return _RULES.get(sobject, NOTHING)


__all__ = ["Rules", "of"]
