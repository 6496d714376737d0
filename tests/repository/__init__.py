"""What the repository itself promises: paths, pins, permissions, words."""
