"""Training beside the solver alone, on the campaign's rows several times over."""
