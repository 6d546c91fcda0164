"""The command `tagwright`: its groups, each in its own module, loaded when it is asked for."""

import importlib
import logging

import click

from gateway.cli.output import Commands, log_to_stderr, open_streams

_COMMANDS = {
    "bench": "gateway.cli.bench:bench",
    "code": "gateway.cli.code:code",
    "demo": "gateway.cli.demo:demo",
    "doctor": "gateway.cli.doctor:doctor",
    "enrol": "gateway.cli.enrol:enrol",
    "firmware": "gateway.cli.firmware:firmware",
    "hub": "gateway.cli.hub:hub",
    "job": "gateway.cli.job:job",
    "journal": "gateway.cli.journal:journal",
    "key": "gateway.cli.key:key",
    "llrp": "gateway.cli.llrp:llrp",
    "run": "gateway.cli.run:run",
    "sim": "gateway.cli.sim:sim",
    "stub": "gateway.cli.stub:stub",
    "tag": "gateway.cli.tag:tag",
}


class _Lazy(Commands):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        found = getattr(importlib.import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found


@click.group("tagwright", cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tagwright")
@click.option("-v", "--verbose", count=True, help="Log more (-vv: every byte on the wire).")
def main(verbose: int) -> None:
    """Put a product's digital passport on the product.

    \b
    Try it without any device:   tagwright demo
    """
    open_streams()
    log_to_stderr([logging.WARNING, logging.INFO, logging.DEBUG][min(verbose, 2)])


if __name__ == "__main__":
    main()
