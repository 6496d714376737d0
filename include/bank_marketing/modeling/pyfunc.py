"""The model as MLflow serves it. MLflow stores this file beside the model ("models from code"), so nothing is pickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from bank_marketing.modeling.model import TermDepositModel
from bank_marketing.modeling.persistence import MODEL_FOLDER


class TermDepositPyfunc(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow has no type hints for it
    """`predict` gives the probability of a subscription."""

    def load_context(self, context: Any) -> None:
        """Load the model that was logged."""
        self.model = TermDepositModel.load(Path(context.artifacts[MODEL_FOLDER]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        """Probabilities (n,) of rows of the features table."""
        return self.model.predict_proba(model_input)


mlflow.models.set_model(TermDepositPyfunc())
