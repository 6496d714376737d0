"""Lineage: from one prediction back to the raw files."""
