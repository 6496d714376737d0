"""Start the command line."""

from scripts.deploy.cli import app

app(prog_name="python -m scripts.deploy")
