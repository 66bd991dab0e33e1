"""Whether a login may add people to campaigns, from what is stored of it: nobody is asked."""

from integrations.models import Credential
from integrations.sync.records import MEMBERS

CAMPAIGN = "Campaign"


def lacks(login: Credential) -> str:
    """What to ask the Salesforce admin for; "" when nothing lacks, or nothing is known yet."""
    own = login.connection.descriptions if login.connection.team_credential_id == login.pk else login.descriptions
    names = "remote_object", "content__is_visible", "content__is_createable"
    rows = own.filter(remote_object__in=(CAMPAIGN, MEMBERS.name)).values_list(*names)
    may = {name: (is_visible is not False, is_createable is not False) for name, is_visible, is_createable in rows}
    sees_campaigns, _ = may.get(CAMPAIGN, (True, True))
    sees_members, adds_members = may.get(MEMBERS.name, (True, True))
    whom = f"{login} ({login.username})" if login.username else str(login)
    if not (sees_campaigns and sees_members):
        return f"The login of {whom} does not see campaigns in Salesforce: it needs Read and Edit on Campaigns."
    if not adds_members:
        return (
            f"The login of {whom} may not add people to campaigns in Salesforce: it needs Edit on Campaigns, "
            "and in older orgs “Marketing User” ticked."
        )
    return ""
