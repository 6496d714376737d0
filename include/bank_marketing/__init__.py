"""Predicts which bank customers a call will win, and keeps doing so."""

__version__ = "0.1.0"
