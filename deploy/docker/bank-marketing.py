#!/opt/venv/bin/python
"""The command line of the platform, in images: there the package is not installed but lies on the path."""

from bank_marketing.cli import app

if __name__ == "__main__":
    app(prog_name="bank-marketing")
