"""Scoring: the nightly call list, and the record of every prediction."""
