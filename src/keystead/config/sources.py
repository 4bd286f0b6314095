"""Brings settings together: flag, then `KEYSTEAD_*`, then `keystead.toml` in the data directory, then default."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keystead.config.settings import BadSetting, Settings, documentation

FILE_NAME = "keystead.toml"
PREFIX = "KEYSTEAD_"
NOT_SETTINGS = frozenset({"KEYSTEAD_LOG"})
"""Variables of this prefix that other programs of the house read."""


def load(flags: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """Return the settings in force.

    `flags` holds what the command line gave, by setting name; None means not given. Raises BadSetting for an
    unusable value and for any unknown key of the file or `KEYSTEAD_*` variable.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    from_environment = _environment(environment)
    data = _parse("data", given.get("data", from_environment.get("data", "keystead-data")), "data directory")
    merged = {
        **_file(data / FILE_NAME),
        **_labelled(from_environment, "environment"),
        **_labelled(given, "flag"),
    }
    values = {name: _parse(name, value, source) for name, (value, source) in merged.items()}
    return Settings(**{**values, "data": data})


def _labelled(values: Mapping[str, object], source: str) -> dict[str, tuple[object, str]]:
    return {name: (value, source) for name, value in values.items()}


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in environment.items():
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            setting = name.removeprefix(PREFIX).lower()
            if setting not in documentation():
                raise BadSetting(f"{name}: no such setting")
            if not value:
                raise BadSetting(f"{name}: is set to nothing; unset it, or give it a value")
            found[setting] = value
    return found


def _file(path: Path) -> dict[str, tuple[object, str]]:
    if not path.exists():
        return {}
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadSetting(f"{path}: {error}") from error
    for name in content:
        if name not in documentation() or name == "data":
            raise BadSetting(f"{path}: {name}: no such setting")
    return _labelled(content, str(path))


def _parse(name: str, value: object, source: str) -> Any:
    try:
        return documentation()[name].parse(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadSetting(f"{name} ({source}): {value!r}: {error}") from error
