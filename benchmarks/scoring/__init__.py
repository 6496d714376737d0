"""How the nightly scoring measures up to a bare predict and to MLflow's own way, on lists of any length."""
