"""`explain`: why a request was refused, and what to do about it."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from keystead.app.local import call
from keystead.cli.options import count_option, data_option, json_option, settings_from
from keystead.cli.output import show_json, show_table

_COLUMNS = ["at", "request", "who", "asked", "answer", "check"]


@click.command()
@click.argument("request_id", metavar="[REQUEST-ID]", default="")
@click.option("--list", "is_list", is_flag=True, help="List the latest refusals, the newest first.")
@count_option
@data_option
@json_option
def explain(request_id: str, is_list: bool, count: int, data: str | None, as_json: bool) -> None:
    """Say why a request was refused: the check that failed, expected against seen, and what to do next.

    Without REQUEST-ID, the latest refusal. SDKs show the id with each error; it is also in the header
    x-amzn-RequestId.
    """
    settings = settings_from(data=data)
    if is_list:
        show_table(call(settings, "explain-ls", {"count": count}), _COLUMNS, as_json)
        return
    found = call(settings, "explain", {"id": request_id.strip()})
    if as_json:
        show_json(found)
    else:
        click.echo("\n".join(_lines(found)))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    operation = ":".join(filter(None, (found.get("service"), found.get("operation")))) or "no known operation"
    yield f"{operation} was answered {found['code']} ({found['status']}) at {found['at']}"
    yield f"  request {found['request_id']}"
    yield f"  from    {found['source_address']}"
    yield f"  caller  {found.get('principal') or 'not verified'}"
    if found["key"]:
        yield f"  key     {found['key']}"
    reason = found.get("reason", "")
    yield f"  check   {found['check']}{f', {reason}' if reason else ''}"
    yield ""
    yield found["what"]
    yield from (f"  - {each}" for each in found.get("violations", []))
    yield ""
    yield f"What to do: {found['next']}"
    for title, name in (("String to sign", "string_to_sign"), ("Canonical request", "canonical_request")):
        if found.get(name):
            yield f"\n{title}, as rebuilt here:"
            yield from (f"  {line}" for line in found[name].split("\n"))
    if found.get("canonical_request"):
        yield "  (<N bytes> stands for a value that is not shown.)"
