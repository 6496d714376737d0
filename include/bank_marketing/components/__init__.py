"""The six components of the training pipeline: ingestion, validation, transformation, training, evaluation, promotion.

Each module has a `Config`, an `Artifact` and `run(config, inputs, context) -> Artifact`. A component reads only the artifacts it is
given and writes only its own, so any one can be swapped without touching the others. None of them knows Airflow.
"""
