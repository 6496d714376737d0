"""What one more night costs after a year, four years and ten years of nights."""
