"""What single objects do besides: names, stages, activities, campaigns."""

from localorg.dml.rules.base import NOTHING, Rules
from localorg.dml.rules.campaigns import CAMPAIGN, MEMBER
from localorg.dml.rules.events import EVENT
from localorg.dml.rules.opportunities import OPPORTUNITY, ROLE
from localorg.dml.rules.people import LEAD, PERSON
from localorg.dml.rules.tasks import TASK

_RULES = {
    "Contact": PERSON,
    "User": PERSON,
    "Lead": LEAD,
    "Opportunity": OPPORTUNITY,
    "OpportunityContactRole": ROLE,
    "Task": TASK,
    "Event": EVENT,
    "Campaign": CAMPAIGN,
    "CampaignMember": MEMBER,
}


def of(sobject: str) -> Rules:
    return _RULES.get(sobject, NOTHING)


__all__ = ["Rules", "of"]
