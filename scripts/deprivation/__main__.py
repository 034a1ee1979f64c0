"""The entry point of the command: `deprivation`, or `python -m deprivation`.

It imports very little before it can handle an interrupt.
"""

from __future__ import annotations

import os
import signal
import sys

# The exit codes of a command that a signal has ended.
SIGNALLED = (129, 130, 143)


def run() -> None:
    """Run the command; an interrupt while it still loads ends it with 130, without a traceback."""
    _open_standard_streams()
    sys.unraisablehook = _raise_again
    code: object = 0
    try:
        from deprivation.cli.main import main

        main()
    except KeyboardInterrupt:
        print("deprivation: interrupted", file=sys.stderr)
        code = 130
    except SystemExit as ended:
        code = ended.code
    finally:
        # Nothing is left to do: an interrupt while Python shuts down would only print a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end(code)


def _end(code: object) -> None:
    """End the process, at once where that loses nothing: Python takes a tenth of a second to shut
    down. A half-loaded library, or a thread that waits for stdin, cannot be ended cleanly.
    """
    import threading

    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    is_number = code is None or isinstance(code, int)
    is_stuck = code in SIGNALLED or any(thread.daemon for thread in others)
    if is_stuck or (is_number and not others):
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            if not is_stuck:
                sys.exit(code)  # which says what could not be written
        os._exit((code or 0) if is_number else 1)
    sys.exit(code)


def _raise_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Send a signal again that was lost where it was raised, such as in the middle of an import."""
    import threading

    lost = {KeyboardInterrupt: signal.SIGINT, SystemExit: signal.SIGTERM}
    if number := lost.get(unraisable.exc_type):
        again = threading.Timer(0.05, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)


def _open_standard_streams() -> None:
    """Open a closed stream (`2>&-`) on the null device.

    Otherwise sys.stderr is None, and the next file opened would get descriptor 2.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, "r" if descriptor == 0 else "w"))


if __name__ == "__main__":
    run()
