"""Rows for tests: each factory makes the smallest row that the product itself could have made."""

from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import Account
from activities.models import Activity, RecordList, Sequence, SequenceStep
from common.models import CustomField, Job, JobChunk, RecordKind, SavedView
from contacts.models import Contact
from deals.models import Deal, Pipeline
from deals.models import Stage as DealStage
from users.models import User


class UserFactory(DjangoModelFactory):
    """Somebody who has signed in before. ``password="…"`` only where a test signs in by the form: hashing is slow."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence("user{}@example.com".format)
    name = factory.Sequence("User {}".format)
    last_login = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(*args, **kwargs)


class AdminFactory(UserFactory):
    role = User.Role.ADMIN


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = Account

    name = factory.Sequence("Account {}".format)


class ContactFactory(DjangoModelFactory):
    class Meta:
        model = Contact

    first_name = "Ann"
    last_name = factory.Sequence("Roe {}".format)
    email = factory.Sequence("ann{}@acme.example".format)


class PipelineFactory(DjangoModelFactory):
    class Meta:
        model = Pipeline

    name = factory.Sequence("Pipeline {}".format)


class DealStageFactory(DjangoModelFactory):
    class Meta:
        model = DealStage

    pipeline = factory.SubFactory(PipelineFactory)
    name = factory.Sequence("Stage {}".format)


class DealFactory(DjangoModelFactory):
    """In the first stage of the default pipeline, as a migration made it."""

    class Meta:
        model = Deal

    name = factory.Sequence("Deal {}".format)
    stage = factory.LazyFunction(lambda: DealStage.objects.filter(pipeline__is_default=True).first())


class ActivityFactory(DjangoModelFactory):
    class Meta:
        model = Activity

    kind = Activity.Kind.NOTE
    subject = factory.Sequence("Activity {}".format)
    contact = factory.SubFactory(ContactFactory)
    happened_at = factory.LazyFunction(timezone.now)


class TaskFactory(ActivityFactory):
    kind = Activity.Kind.TASK


class RecordListFactory(DjangoModelFactory):
    class Meta:
        model = RecordList

    name = factory.Sequence("List {}".format)


class SequenceFactory(DjangoModelFactory):
    class Meta:
        model = Sequence

    name = factory.Sequence("Sequence {}".format)
    is_on = True


class StepFactory(DjangoModelFactory):
    """An e-mail that is due at once."""

    class Meta:
        model = SequenceStep

    sequence = factory.SubFactory(SequenceFactory)
    position = factory.Sequence(lambda number: number + 1)
    kind = SequenceStep.Kind.EMAIL
    subject = "Hello {{first_name}}"
    body = "Dear {{name}}, …"


class CustomFieldFactory(DjangoModelFactory):
    class Meta:
        model = CustomField

    record_kind = RecordKind.CONTACT
    key = factory.Sequence("field_{}".format)
    label = factory.Sequence("Field {}".format)
    type = CustomField.Type.TEXT


class JobFactory(DjangoModelFactory):
    class Meta:
        model = Job

    kind = "export"
    title = factory.Sequence("Job {}".format)
    user = factory.SubFactory(UserFactory)


class JobChunkFactory(DjangoModelFactory):
    class Meta:
        model = JobChunk

    job = factory.SubFactory(JobFactory)
    number = 0
    data = b"x"


class SavedViewFactory(DjangoModelFactory):
    class Meta:
        model = SavedView

    record_kind = RecordKind.CONTACT
    name = factory.Sequence("View {}".format)
    user = factory.SubFactory(UserFactory)
