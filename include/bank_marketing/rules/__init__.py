"""Pure decisions: no file, no store, no clock."""
