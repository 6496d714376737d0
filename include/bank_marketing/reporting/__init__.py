"""What people read: the run report, the model card, the mail."""
