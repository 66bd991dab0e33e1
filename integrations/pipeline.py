"""The pipeline that follows the org's opportunity stages, as the deals' settings show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from integrations.sync.records import RECORD_TYPES

DEALS = "Opportunity"


@dataclass(frozen=True)
class PipelineShown:
    """Its stages in their order, each with ``deals``: how many are at it. Empty before an org was connected."""

    stages: Sequence[Any]
    is_pipeline: bool = True

    @classmethod
    def load(cls) -> "PipelineShown":
        type_ = RECORD_TYPES["deal"]
        followed = type_.stage_model._default_manager.filter(pipeline__is_locked=True).select_related("pipeline")
        deals: Any = type_.model._default_manager
        at_them = deals.values("stage").annotate(count=Count("pk")).order_by()
        counts = dict(at_them.values_list("stage", "count"))
        stages: list[Any] = list(followed.order_by("position", "pk"))
        for stage in stages:
            stage.deals = counts.get(stage.pk, 0)
        return cls(stages)

    @property
    def active(self) -> list[Any]:
        return [stage for stage in self.stages if stage.is_active]

    @property
    def gone(self) -> list[Any]:
        """Stages that the org has no more, or has not told of yet, where deals may still be."""
        return [stage for stage in self.stages if not stage.is_active]

    @property
    def stranded(self) -> int:
        return sum(stage.deals for stage in self.gone)
