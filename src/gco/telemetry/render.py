"""Rendering of log lines: the processors that turn an event into JSON or text, secrets left out."""

import logging
import textwrap
import traceback
from collections.abc import Mapping
from typing import Final, Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger
from typing_extensions import override

from gco.escaping import visible, visible_line
from gco.redaction import redact, redact_text

_SCOPED: Final = ("service", "cluster_id", "region")
_CHATTY: Final = ("aiobotocore", "aiohttp.access", "asyncio", "botocore", "urllib3")
"""Libraries whose lines below a warning say nothing of ours."""


def processors(
    fixed: Mapping[str, str], form: Literal["json", "text"], *, colors: bool
) -> list[Processor]:
    """Return the chain that renders an event; `fixed` are the fields that every line carries."""

    def fill_in(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {**fixed, **event}

    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact_event,
    ]
    return (
        [*chain, fill_in, to_json]
        if form == "json"
        else [*chain, on_one_line, _console(colors=colors)]
    )


def redact_event(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace what looks like a secret, wherever it stands in the event."""
    return {k: v if k == "exc_info" else redact(v, key=k) for k, v in event.items()}


def on_one_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape what would start another line or control a terminal: text of others is in events."""
    return {key: visible_line(v) if isinstance(v, str) else v for key, v in event.items()}


def to_json(_: WrappedLogger, method: str, event: EventDict) -> str:
    """Render the event as one line of the fields that gco.telemetry.logs describes."""
    line = {
        "timestamp": event.pop("timestamp", ""),
        "level": str(event.pop("level", method)).upper(),
        "logger": event.pop("logger", "gco"),
        "message": str(event.pop("event", "")),
    }
    line.update({key: event.pop(key, "") for key in _SCOPED})
    error = _raised(event.pop("exc_info", None))
    if event:
        line["extras"] = event
    if error is not None:
        line["exception"] = {
            "type": type(error).__name__,
            "message": redact_text(str(error)),
            "traceback": redact_text("".join(traceback.format_exception(error))),
        }
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def capture_stdlib(chain: list[Processor], stream: TextIO, level: str) -> None:
    """Send what libraries log with `logging` through `chain` to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Bridge(chain))
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h.formatter, _Bridge)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.captureWarnings(capture=True)


class _Bridge(logging.Formatter):
    """Renders the standard library's records as our own lines."""

    def __init__(self, chain: list[Processor]) -> None:
        super().__init__()
        self._chain = chain

    @override
    def format(self, record: logging.LogRecord) -> str:
        event: EventDict = {"event": record.getMessage(), "logger": record.name}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        *before, render = self._chain
        for processor in before:
            step = processor(None, record.levelname.lower(), event)
            event = step if isinstance(step, dict) else event
        return str(render(None, record.levelname.lower(), event))


def _console(*, colors: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=_plain_traceback)


def _plain_traceback(out: TextIO, exc_info: ExcInfo) -> None:
    trace = visible(redact_text("".join(traceback.format_exception(*exc_info)).rstrip()))
    # Indented, so that a line of an error's message does not pass for a line of the log.
    out.write("\n" + textwrap.indent(trace, "    ", lambda _: True))


def _raised(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple) and isinstance(exc_info[1], BaseException):
        return exc_info[1]
    return None
