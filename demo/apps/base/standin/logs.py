"""Logging in the form of ASP.NET Core's console: `warn: Category[0]`, then the message, indented."""

from __future__ import annotations

import logging
import sys
import textwrap

_LEVELS = {"DEBUG": "dbug", "INFO": "info", "WARNING": "warn", "ERROR": "fail", "CRITICAL": "crit"}


class ConsoleFormatter(logging.Formatter):
    """Two or more lines a record; what belongs to a record is what is indented below its first line."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        return f"{_LEVELS[record.levelname]}: {record.name}[0]\n{textwrap.indent(message, ' ' * 6)}"


def configure() -> None:
    """Send every record to standard output, like the real services."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(ConsoleFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
