"""Writes the reference pages that say what the code says: settings, command line, operations, errors.

Usage: `python tools/generate_docs.py [--check]`. `--check` fails when a page on disk differs.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import click

from keystead.access.refusals import ANSWERS, Row
from keystead.app.authority import open_authority
from keystead.app.initialise import initialise
from keystead.cli.main import cli
from keystead.config.settings import Settings, defaults, documentation
from keystead.gateway.operations import OperationTable, Service
from keystead.products.grafana.door.roles import EDITOR_ROLE, GRANTS, SERVER_ADMIN, SIGNED_IN, may
from keystead.products.grafana.door.routes import Route, path_of
from keystead.products.grafana.upstream.gate import Gate
from keystead.protocol.regions import public_regions

TARGET = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "<!-- Written by tools/generate_docs.py; change the code it names, then `make docs`. -->"
WIDTH = 96


def table(heading: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def settings_page() -> str:
    """Return every setting, from `config/settings.py`."""
    rows = [
        [
            f"`{name}`",
            f"`--{name.replace('_', '-')}`" if told.has_flag else "",
            f"`KEYSTEAD_{name.upper()}`",
            f"`{_default(name)}`" if _default(name) else "",
            told.help,
        ]
        for name, told in documentation().items()
    ]
    return f"""# Settings

A flag of `keystead serve` or `keystead init` wins over a `KEYSTEAD_*` variable, that over `keystead.toml` in the
data directory, that over the default. An unknown variable of that prefix, or an unknown key of the file, is an
error. `data` itself cannot stand in the file. Secrets are never settings: they are in files of their own.

{table(["in keystead.toml", "flag", "variable", "default", "meaning"], rows)}

A switch is `true`, `yes`, `1`, `false`, `no` or `0`; networks are a TOML list, or one text with
commas. For example:

```toml
http = "127.0.0.1:4650"
trusted_proxy = ["10.0.0.0/8", "fd00::/8"]
access_keys_per_user = 2
audit_reads = false

[limits]
iam = "20/40"
sts = 100
```

A limit is RATE or RATE/BURST: requests per second of each account, and how many may come at once after a pause. Too
many are answered with the service's own throttling error.
"""


def _default(name: str) -> str:
    value = defaults()[name]
    return (
        ""
        if value in (None, "", ()) or value == {}
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def cli_page() -> str:
    """Return the help of every verb, from the command line itself."""
    sections = [f"## keystead {name}\n\n```text\n{text}\n```" for name, text in _helps(cli, "keystead", "")]
    first = _help(cli, "keystead")
    return "\n\n".join(["# Command line", f"```text\n{first}\n```", *sections]) + "\n"


def _helps(group: click.Group, path: str, prefix: str) -> Iterator[tuple[str, str]]:
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        yield f"{prefix}{name}", _help(command, f"{path} {name}")
        if isinstance(command, click.Group):
            yield from _helps(command, f"{path} {name}", f"{prefix}{name} ")


def _help(command: click.Command, path: str) -> str:
    context = click.Context(
        command,
        info_name=path,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def services() -> list[Service]:
    """Return what is served, as the server itself finds it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data")
        initialise(settings, test=True)
        authority = open_authority(settings)
        try:
            faces = [parts.face for parts in authority.parts]
            served = OperationTable(authority.models, faces, public_regions(), settings.region)
            return [served.services[name] for name in sorted(served.services)]
        finally:
            authority.store.close()


def operations_page(served: list[Service]) -> str:
    """Return what each service's model has, and what of it is served."""
    sections = [_coverage(service) for service in served]
    return f"""# Operations

What the models of the served services have, and what of it is implemented. *read* runs against a committed state,
*write* inside one transaction with its audit entry. Whatever else a caller asks for is answered with an honest
`InvalidAction` (query) or `UnknownOperationException` (JSON), and nothing pretends to have worked.

{chr(10).join(sections)}"""


def _coverage(service: Service) -> str:
    rows = [
        [
            f"`{name}`",
            entry.declaration.form,
            f"`{entry.declaration.action}`",
            f"`{entry.declaration.resource}`",
        ]
        for name, entry in sorted(service.entries.items())
    ]
    missing = sorted(set(service.model.operation_names) - set(service.entries))
    total = len(service.model.operation_names)
    return f"""## {service.name}: {len(rows)} of {total}

API version {service.model.api_version}, protocol {service.model.protocol}.

{table(["operation", "form", "policy action", "resource"], rows)}

Not implemented: {", ".join(f"`{name}`" for name in missing) or "nothing"}.
"""


