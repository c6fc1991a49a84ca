"""Logs are JSON lines with fields."""

import json
import logging
import sys

from modelbond.shell.logging import JsonFormatter


def line_of(record: logging.LogRecord) -> dict[str, object]:
    decoded = json.loads(JsonFormatter().format(record))
    assert isinstance(decoded, dict)
    return decoded


def test_a_record_is_one_line_with_its_extra_fields() -> None:
    record = logging.makeLogRecord(
        {"name": "modelbond.x", "levelname": "INFO", "msg": "placed\nwell", "host": "alpha"}
    )

    assert "\n" not in JsonFormatter().format(record)
    line = line_of(record)
    assert (line["message"], line["host"], line["level"]) == ("placed\nwell", "alpha", "info")


def test_an_exception_brings_its_traceback() -> None:
    try:
        {}["metadata"]
    except KeyError:
        record = logging.makeLogRecord({"msg": "broken", "exc_info": sys.exc_info()})

    assert "KeyError: 'metadata'" in str(line_of(record)["traceback"])
