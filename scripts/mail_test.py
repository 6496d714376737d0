"""`make mail-test`: a mail to those who get the alerts, through the code that sends the alerts. 0: sent; 1: not; 2: no mails are wanted."""

from __future__ import annotations

import logging
import socket
import sys
from datetime import UTC, datetime

NOT_WANTED = 2


def main() -> int:
    """Send it and say in one line how that went, then whether alerts have not been delivered."""
    logging.disable(logging.WARNING)  # Airflow's greetings
    import airflow.settings  # noqa: F401  puts the plugins on the path

    from bank_marketing.artifacts import open_store
    from bank_marketing.errors import BankMarketingError
    from bank_marketing.settings import Settings
    from bank_marketing_airflow.mail import deliver
    from bank_marketing_airflow.mail_content import alert
    from bank_marketing_airflow.undelivered import undelivered

    facts = {
        "What": "the alerts of this platform reach you",
        "From": socket.gethostname(),
        "At": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }
    try:
        sent = deliver(alert("a test of the mail server", "A test", facts, {}), {})
        missed = undelivered(open_store(Settings()))
    except BankMarketingError as error:
        print(error)
        return 1
    if not sent:
        print(
            "no mails are wanted: they are kept beside the artifacts (BANK_MAIL_TO and AIRFLOW_CONN_SMTP_DEFAULT: .env.example)"
        )
    else:
        print(f"sent to {sent}")
    if missed:
        print(f"{len(missed)} earlier mail(s) were not delivered, the last at {missed[0].at}: {missed[0].subject}")
    return 0 if sent else NOT_WANTED


if __name__ == "__main__":
    sys.exit(main())
