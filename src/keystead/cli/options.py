"""Options that several verbs share, and the settings that come of them."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from keystead.config.settings import Settings, defaults, documentation
from keystead.config.sources import load

Command = TypeVar("Command", bound=Callable[..., Any])


def data_option(command: Command) -> Command:
    """Give a verb `--data`, the one setting that every verb needs."""
    return click.option("--data", metavar="DIR", help="Data directory. [default: keystead-data]")(command)


def json_option(command: Command) -> Command:
    """Give a verb `--json`, for programs that read what it prints."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def count_option(command: Command) -> Command:
    """Give a verb `-n`, how many of the latest it tells."""
    return click.option(
        "-n", "--count", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many."
    )(command)


def setting_options(command: Command) -> Command:
    """Give a verb an option for every setting that has a flag."""
    for name, told in reversed(documentation().items()):
        if told.has_flag:
            option = "--" + name.replace("_", "-")
            is_switch = told.parse.__name__ == "switch"
            # click's own options, of mixed types.
            declared: dict[str, Any] = (
                {"is_flag": True, "default": None} if is_switch else {"metavar": "VALUE"}
            )
            command = click.option(option, name, help=_sentence(name, told.help), **declared)(command)
    return command


def _sentence(name: str, text: str) -> str:
    """Return a setting's meaning as help text, with what holds when nobody says otherwise."""
    default = defaults()[name]
    told = f" [default: {default}]" if default not in (None, "", (), False) else ""
    return f"{text[0].upper()}{text[1:]}.{told}"


def settings_from(**flags: object) -> Settings:
    """Return the settings in force, with these flags over environment, file and defaults. Raises BadSetting."""
    return load(flags, os.environ)
