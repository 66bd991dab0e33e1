"""What the panel does with people: the actions of lists, answered in place. Whom the CRM lacks is saved first.

A request names things by their ids, and an id proves nothing. People are those of the account on show whom the user
sees; of an account that is chosen to assign, and of a template, the same holds. Lists and sequences are the team's, so
there are none of another user's to be kept from: whoever may edit puts people on any list (by its name, which makes one
if there is none) and into any sequence that has steps. What goes on in the background is told to who began it alone.
Who reads only changes nothing; who works in the panel only assigns to the account on show and adds to no campaign,
since campaigns are shown by the team's login.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import QueryDict

from accounts.models import Account
from common import actions, jobs
from common.actions import Action, ActionForm, Selection
from common.models import Job, RecordKind
from common.widgets import RecordPicker
from contacts.prospecting import save_prospects
from contacts.tables import CONTACTS
from integrations.embedding.people import Person
from users.models import User

MOST = 200  # people at once: those whom somebody ticked on a page or a few
AT_ONCE = 3.0  # seconds that a person waits; a worker does what is left
# Actions of contacts that the panel offers, under the names that it has for them; "" as it is called elsewhere.
OFFERED = {
    "enrol": "",
    "add_to_list": "",
    "push": "Export to Salesforce",
    "campaign": "",
    "owner": "Assign owner",
    "account": "Assign account",
}


@dataclass(frozen=True)
class Deed:
    """An action, and why it can't be done now."""

    action: Action
    refusal: str

    @property
    def name(self) -> str:
        return self.action.name

    @property
    def label(self) -> str:
        return OFFERED[self.name] or self.action.label


def deeds(user: User) -> list[Deed]:
    """What a user may do with people, in the order in which it is shown."""
    known = {action.name: Deed(action, reason) for action, reason in actions.offered(RecordKind.CONTACT, user)}
    if user.is_panel_only:
        known.pop("campaign", None)  # it shows what the team's login sees of the org, which is more than theirs may
    return [known[name] for name in OFFERED if name in known]


def deed_named(name: str, user: User) -> Deed | None:
    return next((one for one in deeds(user) if one.name == name), None)


def form_for(deed: Deed, user: User, account: Account, data: QueryDict | None) -> ActionForm:
    """What the action asks for. Records are picked by an address of the panel; the account on show is proposed."""
    form = deed.action.form(data, initial={"account": account.pk}, kind=RecordKind.CONTACT, user=user)
    for field in form.fields.values():
        if isinstance(field.widget, RecordPicker):
            field.widget.address = "embedding:options"
            field.queryset = choosable_accounts(user, account)  # type: ignore[attr-defined]
    return form


def choosable_accounts(user: User, account: Account) -> Any:
    """Those that people may be assigned to. Who works in the panel only knows of no other than the one on show."""
    if user.is_panel_only:
        return Account.objects.filter(pk=account.pk)
    return Account.objects.visible_to(user)


@transaction.atomic
def saved(people: Sequence[Person]) -> dict[str, int]:
    """The contacts of people by their keys; who was none becomes one."""
    new = [one.row.pk for one in people if one.is_new]
    made = save_prospects(new).contacts if new else {}
    found = {one.key: made.get(one.row.pk) if one.is_new else one.row.pk for one in people}
    return {key: pk for key, pk in found.items() if pk}


def start(deed: Deed, contacts: Collection[int], user: User, data: QueryDict) -> Job:
    """Do it, now as far as it goes."""
    selection = Selection(CONTACTS, ids=tuple(sorted(set(contacts))))
    job = actions.start(deed.action, selection, user=user, data=data)
    jobs.run(job.pk, AT_ONCE)
    job.refresh_from_db()
    return job


def job_of(user: User, pk: int) -> Job | None:
    """An action that this user began."""
    return Job.objects.filter(pk=pk, user=user, kind=actions.JOB, params__kind=RecordKind.CONTACT).first()


def label_of(job: Job, user: User) -> str:
    deed = deed_named(job.params["action"], user)
    return deed.label if deed else job.title


def outcome(label: str, job: Job, new: int) -> tuple[str, str]:
    """What became of it, and how it went."""
    first = [f"{new} saved"] if new else []
    parts = first + [f"{count} {word}" for word, count in job.counts.items() if count]
    if job.state == Job.State.FAILED:
        return job.message, "error"
    if job.state != Job.State.DONE:
        rest = "going on in the background" if job.is_under_way else "stopped"
        return f"{label}: {', '.join([*parts, rest])}.", "info"
    return f"{label}: {', '.join(parts) or 'nothing to do'}.", "success"
