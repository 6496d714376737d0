"""How long things are kept, and what is never removed: production, the lineage of champions and predictions, open audits."""
