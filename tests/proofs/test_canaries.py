"""A secret is nowhere but where it belongs: canaries are minted, shown and sent, and all that is left is searched.

Follows DESIGN rule 5. The server is a real process; what it wrote is read from its files, its outputs and /proc.
"""

import base64
import http.client
import pickle
import sqlite3
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import boto3
import pytest
from bench.requests import Key as BenchKey
from bench.requests import Signer, form
from botocore.config import Config
from botocore.exceptions import ClientError
from prove import child
from prove.child import Child

from keystead.access.sigv4.keys import SigningKey, derive
from keystead.access.sigv4.present import find
from keystead.access.sigv4.request import SignedRequest
from keystead.credentials.issue import Minted
from keystead.credentials.shelf import Credential
from keystead.credentials.verify import KeyMaterial
from keystead.kernel.secret import Secret
from support.running import Key, client, root_key_of

CANARY = b"canary/wJalrXUtnFEMI+K7MDENGbPxRfiCYKEY0"
TOKEN = "canary-session-token/FwoGZXIvYXdzEBYaDHhSVGa+=="
HOLDERS_OF_PLAIN_SECRETS = {"root-credentials", "credentials", "root.key", "ca.key", "server.key"}
AUDITED = {"KEYSTEAD_AUDIT_READS": "true"}


def disguises(secret: str) -> Iterator[bytes]:
    """Return every form in which a secret would still be one."""
    plain = secret.encode()
    yield plain
    yield plain[::-1]
    yield quote(secret, safe="").encode()
    yield plain.replace(b"/", b"\\/")
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    yield secret.encode("utf-16-le")
    for offset in range(3):
        # What stands before the secret shifts its base64; the characters at its edges mix with the neighbours.
        yield base64.b64encode(bytes(offset) + plain)[4:-4]


@dataclass
class Canaries:
    """What must not be found: secrets, signatures and tokens, each with a word about where it came from."""

    planted: dict[str, str] = field(default_factory=dict)

    def plant(self, where: str, secret: str) -> str:
        self.planted[secret] = where
        return secret

    def found_in(self, place: str, content: bytes) -> list[str]:
        return [
            f"{where} is in {place}"
            for secret, where in self.planted.items()
            if any(disguise in content for disguise in disguises(secret))
        ]


@dataclass
class Scene:
    """A served directory, and the root's key."""

    server: Child
    root: Key
    canaries: Canaries

    @property
    def url(self) -> str:
        return f"http://{self.server.authority}"

    def client(self, service: str, key: Key) -> object:
        """Return a boto3 client whose every signature is a canary."""
        made = client(self.url, service, key)
        made.meta.events.register("before-send", self._note_signature)
        return made

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> int:
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)
        connection.request(
            method, target, body, {"Content-Type": "application/x-www-form-urlencoded", **headers}
        )
        status = connection.getresponse().status
        connection.close()
        return status

    def found_in(self, places: Iterable[tuple[str, bytes]]) -> list[str]:
        """Return every canary that is in any of these places."""
        return [leak for name, content in places for leak in self.canaries.found_in(name, content)]

    def _note_signature(self, request: object, **_: object) -> None:
        authorization = request.headers["Authorization"]
        text = authorization.decode() if isinstance(authorization, bytes) else authorization
        self.canaries.plant("a signature", text.rpartition("Signature=")[2])


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with child.serving(tmp_path / "data", environment=AUDITED) as server:
        root = root_key_of(server.data)
        canaries = Canaries()
        canaries.plant("the root's secret", root.secret)
        yield Scene(server, root, canaries)


def mint_and_use(scene: Scene) -> Key:
    """Mint keys and use them, rightly and wrongly; return a good one."""
    iam = scene.client("iam", scene.root)
    iam.create_user(UserName="canary")
    keys = []
    for _ in range(2):
        made = iam.create_access_key(UserName="canary")["AccessKey"]
        scene.canaries.plant("a minted secret", made["SecretAccessKey"])
        keys.append(Key(made["AccessKeyId"], made["SecretAccessKey"]))
    good, other = keys
    scene.client("sts", good).get_caller_identity()
    scene.canaries.plant("a session token", TOKEN)
    wrong = Key(good.id, scene.canaries.plant("a wrong secret", "wrong-canary/" + good.secret[:20]))
    for key in (wrong, Key(good.id, good.secret, TOKEN), Key("ASIAQ3EGRC5EXAMPLE12", other.secret, TOKEN)):
        refused(lambda key=key: scene.client("sts", key).get_caller_identity())
    refused(lambda: scene.client("iam", good).create_access_key(UserName="canary"))
    iam.update_access_key(UserName="canary", AccessKeyId=other.id, Status="Inactive")
    refused(lambda: scene.client("sts", other).get_caller_identity())
    iam.delete_access_key(UserName="canary", AccessKeyId=other.id)
    return good


