"""The command `tagwright`: its groups, each in its own module, loaded when it is asked for."""

import difflib
import importlib
import logging

import click
from click.shell_completion import CompletionItem

from gateway.cli import completion
from gateway.cli.output import Commands, log_to_stderr, open_streams
from gateway.cli.page import STATUSES, write_statuses

# name -> (where it is, its first sentence: so that help and completion load none of them), by what they are for
_SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "demo": ("gateway.cli.demo:demo", "A whole station on simulated devices, with its hub"),
        "doctor": ("gateway.cli.doctor:doctor", "Say what is not well, and what to do about it"),
        "run": ("gateway.cli.run:run", "Run the gateway daemon until SIGTERM or Ctrl-C"),
    },
    "Tags and codes": {
        "tag": (
            "gateway.cli.tag:tag",
            "One tag at one reader: read, write, verify, bind, format, lock, watch",
        ),
        "job": ("gateway.cli.job:job", "Resumable work orders: one row, one product"),
        "code": ("gateway.cli.code:code", "Codes in pictures, before a camera, on labels"),
        "stub": ("gateway.cli.stub:stub", "Claims JSON to and from stub bytes; no device needed"),
        "llrp": ("gateway.cli.llrp:llrp", "A fixed RAIN reader, bank by bank"),
    },
    "Records and keys": {
        "journal": ("gateway.cli.journal:journal", "What was recorded, and whether it still holds"),
        "key": ("gateway.cli.key:key", "Device keys and the trust list"),
        "support": ("gateway.cli.support:support", "Pack what a helper needs, without any secret"),
        "account": ("gateway.cli.account:account", "Local accounts of the station page"),
    },
    "Back end": {
        "hub": ("gateway.cli.hub:hub", "Run the hub, the back end, or do something at it"),
        "enrol": ("gateway.cli.enrol:enrol", "Make this gateway known to its hub"),
    },
    "Tools": {
        "sim": ("gateway.cli.sim:sim", "Simulated devices on their own wires"),
        "firmware": ("gateway.cli.firmware:firmware", "The handheld's program"),
        "bench": ("gateway.cli.bench:bench", "Measure ours, a peer and the limit in one run"),
        "completion": (
            "gateway.cli.completion:completion",
            "Print the script by which a shell completes commands, options, files and readers",
        ),
    },
}
_COMMANDS = {name: place for section in _SECTIONS.values() for name, place in section.items()}


class _Lazy(Commands):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name][0].partition(":")
        found = getattr(importlib.import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and name[:1].isalnum() and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, _COMMANDS, n=1)
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, commands in _SECTIONS.items():
            with formatter.section(section):
                rows = [(name, text) for name, (_, text) in commands.items()]
                formatter.write_dl(rows, col_max=12)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_statuses(dict(enumerate(STATUSES.values())), formatter)
        super().format_epilog(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        named = [
            CompletionItem(name, help=_COMMANDS[name][1])
            for name in sorted(_COMMANDS)
            if name.startswith(incomplete)
        ]
        return named + click.Command.shell_complete(self, ctx, incomplete)


@click.group("tagwright", cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tagwright")
@click.option("-v", "--verbose", count=True, help="Log more (-vv: every byte on the wire).")
def main(verbose: int) -> None:
    """Put a product's digital passport on the product.

    \b
    Example:  tagwright demo                     the whole of it, without any device
              tagwright doctor -c tagwright.toml
    """
    open_streams()
    log_to_stderr([logging.WARNING, logging.INFO, logging.DEBUG][min(verbose, 2)])


completion.register()

if __name__ == "__main__":
    main()
