"""Who goes first where a pool is full: what people wait for, then what the night does, then days of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.task.priority_strategy import PriorityWeightStrategy

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance

#: What Airflow calls the runs of a backfill.
_BACKFILL = "backfill__"


class BackfillsLast(PriorityWeightStrategy):
    """A task's own weight, which is its DAG's purpose; 1 in a backfill, whatever the purpose."""

    def get_weight(self, ti: TaskInstance) -> int:
        """Weight of a task of a run."""
        return 1 if str(ti.run_id or "").startswith(_BACKFILL) else int(ti.task.priority_weight)  # type: ignore[union-attr]
