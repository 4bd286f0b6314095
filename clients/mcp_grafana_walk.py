"""Walks mcp-grafana, the released program and unmodified, through one workspace as an Admin, Editor and Viewer.

Usage: `mcp_grafana_walk.py PROGRAM URL`, the tokens in the environment as ADMIN, EDITOR and VIEWER. It speaks the
Model Context Protocol over the program's standard input and output. Prints one line per step; the exit status tells
whether each was allowed or refused as its role has it.
"""

import json
import os
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

_TOOLS = "search,datasource,dashboard,folder,annotations,snapshot,user,admin"


class Refused(Exception):
    """A tool said that it could not; the text is its own."""


class Tools:
    """The program, run with one token, and its tools."""

    def __init__(self, program: str, url: str, token: str) -> None:
        settings = {"GRAFANA_URL": url, "GRAFANA_SERVICE_ACCOUNT_TOKEN": token, "GRAFANA_ORG_ID": "1"}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "NO_PROXY") if name in os.environ}
        # The walk's own program, and its own tokens.
        self._process = subprocess.Popen(
            [program, "-t", "stdio", "-usage-stats", "disabled", "-enabled-tools", _TOOLS],
            env=kept | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._last = 0
        about = {"name": "walk", "version": "1"}
        self._ask("initialize", protocolVersion="2025-03-26", capabilities={}, clientInfo=about)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def names(self) -> set[str]:
        """Return the names of the tools."""
        return {each["name"] for each in self._ask("tools/list")["tools"]}

    def call(self, name: str, /, **arguments: Any) -> Any:
        """Return what a tool found, decoded where it is JSON. Raises Refused."""
        result = self._ask("tools/call", name=name, arguments=arguments)
        text = "".join(each.get("text", "") for each in result["content"])
        if result.get("isError"):
            raise Refused(text)
        try:
            return json.loads(text)
        except ValueError:
            return text

    def _ask(self, method: str, **members: Any) -> Any:
        self._last += 1
        self._send({"jsonrpc": "2.0", "id": self._last, "method": method, "params": members})
        if self._process.stdout is None:
            raise RuntimeError("the program has no output")
        for line in self._process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise Refused(answer["error"]["message"])
                return answer["result"]
        raise RuntimeError("the program ended")

    def _send(self, message: dict[str, Any]) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the program has no input")
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


def expect(claim: bool) -> None:
    """Raise AssertionError unless a claim holds; the traceback shows which."""
    if not claim:
        raise AssertionError


def refused(status: int, tools: Tools, tool: str, **arguments: Any) -> None:
    """Expect a tool to be refused with this status."""
    try:
        tools.call(tool, **arguments)
    except Refused as refusal:
        expect(f"{status}" in str(refusal))
    else:
        raise AssertionError(f"{status} was expected")


def walk_dashboards(editor: Tools, viewer: Tools) -> None:
    """Folders and dashboards: an Editor writes them, a Viewer reads them."""
    folder = editor.call("create_folder", title="By MCP")
    found = viewer.call("search_folders", query="By MCP")["dashboards"]
    expect(folder["uid"] in [each["uid"] for each in found])
    board = {"title": "MCP", "uid": "by-mcp", "panels": []}
    expect(editor.call("update_dashboard", dashboard=board, folderUid=folder["uid"])["version"] == 1)
    patch = [{"op": "replace", "path": "$.title", "value": "Patched"}]
    expect(editor.call("update_dashboard", uid="by-mcp", operations=patch)["version"] == 2)
    expect(viewer.call("get_dashboard_by_uid", uid="by-mcp")["dashboard"]["title"] == "Patched")
    expect(viewer.call("get_dashboard_summary", uid="by-mcp")["panelCount"] == 0)
    expect(viewer.call("search_dashboards", query="Patched")["total"] == 1)
    versions = str(editor.call("list_dashboard_versions", uid="by-mcp"))
    expect("Initial save" in versions)
    refused(403, viewer, "create_folder", title="Refused")
    refused(403, viewer, "update_dashboard", dashboard={"title": "Refused"})
    refused(404, viewer, "get_dashboard_by_uid", uid="nothing")
    print("folders and dashboards: an Editor creates and patches, a Viewer reads, and may not write")


def walk_annotations(editor: Tools, viewer: Tools) -> None:
    """Annotations and snapshots."""
    made = editor.call("create_annotation", text="deployed", time=5, tags=["deploy"])["Payload"]["id"]
    expect([each["id"] for each in viewer.call("get_annotations", tags=["deploy"])["Payload"]] == [made])
    editor.call("update_annotation", id=made, text="deployed again")
    tags = viewer.call("get_annotation_tags")["Payload"]["result"]["tags"]
    expect(tags == [{"tag": "deploy", "count": 1}])
    refused(403, viewer, "create_annotation", text="refused", time=5)
    key = editor.call("create_snapshot", dashboard={"title": "S"}, name="S")["key"]
    expect(key in [each["key"] for each in editor.call("list_snapshots")])
    expect(viewer.call("list_snapshots") in ([], None))
    refused(403, viewer, "create_snapshot", dashboard={"title": "S"}, name="S")
    print("annotations and snapshots: the same")


def walk_administration(admin: Tools, viewer: Tools) -> None:
    """What only an Admin may list, and what everybody may know of himself."""
    expect(admin.call("list_teams", query="")["teams"] == [])
    expect(admin.call("list_users_by_org")["orgUsers"] == [])
    refused(403, viewer, "list_teams", query="")
    refused(403, viewer, "list_users_by_org")
    expect(viewer.call("list_datasources")["total"] == 0)
    expect(viewer.call("user_info")["orgs"][0]["role"] == "Viewer")
    print("teams and users: an Admin lists them, a Viewer may not")


if __name__ == "__main__":
    with (
        Tools(*sys.argv[1:3], os.environ["ADMIN"]) as admin,
        Tools(*sys.argv[1:3], os.environ["EDITOR"]) as editor,
        Tools(*sys.argv[1:3], os.environ["VIEWER"]) as viewer,
    ):
        walk_dashboards(editor, viewer)
        walk_annotations(editor, viewer)
        walk_administration(admin, viewer)
