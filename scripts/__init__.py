"""What prepares and drives the embedded default from a terminal; `make help` lists the commands."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  # for those who start it with an older one
    sys.exit(
        "Python " + sys.version.split()[0] + " is too old: 3.11 or newer is needed. "
        "Install one, or name it: make setup PYTHON=/path/to/python3.12"
    )
