"""The help page of a command: what it does, its arguments and options, its exit status, and a worked example.

A command's docstring is its text: one sentence, what more there is to say, and last the examples, as

    \b
    Example:  tagwright key show line1.key --json
              tagwright key show line1.key
"""

import inspect
from collections.abc import Mapping
from typing import Any

import click

STATUSES = {
    "done": "done",
    "no": "the answer is no, or it was stopped",
    "usage": "wrong usage or configuration",
    "trouble": "device, disk or network trouble",
}
_MARK = "Example:"


class Page(click.Command):
    """A command whose page has all that. no, done, usage, trouble: what its exit status 1, 0, 2 and 3 mean here."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        said = [more.pop(name, text) for name, text in STATUSES.items()]
        self.statuses: dict[int, str] = dict(enumerate(said))
        super().__init__(*arguments, **more)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        text, _ = parted(self.help)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_statuses(self.statuses, formatter)
        write_examples(self.help, formatter)


def parted(help: str | None) -> tuple[str, list[str]]:
    """A docstring as (its text, the lines of its examples as they are typed)."""
    text, mark, examples = inspect.cleandoc(help or "").partition(_MARK)
    lines = inspect.cleandoc(" " * len(_MARK) + examples).splitlines() if mark else []
    return text.rstrip().removesuffix("\b").rstrip(), [line.rstrip() for line in lines]


def first_sentence(help: str | None) -> str:
    """Of a docstring, on one line and without its full stop."""
    text, _, _ = parted(help)[0].partition("\n\n")
    return " ".join(text.split()).partition(". ")[0].removesuffix(".")


def write_statuses(statuses: Mapping[int, str], formatter: click.HelpFormatter) -> None:
    """What each exit status means; one that a command never ends with is ""."""
    with formatter.section("Exit status"):
        formatter.write_dl([(str(n), text) for n, text in statuses.items() if text])


def write_examples(help: str | None, formatter: click.HelpFormatter) -> None:
    """The examples of a docstring, as they stand there."""
    _, lines = parted(help)
    if lines:
        with formatter.section("Example" if len(lines) == 1 else "Examples"):
            for line in lines:
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")
