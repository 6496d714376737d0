"""Watching what the model meets and what it achieves, and deciding when to train again."""
