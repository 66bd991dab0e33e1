"""Who pushes e-mails and meetings with people that Salesforce lacks wants to have these people here first.

Only those of what is pushed: junk in an Inbox makes nobody a contact where incoming e-mails stay here.
"""

from activities.mail import strangers
from activities.models import Activity
from integrations.activity_rules.exclusions import Email, excluding
from integrations.activity_rules.verdicts import SWITCH_OF, WITH_STRANGERS, email_switch
from integrations.models import ActivitySettings

Kind = Activity.Kind


@strangers.wanted
def whose_are_pushed(kind: str) -> strangers.Judge | None:
    connected = ActivitySettings.objects.exclude(connection__org_id="").select_related("connection")
    settings = connected.filter(**{WITH_STRANGERS[Kind(kind)]: True}).first()
    if settings is None:
        return None
    if kind != Kind.EMAIL:
        is_pushed = getattr(settings, SWITCH_OF[Kind(kind)])
        return lambda occasion: is_pushed
    rules = list(settings.connection.exclusion_rules.all())

    def judge(occasion: strangers.Occasion) -> bool:
        switch = email_switch(
            is_incoming=occasion.is_incoming,
            is_sent_here=occasion.is_sent_here,
            is_reply=occasion.is_reply,
            is_internal=occasion.is_internal,
        )
        email = Email(occasion.sender, tuple(occasion.recipients), occasion.subject)
        return getattr(settings, switch) and not excluding(email, rules)

    return judge