def show_malformed(scene: Scene, key: Key) -> None:
    """Send what broken clients send: secrets and signatures in places where they cannot be read."""
    signed = Signer(BenchKey(key.id, key.secret), "sts", scene.server.authority)
    signature = scene.canaries.plant("a malformed signature", signed.signature(b"body"))
    scope = f"{key.id}/20260101/us-east-1/sts/aws4_request"
    head = "AWS4-HMAC-SHA256 "
    headers = [
        f"{head}Credential={scope}, SignedHeaders=host, Signature={signature}, Signature={signature}",
        f"{head}Credential={scope}, SignedHeaders=host, Signature = {signature}, nonsense",
        f"{head}Credential={scope} SignedHeaders=host Signature={signature}",
        f"{head}Credential={scope}, SignedHeaders=Host, Signature={signature}",
        f"{head}Credential={key.id}, SignedHeaders=host, Signature={signature}",
        f"{head}Signature={signature}",
        f"AWS4-ECDSA-P256-SHA256 Credential={scope}, SignedHeaders=host, Signature={signature}",
        f"AWS {key.id}:{signature}",
        f"Bearer {TOKEN}",
        f"Basic {base64.b64encode(f'{key.id}:{key.secret}'.encode()).decode()}",
    ]
    for authorization in headers:
        show(scene, authorization)
    query = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": scope, "X-Amz-Signature": signature}
    for more in ({}, {"X-Amz-Date": "x", "X-Amz-SignedHeaders": "host", "X-Amz-Security-Token": TOKEN}):
        target = "/?" + urlencode({"Action": "GetCallerIdentity", "Version": "2011-06-15", **query, **more})
        assert scene.send("GET", target, {}) in (400, 403)


def show_misplaced(scene: Scene, key: Key) -> None:
    """Send what people send by mistake: a secret in place of the id, of the signature or of the whole header."""
    signed = Signer(BenchKey(key.id, key.secret), "sts", scene.server.authority)
    signature = scene.canaries.plant("a misplaced signature", signed.signature(b"body"))
    scene.canaries.plant("a misplaced token", TOKEN)
    swapped = scene.canaries.plant("a secret in place of an id", "swapped0canary0secret0without0slash00000")
    scope = "20260101/us-east-1/sts/aws4_request"
    head = "AWS4-HMAC-SHA256 "
    for authorization in (
        f"{head}Credential={swapped}/{scope}, SignedHeaders=host, Signature={key.id}",
        f"{head}Credential={key.secret}/a/b/{scope}, SignedHeaders=host, Signature={key.id}",
        f"{head}Credential={key.id}/{scope}, SignedHeaders=host, Signature: {signature}",
        f"{head}Credential={key.id}/{scope};SignedHeaders=host;Signature={signature}",
        f"{head}{signature}",
        signature,
        key.secret,
        TOKEN,
    ):
        show(scene, authorization)


def show(scene: Scene, authorization: str) -> None:
    """Have a header refused."""
    dated = {"Authorization": authorization, "X-Amz-Date": "20260101T000000Z"}
    assert scene.send("POST", "/", dated, form("sts", "GetCallerIdentity")) in (400, 403)


def use_presigned(scene: Scene, key: Key) -> None:
    """Use a presigned URL, as it is and after it was changed."""
    sts = boto3.session.Session().client(
        "sts",
        endpoint_url=scene.url,
        region_name="us-east-1",
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        config=Config(signature_version="v4"),
    )
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    scene.canaries.plant("a presigned signature", url.rpartition("X-Amz-Signature=")[2])
    target = url.removeprefix(scene.url)

    assert scene.send("GET", target, {}) == 200
    assert scene.send("GET", target.replace("Action=Get", "Action=Cut"), {}) in (400, 403)


def break_inside(scene: Scene, key: Key) -> None:
    """Have requests fail inside the server: a mint that the database rejects, and a secret that does not open."""
    iam = scene.client("iam", scene.root)
    iam.create_user(UserName="broken")
    broken = iam.create_access_key(UserName="broken")["AccessKey"]
    scene.canaries.plant("the secret of a broken row", broken["SecretAccessKey"])
    with sqlite3.connect(scene.server.data / "keystead.db", timeout=10) as database:
        database.execute(
            "CREATE TRIGGER canary BEFORE INSERT ON credential BEGIN SELECT raise(FAIL, 'rejected'); END"
        )
        database.execute("UPDATE credential SET sealed = zeroblob(60) WHERE id = ?", (broken["AccessKeyId"],))
    database.close()
    unusable = Key(broken["AccessKeyId"], broken["SecretAccessKey"])

    assert refused(lambda: iam.create_access_key(UserName="canary"))["HTTPStatusCode"] == 500
    assert refused(lambda: scene.client("sts", unusable).get_caller_identity())["HTTPStatusCode"] == 500
    assert "SealBroken" in scene.server.written()
    scene.client("sts", key).get_caller_identity()


