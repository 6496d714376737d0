"""The pipelines in sequence, without Airflow: the same components, the same artifacts, the same content digests as the DAGs.

One module a pipeline. Its `STEPS` name the DAG's tasks in order, each with what it runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.errors import ConfigError

#: What the steps before made, by step.
Refs = Mapping[str, ArtifactRef]

#: What the run was asked for, JSON values by name: the DAG's parameters or the command's options.
Options = Mapping[str, Any]

#: Runs one step on what the steps before it made; returns what it published.
Step = Callable[[Refs, RunContext, Options], ArtifactRef]


@dataclass
class PipelineRun:
    """What a run made: one reference a step, and how long each took (seconds)."""

    refs: dict[str, ArtifactRef] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def run_step(step: str, refs: Refs, context: RunContext, options: Options) -> ArtifactRef:
    """Run one step of any pipeline. Raises what its component raises, and ConfigError when there is no such step."""
    from bank_marketing.pipelines import monitoring, scoring, training

    for steps in (training.STEPS, monitoring.STEPS, scoring.STEPS):
        if step in steps:
            return steps[step](refs, context, options)
    raise ConfigError(f"no pipeline has a step {step!r}")


def run_steps(
    steps: Mapping[str, Step],
    context: RunContext,
    options: Options | None = None,
    *,
    on_step: Callable[[str, float], None] = lambda step, seconds: None,
) -> PipelineRun:
    """Run the steps of a pipeline in order.

    Args:
        steps: the pipeline's STEPS.
        context: the run.
        options: what the run was asked for.
        on_step: called after each step with its name and duration in seconds.
    """
    done = PipelineRun()
    for name, step in steps.items():
        started = time.perf_counter()
        done.refs[name] = step(done.refs, context, options or {})
        done.seconds[name] = time.perf_counter() - started
        on_step(name, done.seconds[name])
    return done
