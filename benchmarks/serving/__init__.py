"""How fast the service answers, beside `mlflow models serve` with the same model; its memory; a model swapped under load."""