def errors_page(served: list[Service]) -> str:
    """Return what a refused caller is told, and which errors each operation can answer with."""
    refusals = [
        [f"`{reason}`", _row(entry.query), _row(entry.json), _row(entry.s3)]
        for reason, entry in ANSWERS.items()
    ]
    sections = [_modelled(service) for service in served]
    return f"""# Errors

Three families that never mix: the request could not be read or its signature does not hold; the operation says no,
in an error that its model lists; or we broke, and the caller sees a request id and nothing of our insides.

## Refused before any operation

The reason stands in the journal; the caller sees the code of its protocol alone. `inactive-key` and an unknown or
deleted key look the same and take the same time. rest-json services answer with status 403. S3 stands here for the
door to come.

{table(["reason in the journal", "query (IAM, STS)", "JSON", "S3"], refusals)}

A caller whose signature holds and who may not do this gets `AccessDenied` 403 (query, S3) or
`AccessDeniedException` (JSON). Input that the model forbids gets `ValidationError` 400 (query) or
`ValidationException` (JSON), before the decision of any policy. A failure of ours gets the service's own
5xx error where its model has one (`ServiceFailure` in IAM), else `InternalFailure` 500.

## Said by operations

{chr(10).join(sections)}"""


def _row(row: Row) -> str:
    return f"`{row.code}` {row.status}"


def _modelled(service: Service) -> str:
    rows: list[list[str]] = []
    for name, entry in sorted(service.entries.items()):
        listed = sorted((error.code, error.status) for error in entry.compiled.operation.errors.values())
        rows.append([f"`{name}`", ", ".join(f"`{code}` {status}" for code, status in listed) or "none"])
    return f"### {service.name}\n\n{table(['operation', 'errors that its model lists'], rows)}\n"


def grafana_routes() -> Sequence[Route]:
    """Return the routes of the embedded Grafana door, as the server itself finds them."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data")
        initialise(settings, test=True)
        authority = open_authority(settings)
        try:
            doors = (door.app for parts in authority.parts for door in parts.doors)
            return next(app.embedded.routes for app in doors if isinstance(app, Gate))
        finally:
            authority.store.close()


def grafana_page() -> str:
    """Return every route of the embedded Grafana door, and the least that it needs."""
    ordered = sorted(grafana_routes(), key=lambda route: (route.template, route.method))
    rows = [[route.method, f"`{path_of(route)}`", _needed(route), _least_role(route)] for route in ordered]
    return f"""# Routes of the Grafana door

What the embedded door of a Grafana workspace serves, beside `GET /api/health` and `GET /healthz`, which need no
token. A path that is not here is 404. *Nobody* stands for Grafana's own administrator, whom no workspace lends to
a token. *By its list*: who may is said by the permissions of the folder or dashboard, or of the folder around it.

{table(["method", "path", "needs", "least role"], rows)}
"""


def _needed(route: Route) -> str:
    plain = {SIGNED_IN: "a token", SERVER_ADMIN: "server administration", EDITOR_ROLE: "the role"}
    return plain.get(route.action, f"`{route.action}`")


def _least_role(route: Route) -> str:
    if route.guarded:
        return "By its list"
    return next((role.capitalize() for role in GRANTS if may(role, route.action)), "Nobody")


def pages() -> dict[str, str]:
    """Return every generated page by file name."""
    served = services()
    made: dict[str, Callable[[], str]] = {
        "settings.md": settings_page,
        "cli.md": cli_page,
        "operations.md": lambda: operations_page(served),
        "errors.md": lambda: errors_page(served),
        "grafana-routes.md": grafana_page,
    }
    return {name: f"{NOTE}\n\n{write()}" for name, write in made.items()}


def main() -> None:
    """Write the pages, or check that they are as they would be written."""
    stale = False
    for name, text in pages().items():
        path = TARGET / name
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text() != text:
                sys.stderr.write(f"docs/reference/{name} is stale: run `make docs`\n")
                stale = True
        else:
            path.write_text(text)
    sys.exit(1 if stale else 0)


if __name__ == "__main__":
    main()
