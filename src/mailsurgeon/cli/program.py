"""The program: its table of commands, and how each error becomes one line on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from cyclopts import App, CycloptsError, UnusedCliTokensError

from mailsurgeon import __version__
from mailsurgeon.cli import screen
from mailsurgeon.cli.arguments import help_asked, spread_codes, without_repeats
from mailsurgeon.cli.console import complain, replace_closed_streams, say
from mailsurgeon.cli.options import COMMON, DEFAULTS
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.host import interrupts
from mailsurgeon.host.host import Host
from mailsurgeon.host.open_files import LEAST, open_file_limit, raise_open_file_limit

COULD_NOT = 2
PIPE_CLOSED = 141
COMMANDS = {
    "scan": "scan:scan", "log": "log:log", "explain": "explain:explain",
    "verify": "verify:verify", "scan-all": "scan_all:scan_all",
    "fix": "fix:fix", "file": "file:file", "flags": "flags:flags",
    "undo": "undo:undo", "redo": "redo:redo", "demo": "demo:demo",
    "quarantine": "quarantine:APPLICATION",
}  # fmt: skip
"""Each command's function, as MODULE:NAME in `commands/`. A command is imported when it is called,
so that the screen does not wait for all of them."""
_HELP = frozenset(("--help", "-h"))


def application() -> App:
    """The command line: the screen by default, and every command of COMMANDS."""
    app = App(
        name="mailsurgeon",
        help="Find what is wrong with a Maildir spool, repair it so that no client notices, and"
        " undo any change.",
        version=__version__,
        default_parameter=DEFAULTS,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        help_format="plaintext",
    )
    app.default(screen.screen)
    for name, function in COMMANDS.items():
        app.command(f"mailsurgeon.cli.commands.{function}", name=name)
    return app


def main() -> None:
    """Runs the command line of this process and ends with its exit code."""
    replace_closed_streams()
    raise_open_file_limit()
    if open_file_limit() < LEAST:
        complain(f"this process may open only {open_file_limit()} files; allow more (ulimit -n)")
        sys.exit(COULD_NOT)
    interrupts.take_signals()
    code = run(sys.argv[1:])
    interrupts.give_up()
    sys.exit(code)


def run(arguments: Sequence[str], host: Host | None = None) -> int:
    """Runs one command line on `host` (this computer when None); returns its exit code.

    Every error becomes one line on stderr.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # in a C locale, non-ASCII characters are shown escaped
            reconfigure(errors="backslashreplace")
    arguments = help_asked(list(arguments))
    try:
        app = application()
        if not _HELP.isdisjoint(arguments):
            from mailsurgeon.cli.help_pages import add_help

            add_help(app)
        result = _called(app, spread_codes(without_repeats(arguments)), host or Host.this())
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except CycloptsError as error:
        complain(f"{_usage(error, arguments)}; mailsurgeon --help explains the usage")
        return COULD_NOT
    except MailsurgeonError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        say(str(interrupt) or "interrupted")
        return interrupts.interrupted_code()
    except BrokenPipeError:
        _forget_stdout()
        return PIPE_CLOSED
    except OSError as error:
        _forget_stdout()
        complain(_os_error(error))
        return COULD_NOT
    except Exception as error:
        complain(_fault(error))
        return COULD_NOT


def _called(app: App, arguments: Sequence[str], host: Host) -> object:
    """Calls the command that these words name, on this host; returns its result."""
    command, bound, _ = app.parse_args(
        arguments, exit_on_error=False, print_error=False, help_on_error=False
    )
    if "common" in bound.signature.parameters:
        common = bound.arguments.get("common", COMMON)
        bound.arguments["common"] = replace(common, host=host)
    return command(*bound.args, **bound.kwargs)


def _fault(error: Exception) -> str:
    """One line about an error that nothing else has explained."""
    import sqlite3

    if isinstance(error, sqlite3.Error):
        return f"the index or the journal cannot be used: {error}"
    if sys.flags.dev_mode:
        import traceback

        traceback.print_exc()
    return f"a fault of mailsurgeon: {type(error).__name__}: {error}"


def _usage(error: CycloptsError, arguments: Sequence[str]) -> str:
    """What is wrong with the command line, without a full stop."""
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        import difflib

        first = arguments[0]
        near = difflib.get_close_matches(first, COMMANDS, 1, 0.7)
        if near and first not in COMMANDS:
            return f"{first}: no such command; did you mean {near[0]}?"
        return f"{' '.join(error.unused_tokens)}: not expected here"
    error.verbose = False
    return str(error).rstrip(".")


def _os_error(error: OSError) -> str:
    reason = error.strerror or str(error)
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if name]
    return f"{' -> '.join(names)}: {reason}" if names else reason


def _forget_stdout() -> None:
    """Discards what is still buffered, so that the interpreter's last flush cannot fail."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError):
        pass
