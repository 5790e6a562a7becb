"""Structured logs: one event a line, console or JSON, no address and no secret in any of them."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def configure(form: str = "auto", *, level: int = logging.INFO) -> None:
    """Log to standard error: `console`, `json`, or `auto`: for people where it is a terminal, as JSON elsewhere.

    A crash is one line for people; JSON holds its traceback in the field `exception`.
    """
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    ending: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [_name_the_crash, structlog.dev.ConsoleRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *ending,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # looked up anew: it may be another one by then
        cache_logger_on_first_use=False,
    )
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger().handlers = [_Forward(logging.WARNING)]


class _Forward(logging.Handler):
    """Takes what libraries log, so that their words and crashes have the same form as ours."""

    def emit(self, record: logging.LogRecord) -> None:
        crash = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno, record.getMessage().strip(), library=record.name, exc_info=crash or None
        )


def _name_the_crash(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    told = event.pop("exc_info", None)
    if told:
        crash = told if isinstance(told, BaseException) else sys.exc_info()[1]
        event["crash"] = f"{type(crash).__name__}: {crash}"
    return event
