"""Runs the command line and turns every error into a message and an exit code. Only here are errors caught for good."""

from __future__ import annotations

import signal
import sys
import traceback
from types import FrameType

from ecoci import __version__
from ecoci.cli import cli
from ecoci.errors import EcociError, InterruptedRunError

ISSUES = "https://github.com/ecocompute/ecoci/issues"
BUG_EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h."""


def main() -> None:
    """Entry point `ecoci`: never returns, exits with the code that `docs/design.md` lists."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.exit(_run(sys.argv[1:]))


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # The second signal is the user insisting: let it act at once.
    signal.signal(number, signal.SIG_DFL)
    raise InterruptedRunError(number)


def _run(arguments: list[str]) -> int:
    import click

    try:
        return int(cli.main(arguments, prog_name="ecoci", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return 2
    except click.Abort:
        return 128 + signal.SIGINT
    except EcociError as error:
        if "--debug" in arguments:
            raise
        return _explain(error)
    except BrokenPipeError:
        # The reader of our output has gone (`ecoci report | head`); that is no error of ours.
        sys.stderr.close()
        return 0
    except Exception:  # noqa: BLE001 - a bug must not end with 1, which means that the gate failed
        return _confess()


def _explain(error: EcociError) -> int:
    from ecoci.render.terminal import error_console, print_error

    print_error(error, error_console())
    return exit_code(error)


def _confess() -> int:
    traceback.print_exc()
    sys.stderr.write(f"ecoci {__version__} met a bug of its own. Please report it with the lines above: {ISSUES}\n")
    return BUG_EXIT_CODE


def exit_code(error: EcociError) -> int:
    """The error's own code; 128 + signal for an interrupt, as shells expect."""
    return 128 + error.signal_number if isinstance(error, InterruptedRunError) else error.exit_code


if __name__ == "__main__":
    main()
