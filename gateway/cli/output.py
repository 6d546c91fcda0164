"""How every command speaks: one JSON object a line with --json, else plain lines; faults as one line on stderr.

Exit status: 0 done, 1 the answer is no, 2 wrong usage or configuration, 3 device or network trouble.
"""

import asyncio
import io
import json
import logging
import math
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import structlog

from edge.errors import DoesNotFit, Malformed
from gateway.cli.faults import told, with_step
from gateway.cli.page import Page, first_sentence, parted, write_examples
from gateway.cli.paint import is_coloured, paint
from gateway.cli.table import LogLines
from gateway.config import ConfigProblem, password, without_password
from gateway.journal import JournalTrouble
from gateway.keys import PASSPHRASE_VARIABLE, KeyProblem
from gateway.model import DeviceTrouble
from gateway.readers.registry import UsageProblem

NO = 1
USAGE = 2
TROUBLE = 3

_LAST_SECOND = 253_402_300_799.0  # of the year 9999, where RFC 3339 ends
_LONGEST_PASSPHRASE = 1023  # bytes; OpenSSL takes no more

Command = Callable[..., Any]
_T = TypeVar("_T")


class Stopped(Exception):
    """Ctrl-C or SIGTERM came; what was under way has ended in order."""


class Failure(click.ClickException):
    """One line on stderr, without any URL's password, and an exit status; what the system refuses has its next step."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(with_step(without_password(message)))
        self.exit_code = exit_code  # type: ignore[misc]  # click declares it for the class, reads it off the instance

    def show(self, file: Any = None) -> None:
        name = paint("tagwright:", "red", sys.stderr, bold=True)
        click.echo(f"{name} {self.message}", err=True)


class Commands(click.Group):
    """A group whose commands' faults end as one line and the exit status that they stand for."""

    command_class = Page

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        with _one_line():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _one_line():
            return super().invoke(ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(parted(self.help)[0])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            rows = [(name, first_sentence(each.help)) for name, each in found if each is not None]
            formatter.write_dl(rows, col_max=14)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(self.help, formatter)


class Seconds(click.FloatRange):
    """A duration in seconds, neither endless nor no number."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return found


class Finite(click.types.FloatParamType):
    """A number, neither endless nor none."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is no number to reckon with", param, ctx)
        return found


def json_option(command: Command) -> Command:
    """Add --json, passed on as `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="One JSON object a line on stdout."
    )(command)


def passphrase_option(command: Command) -> Command:
    """Add --passphrase-file, passed on as `passphrase_file`."""
    return click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"The key's passphrase is this file's first line; else {PASSPHRASE_VARIABLE} is read.",
    )(command)


def passphrase(file: Path | None, prompt: str | None = None) -> str | None:
    """The passphrase from its file, the environment, or a prompt on a terminal; None where there is none."""
    if file is not None:
        try:
            return _usable(file.read_text("utf-8").splitlines()[0])
        except (OSError, IndexError, UnicodeError):
            raise KeyProblem(f"no passphrase in {file}: put it on the first line") from None
    if os.environ.get(PASSPHRASE_VARIABLE):
        try:
            return _usable(os.environ[PASSPHRASE_VARIABLE])
        except UnicodeError:
            raise KeyProblem(f"{PASSPHRASE_VARIABLE} holds no passphrase: write UTF-8") from None
    if prompt is not None and sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, err=True))
    return None


def secret(file: Path | None) -> int:
    """The 32-bit password of a RAIN tag, 8 hex digits on the first line of `file`; 0 where there is no file.

    From a file alone: what stands on a command line, others can read. The message never tells it.
    """
    return 0 if file is None else password(file, "the password")


def confirm(yes: bool, question: str) -> None:
    """Ask unless `yes`; where nobody can be asked, --yes is needed."""
    if yes:
        return
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise Failure("not confirmed: give --yes where nobody can be asked", USAGE) from None


def play(work: Coroutine[Any, Any, _T]) -> _T:
    """Run `work` to its end on an event loop; Ctrl-C, SIGTERM and a terminal that is closed (SIGHUP; not under nohup)
    cancel it, and Stopped is raised when it has ended."""

    async def stoppable() -> _T:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(stoppable())
    except asyncio.CancelledError:
        raise Stopped from None


def emit(value: dict[str, Any]) -> None:
    """Print one JSON line: bytes as lower-case hex, paths as text."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False, separators=(", ", ": ")))


def say(text: str) -> None:
    """A line for people beside the answer: on stderr."""
    click.echo(text, err=True)


def answer_is_no() -> NoReturn:
    """End with exit status 1."""
    click.get_current_context().exit(NO)


def rfc3339(at: float) -> str:
    """Unix seconds as RFC 3339 UTC with milliseconds; later than the year 9999 is its last second."""
    return (
        datetime.fromtimestamp(min(at, _LAST_SECOND), UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def open_streams() -> None:
    """Answers are UTF-8 whatever the locale says, and a stream that the caller has closed is the null device."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  # to the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def log_to_stderr(level: int) -> None:
    """Send the program's log to stderr: coloured lines on a terminal, JSON lines elsewhere."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=is_coloured(sys.stderr))
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    lines = LogLines(sys.stderr)
    lines.addFilter(lambda line: level < logging.WARNING or not line.name.startswith("nfc."))
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=level, handlers=[lines], force=True)
    for chatty in ("httpx2", "httpcore2"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of each end of NATS over TLS


@contextmanager
def _one_line() -> Iterator[None]:
    """Turn what may go wrong into a Failure: what, where, what to do."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as why:
        path = why.ctx.command_path if why.ctx else "tagwright"
        text = " ".join(why.format_message().rstrip(".").split())
        text += " see" if text.endswith("?") else ": see"
        raise Failure(f"{text} `{path} --help`", USAGE) from why
    except Stopped as why:
        raise Failure("stopped; what was told is durable", NO) from why
    except (Malformed, DoesNotFit) as why:
        raise Failure(str(why), NO) from why
    except (ConfigProblem, KeyProblem, UsageProblem) as why:
        raise Failure(str(why), USAGE) from why
    except BrokenPipeError:
        raise  # whoever read the answer has enough: click ends without a word
    except (DeviceTrouble, JournalTrouble, ConnectionError) as why:
        raise Failure(str(why), TROUBLE) from why
    except OSError as why:
        raise Failure(told(why), TROUBLE if why.filename is None else USAGE) from why


def _usable(word: str) -> str:
    """The passphrase where a key file can be encrypted with it; UnicodeError where it is no text."""
    if not 0 < len(word.encode()) <= _LONGEST_PASSPHRASE:
        raise KeyProblem(f"a passphrase has 1 to {_LONGEST_PASSPHRASE} bytes: choose another")
    return word


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
