"""The pipeline that follows a connected CRM: its stages are made, renamed and closed there."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Cast, Concat

from deals.models import Pipeline, Stage

NAME_LENGTH = Stage._meta.get_field("name").max_length or 0
MARK = "\t"  # before the names of stages whose names are about to change: no name begins with it


@dataclass(frozen=True)
class CrmStage:
    """A stage as the CRM tells of it: ``value`` is what deals hold there, ``label`` what people see."""

    value: str
    label: str
    probability: int
    forecast_category: str
    is_closed: bool
    is_won: bool
    is_active: bool


@transaction.atomic
def follow_crm(name: str, told: Sequence[CrmStage]) -> Pipeline:
    """Make the pipeline ``name`` hold the stages that the CRM tells of, in its order, and nobody edit them here.

    A stage is known again by its value, whatever it is called by now. One that the CRM has no more stays, inactive,
    for deals may be at it.
    """
    pipeline = _followed(name, [one.value for one in told])
    if not pipeline:
        Pipeline.objects.filter(is_default=True).update(is_default=False)
        pipeline = Pipeline.objects.create(name=name, is_default=True)
    Pipeline.objects.filter(pk=pipeline.pk).update(is_locked=True)
    ours = list(pipeline.stages.all())
    by_value = {stage.crm_value or stage.name: stage for stage in ours}
    followed = [_told(by_value.pop(one.value, Stage(pipeline=pipeline)), one) for one in told]
    gone = list(by_value.values())
    for stage in gone:
        stage.is_active = False
    stages = [*followed, *gone]
    for position, stage in enumerate(stages):
        stage.position = position
    _name_apart(stages)
    pipeline.stages.update(name=Concat(Value(MARK), Cast(F("pk"), Stage._meta.get_field("name"))))
    for stage in stages:
        stage.save()
    return pipeline


def _followed(name: str, values: Sequence[str]) -> Pipeline | None:
    """The pipeline that has followed the CRM before, whatever it is called by now, else the one of that name."""
    pipelines = Pipeline.objects.select_for_update()
    known = Stage.objects.filter(crm_value__in=set(values) - {""}).order_by("pk").values("pipeline")[:1]
    return pipelines.filter(pk__in=known).first() or pipelines.filter(name=name).first()


def _told(stage: Stage, told: CrmStage) -> Stage:
    stage.crm_value, stage.name = told.value, told.label[:NAME_LENGTH]
    stage.probability, stage.forecast_category = told.probability, told.forecast_category
    stage.is_closed, stage.is_won, stage.is_active = told.is_closed, told.is_won, told.is_active
    return stage


def _name_apart(stages: Sequence[Stage]) -> None:
    """The CRM may call two values the same, or give a new one the name of one that is gone."""
    counts = Counter(stage.name for stage in stages)
    for number, stage in enumerate(stages):
        if counts[stage.name] > 1:
            other = f" ({stage.crm_value if stage.crm_value != stage.name else number + 1})"
            stage.name = f"{stage.name[: NAME_LENGTH - len(other)]}{other}"


@transaction.atomic
def learn_stages(values: Iterable[str]) -> bool:
    """Make stages for values that deals have in the CRM and that it has not told of: inactive until it does.

    Returns whether there were any.
    """
    wanted = set(values) - {""}
    unknown = sorted(wanted - set(Stage.objects.filter(crm_value__in=wanted).values_list("crm_value", flat=True)))
    pipeline = Pipeline.objects.select_for_update().filter(is_locked=True).first() if unknown else None
    if pipeline is None:
        return False
    present = {stage.name for stage in pipeline.stages.all()}
    last = len(present)
    for number, value in enumerate(unknown):
        name = value[:NAME_LENGTH]
        if name in present:
            name = f"{value[: NAME_LENGTH - 8]} ({last + number})"
        Stage.objects.get_or_create(
            crm_value=value,
            defaults={"pipeline": pipeline, "name": name, "position": last + number, "is_active": False},
        )
    return True
