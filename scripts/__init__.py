"""What prepares and drives the embedded default from a terminal; `make help` lists the commands."""
