"""Predicts which bank customers will subscribe to a term deposit, and keeps doing so."""

__version__ = "0.1.0"
