"""The stand-ins log as ASP.NET Core does; what reads container logs is tested against this form."""

import logging
import sys

import pytest
from standin.logs import ConsoleFormatter


@pytest.mark.parametrize(
    ("level", "name"),
    [(logging.INFO, "info"), (logging.WARNING, "warn"), (logging.ERROR, "fail"), (logging.CRITICAL, "crit")],
)
def test_level_category_and_indented_message(level, name):
    record = logging.LogRecord("A.B", level, "", 0, "first %s\nsecond", ("line",), None)
    assert ConsoleFormatter().format(record) == f"{name}: A.B[0]\n      first line\n      second"


def test_traceback_belongs_to_its_record():
    try:
        raise ValueError("broken")
    except ValueError:
        record = logging.LogRecord("A.B", logging.ERROR, "", 0, "oops", None, sys.exc_info())
    first, *rest = ConsoleFormatter().format(record).splitlines()
    assert first == "fail: A.B[0]"
    assert rest[-1] == "      ValueError: broken"
    assert all(line.startswith("      ") for line in rest)
