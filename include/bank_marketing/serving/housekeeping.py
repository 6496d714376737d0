"""What the service does beside answering: remove what is over, take up what was left. One thread, now and then."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from bank_marketing.errors import BankMarketingError
from bank_marketing.serving.problems import log_failure

log = logging.getLogger(__name__)


class Housekeeping:
    """Calls its tasks when it starts, and then on the interval until `stop`. A task that fails is called again."""

    def __init__(self, tasks: Sequence[Callable[[], None]], every: float) -> None:
        self.tasks, self.every = tasks, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, once the task that is under way is done."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            for task in self.tasks:
                try:
                    task()
                except BankMarketingError as error:
                    log_failure(error)
                except Exception as error:  # a thread that ends would leave client data for ever
                    log.error("housekeeping failed: %s", type(error).__name__)
            if self._stop.wait(self.every):
                return
