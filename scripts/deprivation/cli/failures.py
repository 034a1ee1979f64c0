"""How every command ends: one last line that says why, and one meaning for each exit code.

0    done
1    refused: the last line says what, where and what to do; what was there is as it was
2    used wrongly: an option or argument that the command does not know
130  interrupted (Ctrl-C); 143 and 129: ended by SIGTERM or SIGHUP
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator

import click

from deprivation.errors import ExpectedError, UsageError
from deprivation.secrets import without_secrets

REFUSED, MISUSED, INTERRUPTED = 1, 2, 130
ENDED = {"SIGTERM": "terminated", "SIGHUP": "the terminal has gone"}


class Commands(click.Group):
    """Commands whose failures are one last line on stderr and the exit codes above."""

    def main(self, args=None, prog_name=None, *_, standalone_mode=True, **options):
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **options)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a terminal of another encoding is no failure
                stream.reconfigure(errors="backslashreplace")
        with signals_noted() as noted:
            code, reason = self._run(args, prog_name, options)
        if noted:  # whatever the signal has made of what was running
            code, reason = noted[0]
        if reason:
            say_last(reason)
        sys.exit(code)

    def _run(self, args, prog_name, options) -> tuple[int, str]:
        """The exit code, and the last line if there is one."""
        try:
            _check_text(sys.argv[1:] if args is None else args)
            code = super().main(args, prog_name, standalone_mode=False, **options)
            sys.stdout.flush()
            return (code if isinstance(code, int) else 0), ""
        except click.UsageError as error:
            if error.ctx:
                click.echo(error.ctx.get_usage(), err=True)
            return MISUSED, f"error: {error.format_message()}"
        except click.ClickException as error:
            return error.exit_code, f"error: {error.format_message()}"
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED, "interrupted"
        except SystemExit as ended:
            return (ended.code if isinstance(ended.code, int) else int(bool(ended.code))), ""
        except UsageError as error:
            return MISUSED, f"error: {error}"
        except ExpectedError as error:
            return REFUSED, f"error: {error}"
        except BrokenPipeError:
            # So that Python does not fail once more as it empties the stream at its end.
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
            return REFUSED, "error: the program that read the output has ended; it is incomplete"
        except (OSError, UnicodeError, MemoryError) as error:
            if getattr(error, "errno", None) == errno.ENOSPC and not error.filename:
                return REFUSED, (
                    "error: no space left where the output or a folder of working files is; free"
                    " some, or name another place"
                )
            return REFUSED, f"error: {str(error) or type(error).__name__}"
        except Exception as error:
            if os.environ.get("DEPRIVATION_DEBUG"):
                raise
            kind = type(error).__name__
            return REFUSED, (
                f"error: unexpected {kind}: {error} (a fault of this program; DEPRIVATION_DEBUG=1"
                " shows where)"
            )


def say_last(reason: str) -> None:
    """Print `deprivation: REASON` as one line, without secrets; a closed stderr is no failure."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):
        click.echo(f"deprivation: {one_line(reason)}", err=True)


def one_line(text: str) -> str:
    """`text` without line breaks, control characters and secrets."""
    lines = [line.strip() for line in without_secrets(text).splitlines()]
    joined = "; ".join(line for line in lines if line)
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode()
        for one in joined
    )


def _check_text(arguments: list[str]) -> None:
    """Raises UsageError for an argument that is not text: no file of that name could be opened."""
    for argument in arguments:
        try:
            str(argument).encode()
        except UnicodeEncodeError:
            shown = os.fsencode(argument).decode("utf-8", "backslashreplace")
            raise click.UsageError(f"the argument {shown} is not UTF-8 text") from None


@contextlib.contextmanager
def signals_noted() -> Iterator[list[tuple[int, str]]]:
    """Signals that end a command raise, so that what is unfinished is removed; (code, words) each.

    A signal that is ignored, as for a job in the background, stays ignored.
    """
    noted: list[tuple[int, str]] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return

    def interrupted(*_) -> None:
        noted.append((INTERRUPTED, "interrupted"))
        raise KeyboardInterrupt

    def ended(number: int, _) -> None:
        noted.append((128 + number, ENDED[signal.Signals(number).name]))
        sys.exit(128 + number)

    before = {}
    for name, handler in {"SIGINT": interrupted, **dict.fromkeys(ENDED, ended)}.items():
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            before[number] = signal.signal(number, handler)
    try:
        yield noted
    except (KeyboardInterrupt, SystemExit):  # between the command's end and here
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
