"""Systems Manager's stops on `keystead tour`: keys that open one shell on one node, and a node's own keys.

The node is this machine: `keystead node` registers it in a temporary directory and runs its agent as a child. The
shell is our session-manager-plugin's, a child as well, joined to a session as the aws CLI would have joined it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keystead.products.ssm.registration import NODE_SESSION
from keystead.products.ssm.requests import ACCESS_TOKEN
from keystead.products.stops import Caller, Guide, Response, Shut, Stop

_POLICY: Final = "arn:aws:iam::aws:policy/"
_ROLE_OF_KEYS: Final = "SSM-JustInTimeAccessTokenRole"
_AUTO: Final = "SSM-JustInTimeAccessAutoApprovalPolicy"
_CEDAR: Final = 'permit(principal == AWS::IdentityStore::User::"{}", action, resource);'
_POLICY_OF_KEYS: Final = "AWSSystemsManagerJustInTimeAccessTokenPolicy"
_TYPED: Final = "echo $((6*7))-told"
_TOLD: Final = "42-told"
_RESPONSE: Final = "AWS_SSM_START_SESSION_RESPONSE"
_END_OF_SESSION: Final = "SessionId: {} : (.+)"
_POLL_SECONDS: Final = 0.02
_POLLS: Final = 500
_STOP_SECONDS: Final = 5.0


def _visit(guide: Guide) -> None:
    ana = _whom_a_policy_lets_in(guide)
    with _folder() as folder, _node(guide, folder) as node:
        target = {"Target": node.id}
        ana.is_refused("AccessDeniedException", "ssm", "start_session", **target)
        named = ana.does(
            "ssm",
            "start_access_request",
            lambda answer: answer["AccessRequestId"],
            Reason="to mend it",
            Targets=[{"Key": "InstanceIds", "Values": [node.id]}],
        )
        request: str = named["AccessRequestId"]
        keys = ana.does("ssm", "get_access_token", _keys_shown, AccessRequestId=request)["Credentials"]

        holder = guide.caller("holder", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        session = holder.does("ssm", "start_session", lambda answer: answer["SessionId"], **target)
        with _shell(guide, folder, session) as shell:
            guide.opens("holder", f"{_TYPED}, in that shell", lambda: shell.says(_TYPED, _TOLD))
            ports = {**target, "DocumentName": "AWS-StartPortForwardingSession"}
            for refused in (ports, {"Target": "mi-0123456789abcdef0"}):
                holder.is_refused("AccessDeniedException", "ssm", "start_session", **refused)
            holder.is_refused("AccessDenied", "iam", "list_users")

            guide.root.does("ssm", "update_ops_item", OpsItemId=request, Status="Revoked")
            guide.is_shut("holder", "the shell that was open", lambda: shell.goes_on(session["SessionId"]))
        holder.is_refused("UnrecognizedClientException", "ssm", "start_session", **target)


def _whom_a_policy_lets_in(guide: Guide) -> Caller:
    """Return the user ana as the role operators: requests are made by roles, and approved for the person."""
    root = guide.root
    _role(guide, _ROLE_OF_KEYS, {"Service": "justintimeaccess.ssm.amazonaws.com"}, _POLICY_OF_KEYS)
    user = root.does("iam", "create_user", lambda answer: answer["User"]["Arn"], UserName="ana")["User"]
    key = root.does("iam", "create_access_key", _key_shown, UserName="ana")["AccessKey"]
    cedar = {"type": "Cedar", "content": _CEDAR.format(user["UserId"])}
    content = json.dumps({"schemaVersion": "0.3", "AutoApprovalPolicyDocuments": [cedar]})
    root.does("ssm", "create_document", Name=_AUTO, DocumentType="AutoApprovalPolicy", Content=content)
    operators = _role(guide, "operators", {"AWS": user["Arn"]})
    asks = _statement(Action=["ssm:StartAccessRequest", "ssm:GetAccessToken"], Resource="*")
    root.does("iam", "put_role_policy", RoleName="operators", PolicyName="asks", PolicyDocument=asks)

    ana = guide.caller("ana", key["AccessKeyId"], key["SecretAccessKey"])
    made = ana.does(
        "sts",
        "assume_role",
        lambda answer: answer["AssumedRoleUser"]["Arn"],
        RoleArn=operators,
        RoleSessionName="ana",
    )["Credentials"]
    return guide.caller("operator", made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def _visit_node(guide: Guide) -> None:
    with _folder() as folder, _node(guide, folder) as node:
        again = [*node.registration, "--dir", str(folder / "another")]
        guide.is_shut("another", "keystead node register, the same code", lambda: _register(again, node.code))
        guide.root.does("ssm", "deregister_managed_instance", InstanceId=node.id)
        guide.is_shut("the node", "its control channel, again", lambda: _shut_out(node.log))
        guide.root.is_refused("TargetNotConnected", "ssm", "start_session", Target=node.id)


@dataclass(frozen=True, slots=True)
class _Node:
    """This machine as a node, its agent running."""

    id: str
    registration: list[str]
    code: str
    log: Path


@contextmanager
def _folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="keystead-tour-node-") as folder:
        yield Path(folder)


@contextmanager
def _node(guide: Guide, folder: Path) -> Generator[_Node]:
    """Register this machine and run its agent, until the stop is over."""
    role = f"nodes-{folder.name[-8:]}"
    _role(guide, role, {"Service": "ssm.amazonaws.com"}, "AmazonSSMManagedInstanceCore")
    made = guide.root.does("ssm", "create_activation", lambda answer: answer["ActivationId"], IamRole=role)
    registration = ["--endpoint", guide.ready["https"] or "", "--ca", str(_ca(guide))]
    registration += ["--id", made["ActivationId"], "--code", "-"]
    place, code, log = folder / "node", made["ActivationCode"], folder / "agent.log"
    guide.opens(
        "the node",
        "keystead node register",
        lambda: _register([*registration, "--dir", str(place)], code),
    )
    node_id: str = json.loads((place / "node.json").read_text())["instance_id"]
    with log.open("wb") as output:
        agent = subprocess.Popen(
            _keystead("node", "run", "--dir", str(place)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    with _stopped(agent):
        guide.opens(
            "the node",
            "keystead node run",
            lambda: _found(rf"(control channel of {node_id} is open)", log, "no channel"),
        )
        yield _Node(node_id, registration, code, log)


def _register(arguments: list[str], code: str) -> str:
    """Register this machine as a node. Raises Shut."""
    done = subprocess.run(
        _keystead("node", "register", *arguments),
        input=f"{code}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Shut(done.stderr.strip())
    return done.stdout.partition(".")[0]


def _shut_out(log: Path) -> str:
    """Wait until the agent is refused its channel, and say so. Raises Shut."""
    raise Shut(_found(r"control channel: (the authority opens no .+)", log, "the agent said nothing"))


@dataclass(frozen=True, slots=True)
class _Shell:
    """A plugin whose user types by a pipe."""

    plugin: "subprocess.Popen[bytes]"
    shown: Path

    def says(self, typed: str, answer: str) -> str:
        """Type a line, and return the answer once the node has shown it. Raises Shut."""
        if self.plugin.stdin is None:
            raise RuntimeError("the plugin is typed to by a pipe")
        self.plugin.stdin.write(f"{typed}\n".encode())
        self.plugin.stdin.flush()
        return _found(f"({re.escape(answer)})", self.shown, "the shell showed nothing of it")

    def goes_on(self, session_id: str) -> str:
        """Return if the plugin is still there after a while, and raise Shut with what it said if not."""
        try:
            self.plugin.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return "it is still open"
        raise Shut(
            _found(_END_OF_SESSION.format(re.escape(session_id)), self.shown, "it ended without a word")
        )


@contextmanager
def _shell(guide: Guide, folder: Path, session: Response) -> Generator[_Shell]:
    """Join a session with our plugin, as the aws CLI does: the token is in no argument."""
    told = json.dumps({each: session[each] for each in ("SessionId", "StreamUrl", "TokenValue")})
    environment = {**os.environ, _RESPONSE: told, "AWS_CA_BUNDLE": str(_ca(guide))}
    command = [
        sys.executable,
        "-P",
        "-m",
        "keystead.remote.plugin.main",
        _RESPONSE,
        "us-east-1",
        "StartSession",
    ]
    shown = folder / "shell.log"
    with shown.open("wb") as output:
        plugin = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=environment
        )
    with plugin, _stopped(plugin):
        yield _Shell(plugin, shown)


def _found(pattern: str, file: Path, otherwise: str) -> str:
    """Return what a pattern finds in what a child shows, soon. Raises Shut."""
    for _ in range(_POLLS):
        found = re.search(pattern, file.read_text(errors="replace"))
        if found is not None:
            return found[1].strip()
        time.sleep(_POLL_SECONDS)
    raise Shut(otherwise)


@contextmanager
def _stopped(child: "subprocess.Popen[bytes]") -> Generator[None]:
    """Stop a child in the end, whatever happens."""
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _keystead(*arguments: str) -> list[str]:
    # Without -P a module of the present folder could take the place of one of Python's.
    return [sys.executable, "-P", "-m", "keystead", *arguments]


def _ca(guide: Guide) -> Path:
    return Path(guide.ready["data"] or "") / "tls" / "ca.pem"


def _role(guide: Guide, name: str, trusted: dict[str, str], policy: str = "") -> str:
    """Make a role with one of AWS's policies, or with none, and return its ARN."""
    trust = _statement(Principal=trusted, Action="sts:AssumeRole")
    made = guide.root.does("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=trust)
    if policy:
        guide.root.does("iam", "attach_role_policy", RoleName=name, PolicyArn=_POLICY + policy)
    arn: str = made["Role"]["Arn"]
    return arn


def _statement(**members: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **members}]})


def _key_shown(answer: Response) -> str:
    return f"{answer['AccessKey']['AccessKeyId']}, its secret shown this once"


def _keys_shown(answer: Response) -> str:
    """Return what came of a request, without the secrets, which the client alone has now."""
    keys = answer["Credentials"]
    return f"{answer['AccessRequestStatus']}: {keys['AccessKeyId']} until {keys['ExpirationTime']:%H:%M:%S}"


STOPS = [
    Stop(ACCESS_TOKEN.name, "SSM.GetAccessToken", "a shell on its node", _visit),
    Stop(NODE_SESSION.name, "keystead node register", "its node's channels", _visit_node),
]
