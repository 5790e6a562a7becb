"""The command `alerts`: every failure becomes one clear line and an exit code, never a traceback."""

import os
import sys

from alerts.cli import alerts
from alerts.errors import AlertsError, NoTopicError
from subscribers.errors import PeopleError


def main() -> None:
    """Run the command line; exit code 0 done, 1 something failed, 2 the call was wrong."""
    try:
        alerts(prog_name="alerts")
    except NoTopicError as error:
        _leave(f"{error} All of them: alerts topic list", error.exit_code)
    except AlertsError as error:
        _leave(str(error), error.exit_code)
    except PeopleError as error:
        _leave(str(error), 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        _leave("Interrupted; what was finished is kept.", 130)
    except Exception as error:
        if os.environ.get("ALERTS_DEBUG"):
            raise
        _leave(f"{explain(error)} (ALERTS_DEBUG=1 shows where)", 1)


def explain(error: Exception) -> str:
    """Say in one line what an error from below means; database and system errors in words of their own."""
    kind = type(error).__name__
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    first = next(iter(str(getattr(error, "orig", None) or error).splitlines()), "")
    return f"It failed: {first or 'no more is known'} [{kind}]"


def _leave(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
