"""Scoring: one scorer for the nightly call list and the service, and the record of every prediction."""
