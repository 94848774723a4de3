"""The log: which fields a line has, what never gets into it, and who else goes through it."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import warnings

import pytest

from gco.telemetry import configure, get_logger, scope

FIXED = {"service": "gco-monitor", "cluster_id": "prod-1", "region": "us-east-1"}


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    configure(**FIXED, stream=stream)
    return stream


def fail(error: Exception) -> None:
    raise error


def lines(out: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_has_the_documented_fields_and_no_other(out: io.StringIO) -> None:
    get_logger("gco.endpoint").info("applied", endpoint="llama", revision=4)
    get_logger("gco.endpoint").info("leading")
    applied, leading = lines(out)
    assert applied.pop("timestamp").endswith("Z")
    assert applied == {
        "level": "INFO",
        "logger": "gco.endpoint",
        "message": "applied",
        **FIXED,
        "extras": {"endpoint": "llama", "revision": 4},
    }
    assert set(leading) == {"timestamp", "level", "logger", "message", *FIXED}


def test_an_exception_is_type_message_and_traceback(out: io.StringIO) -> None:
    try:
        fail(ValueError("no such thing"))
    except ValueError as error:
        get_logger("x").error("failed", exc_info=error)
    (line,) = lines(out)
    exception = line["exception"]
    assert exception["type"] == "ValueError"
    assert exception["message"] == "no such thing"
    assert exception["traceback"].startswith("Traceback (most recent call last)")
    assert set(exception) == {"type", "message", "traceback"}


def test_the_standard_librarys_loggers_go_through_the_same_pipe(out: io.StringIO) -> None:
    try:
        fail(OSError("broken pipe"))
    except OSError:
        logging.getLogger("aiohttp.server").exception("Error handling %s", "request")
    (line,) = lines(out)
    assert line["logger"] == "aiohttp.server"
    assert line["level"] == "ERROR"
    assert line["message"] == "Error handling request"
    assert line["region"] == "us-east-1"
    assert line["exception"]["type"] == "OSError"


def test_chatty_libraries_are_heard_from_a_warning_on(out: io.StringIO) -> None:
    for name in ("aiohttp.access", "botocore.credentials", "asyncio"):
        logging.getLogger(name).info("hello")
        logging.getLogger(name).warning("beware")
    assert [line["message"] for line in lines(out)] == ["beware"] * 3


def test_warnings_of_the_interpreter_are_lines_too(out: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "DeprecationWarning: old" in lines(out)[0]["message"]


def test_configuring_again_replaces_and_does_not_repeat(out: io.StringIO) -> None:
    again = io.StringIO()
    configure(**FIXED, stream=again)
    get_logger("x").info("one")
    logging.getLogger("lib").info("two")
    assert out.getvalue() == ""
    assert [line["message"] for line in lines(again)] == ["one", "two"]


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure(**FIXED, level="WARNING", stream=stream)
    get_logger("x").info("quiet")
    logging.getLogger("lib").info("quiet")
    get_logger("x").warning("loud")
    assert [line["message"] for line in lines(stream)] == ["loud"]


async def test_a_scope_reaches_the_tasks_started_inside_and_no_others(out: io.StringIO) -> None:
    async def work() -> None:
        get_logger("x").info("inside")

    with scope(region="eu-west-1", endpoint="llama"):
        task = asyncio.create_task(work())
    get_logger("x").info("outside")
    await task
    outside, inside = lines(out)
    assert outside["region"] == "us-east-1"
    assert "extras" not in outside
    assert inside["region"] == "eu-west-1"
    assert inside["extras"] == {"endpoint": "llama"}


def test_bound_data_is_in_every_line(out: io.StringIO) -> None:
    log = get_logger("x").bind(lease="l", identity="me")
    log.info("leading", identity="you")
    assert lines(out)[0]["extras"] == {"lease": "l", "identity": "you"}


def test_data_that_json_does_not_know_is_written_as_text(out: io.StringIO) -> None:
    get_logger("x").info("odd", error=ValueError("v"), keys={1: "one"}, those={"a"})
    assert lines(out)[0]["extras"] == {"error": "v", "keys": {"1": "one"}, "those": ["a"]}


def test_secrets_do_not_get_through_by_any_door(out: io.StringIO) -> None:
    secret = "s3cr3t-value"  # noqa: S105 - it is none
    try:
        fail(RuntimeError(f"GET https://u:{secret}@host/?X-Amz-Signature={secret}"))
    except RuntimeError as error:
        get_logger("x").error("failed", exc_info=error, header={"Authorization": secret})
        logging.getLogger("lib").exception("Bearer %s", secret)
    get_logger("x").info("env", env=[{"name": "HF", "value": secret}], token=secret)
    assert len(lines(out)) == 3
    assert secret not in out.getvalue()


@pytest.mark.parametrize("colors", [False, True])
def test_text_is_for_people(colors: bool) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: colors
    configure(**FIXED, format="text", stream=stream)
    try:
        fail(ValueError("Bearer s3cr3t-value"))
    except ValueError as error:
        get_logger("gco.endpoint").error("failed", endpoint="llama", exc_info=error)
    text = stream.getvalue()
    assert "failed" in text
    assert "llama" in text
    assert "Traceback (most recent call last)" in text
    assert "s3cr3t" not in text
    assert ("\x1b[" in text) is colors


HOSTILE = {
    "another line": "x\n2026-01-01T00:00:00Z [info] leading",
    "carriage return": "x\rpainted",
    "line separators": "x\u2028y\x85z\x0b",
    "clipboard": "\x1b]52;c;cm0gLXJm\x07",
    "link": "\x1b]8;;https://evil.example\x1b\\safe\x1b]8;;\x1b\\",
    "clear screen": "\x1b[2J\x9b2J",
    "right-to-left override": "\u202egpj.exe\u2066",
    "NUL and delete": "\x00\x7f",
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_text_of_others_starts_no_line_and_controls_no_terminal(hostile: str) -> None:
    """Invariant: a log in text has one line an event, and indented lines for its traceback."""
    stream = io.StringIO()
    configure(service="s", cluster_id=hostile, region="r", format="text", stream=stream)
    log = get_logger("x").bind(endpoint=hostile)
    log.info(hostile, error=ValueError(hostile), names=[hostile], deep={hostile: hostile})
    logging.getLogger("lib").warning("%s", hostile)
    with scope(region=hostile):
        log.warning("y")
    try:
        fail(ValueError(hostile))
    except ValueError as error:
        get_logger("x").error("failed", endpoint=hostile, exc_info=error)
    written = stream.getvalue()
    assert [char for char in written if not char.isprintable() and char != "\n"] == []
    own = [line for line in written.split("\n") if line and not line.startswith("    ")]
    assert len(own) == 4


def test_structlog_is_not_imported_before_the_first_line() -> None:
    program = (
        "import sys, gco.telemetry as t; log = t.get_logger('x').bind(a=1);"
        "assert 'structlog' not in sys.modules; log.warning('told'); log.info('not told');"
        "assert 'structlog' in sys.modules"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter, a fixed program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "", "a library never writes to a command's output"
    assert "told" in done.stderr
    assert "not told" not in done.stderr
