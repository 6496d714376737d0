"""What the platform was measured with. Each folder runs alone: `python -m benchmarks.<name>`."""
