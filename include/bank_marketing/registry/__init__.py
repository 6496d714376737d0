"""The model registry: runs and versions in MLflow, stages as aliases, and who promoted what, when and why."""
