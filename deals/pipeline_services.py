"""Writes of pipelines that people keep. What follows a CRM is written by ``deals.pipelines``."""

from collections.abc import Collection, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError

from deals.models import Pipeline, Stage

CLOSED = "Its stages follow the connected CRM: they are made, renamed and closed there."
NO_NEW = "While a pipeline follows the connected CRM, no stages are made here: the CRM would know none of them."


@transaction.atomic
def save_pipeline(pipeline: Pipeline, stages: Sequence[Stage], gone: Collection[Stage] = ()) -> Pipeline:
    """Write a pipeline and its steps in this order. Raises ValidationError."""
    _check_open(pipeline, stages)
    pipeline.full_clean()
    pipeline.save()
    for stage in gone:
        try:
            stage.delete()
        except ProtectedError as error:
            raise ValidationError(f"Deals are at “{stage}”: move them first.") from error
    for position, stage in enumerate(stages):
        stage.pipeline, stage.position = pipeline, position
        stage.save()
    return pipeline


def _check_open(pipeline: Pipeline, stages: Sequence[Stage]) -> None:
    locked = set(Pipeline.objects.select_for_update().filter(is_locked=True).values_list("pk", flat=True))
    if pipeline.pk in locked:
        raise ValidationError(CLOSED)
    if locked and not all(stage.pk for stage in stages):
        raise ValidationError(NO_NEW)


@transaction.atomic
def make_default(pipeline: Pipeline) -> None:
    """New deals start there from now on. Raises ValidationError."""
    if Pipeline.objects.are_stages_closed() and not pipeline.is_locked:
        raise ValidationError("New deals start in the pipeline that follows the connected CRM.")
    if not Stage.objects.choosable().filter(pipeline=pipeline, is_closed=False).exists():
        raise ValidationError(f"“{pipeline}” has no open stage in which a deal could start.")
    Pipeline.objects.filter(is_default=True).exclude(pk=pipeline.pk).update(is_default=False)
    Pipeline.objects.filter(pk=pipeline.pk).update(is_default=True)


@transaction.atomic
def delete_pipeline(pipeline: Pipeline) -> None:
    """Raises ValidationError."""
    if pipeline.is_locked:
        raise ValidationError(CLOSED)
    if pipeline.is_default:
        raise ValidationError("New deals start in this pipeline: make another one the default first.")
    try:
        pipeline.delete()
    except ProtectedError as error:
        raise ValidationError(f"Deals are in “{pipeline}”: move them to another pipeline first.") from error
