"""The help pages: every command has one, with a text for each argument and option, and an example that is right."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from gateway.cli.main import _COMMANDS, main
from gateway.cli.page import Page, first_sentence, parted

HANDED_ON = ("sim", "bench")  # programs of their own, whose options are theirs


def walk(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from walk(below, *path, name)


TREE = dict(walk(main))
PAGES = pytest.mark.parametrize("path", TREE, ids=lambda path: " ".join(path) or "tagwright")


@PAGES
def test_a_page_has_a_sentence_texts_statuses_and_an_example(path: tuple[str, ...]) -> None:
    command = TREE[path]
    text, examples = parted(command.help)
    first = text.partition("\n\n")[0]
    assert first[:1].isupper() and first.endswith("."), "one sentence that says what it does"
    assert any(line.startswith("tagwright") or "$(tagwright" in line for line in examples)
    for each in command.params:
        told = each.help if isinstance(each, click.Argument | click.Option) else None
        assert told, f"{each.name} has no text"
        assert told[0].isupper() or told.split(None, 1)[0].strip(":,.").islower()
    if not isinstance(command, click.Group):
        assert isinstance(command, Page), "a page with exit statuses: cls=Page"


@PAGES
def test_a_page_prints_what_it_has_within_80_columns(path: tuple[str, ...]) -> None:
    if path[:1] and path[0] in HANDED_ON:
        return
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(main, [*path, "--help"])
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("Example"))
    assert max(map(len, lines[:start])) <= 80
    assert all(line.startswith("  ") for line in lines[start + 1 :])
    assert ("Exit status:" in lines) == (not isinstance(TREE[path], click.Group) or not path)


@PAGES
def test_the_example_of_a_page_names_commands_and_options_that_there_are(
    path: tuple[str, ...],
) -> None:
    _, lines = parted(TREE[path].help)
    for line in " ".join(lines).replace("\\ ", " ").split("tagwright ")[1:]:
        words = shlex.split(re.split(r' [<>] |&&|\)"', line)[0])
        command: click.Command = main
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, line
            command = found
        known = {opt for each in command.params for opt in each.opts} | {"--json", "--help"}
        named = {word for word in words if word.startswith("-")}
        assert named <= known or path[:1] == ("sim",) or "sim" in line.split(), line


def test_what_the_first_page_says_of_a_command_is_its_own_first_sentence() -> None:
    for name, (_, said) in _COMMANDS.items():
        assert said == first_sentence(TREE[(name,)].help), name
