"""`python -m bank_marketing` is the command `bank-marketing`."""

from bank_marketing.cli import app

app(prog_name="bank-marketing")