def refused(call: Callable[[], object]) -> dict[str, object]:
    """Return the metadata of the error that a call must end in."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["ResponseMetadata"]


def shown_by_the_cli(data: Path, key: Key) -> Iterator[tuple[str, bytes]]:
    """Return what the verbs print that show credentials, the journal or where to find them."""
    for arguments in (
        ("creds", "ls", "--json"),
        ("creds", "show", key.id),
        ("audit", "tail", "--count", "1000", "--json"),
        ("audit", "export"),
        ("env",),
    ):
        done = child.cli(data, *arguments)
        assert done.returncode == 0, done.stderr
        yield "keystead " + " ".join(arguments), (done.stdout + done.stderr).encode()


def left_behind(data: Path) -> Iterator[tuple[str, bytes]]:
    """Return every file of the data directory that is not there to hold a secret, and the logs beside it."""
    for path in sorted(data.parent.rglob("*")):
        if path.is_file() and path.name not in HOLDERS_OF_PLAIN_SECRETS:
            yield str(path.relative_to(data.parent)), path.read_bytes()


def process(pid: int) -> Iterator[tuple[str, bytes]]:
    """Return what `ps` can see of a process."""
    for name in ("cmdline", "environ", "comm", "status"):
        yield f"/proc/PID/{name}", Path(f"/proc/{pid}/{name}").read_bytes()


def test_no_secret_signature_or_token_is_left_anywhere(scene: Scene) -> None:
    key = mint_and_use(scene)
    show_malformed(scene, key)
    use_presigned(scene, key)
    break_inside(scene, key)

    shown = [
        leak
        for name, text in shown_by_the_cli(scene.server.data, key)
        for leak in scene.canaries.found_in(name, text)
    ]
    assert shown == []
    assert kept(scene) == []


def test_a_secret_shown_in_the_wrong_place_is_not_kept(scene: Scene) -> None:
    key = mint_and_use(scene)
    show_misplaced(scene, key)

    assert kept(scene) == []


def kept(scene: Scene) -> list[str]:
    """Return what is found on disk and in the process, while the server runs and when it has stopped."""
    data = scene.server.data
    # Refusals reach the journal within a second: asking for its end writes them down.
    child.cli(data, "audit", "tail")
    places = [*left_behind(data), *process(scene.server.process.pid)]
    assert "data/keystead.db-wal" in {name for name, _ in places}
    scene.server.stop()
    places += left_behind(data)
    return scene.found_in(places)


def test_the_search_finds_a_secret_in_every_disguise() -> None:
    canaries = Canaries()
    canaries.plant("it", CANARY.decode())

    for disguise in disguises(CANARY.decode()):
        assert canaries.found_in("here", b"before" + disguise + b"after") == ["it is in here"]


def signing_request() -> SignedRequest:
    authorization = (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/sts/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={CANARY.hex()}"
    )
    headers = [
        (b"host", b"localhost"),
        (b"x-amz-date", b"20260101T000000Z"),
        (b"x-amz-security-token", CANARY),
        (b"authorization", authorization.encode()),
    ]
    return SignedRequest("POST", b"/", b"", headers, lambda: "")


def holders() -> list[object]:
    """Return one of everything that holds a secret in memory."""
    secret = Secret(CANARY)
    credential = Credential("AKIA", "iam.access-key", "123456789012", "root", "", "Active", 0, None, 1)
    return [
        secret,
        Minted(credential, secret, secret),
        KeyMaterial("AKIA", 1, secret),
        find(signing_request()),
        SigningKey(CANARY),
        derive(secret, "20260101/us-east-1/sts/aws4_request"),
    ]


HOLDER_NAMES = ["secret", "minted", "key material", "presented", "signing key", "derived key"]


def is_bare(text: str) -> bool:
    """Return whether a text holds the canary: its characters, or its bytes as Python writes them."""
    return any(form.decode("latin-1") in text for form in disguises(CANARY.decode()))


@pytest.mark.parametrize("holder", holders(), ids=HOLDER_NAMES)
def test_what_holds_a_secret_does_not_show_it_as_text(holder: object) -> None:
    shown = [repr(holder), str(holder), f"{holder}", f"{holder!r}", f"{[holder]}"]

    assert [text for text in shown if is_bare(text)] == []


@pytest.mark.parametrize("holder", holders(), ids=HOLDER_NAMES)
def test_what_holds_a_secret_does_not_show_it_in_a_traceback_with_locals(holder: object) -> None:
    def fail(held: object) -> None:
        raise ValueError(f"{held} cannot be used")

    with pytest.raises(ValueError, match="cannot be used") as caught:
        fail(holder)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())

    assert "held = " in shown
    assert not is_bare(shown)


@pytest.mark.parametrize("holder", holders(), ids=HOLDER_NAMES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_holds_a_secret_cannot_be_pickled(holder: object, protocol: int) -> None:
    with pytest.raises(TypeError, match=r"cannot be pickled|cannot pickle"):
        pickle.dumps(holder, protocol)
