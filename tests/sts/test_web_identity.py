"""AssumeRoleWithWebIdentity: tokens of a test issuer, good and bad, and what the trust policy asks of them."""

import asyncio
import base64
import hashlib
import hmac
import http.server
import json
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from badinput.rows import rows
from badinput.wire import deliver, form, signed
from iam.answers import check_metadata, refused
from iam.room import ACCOUNT, Room
from iam.samples import ARN
from keystead.config.settings import BadSetting
from keystead.products.sts.issuers import read_issuers
from keystead.products.sts.jwks import CannotFetch, Keys, parse
from sts.parts import allowing, document, key_of, make_role, name_of, statement
from support.fakes import TestClock
from support.running import Key, RunningAuthority, settings_for

NAME = "token.example.org/ci"
ISSUER = f"https://{NAME}"
AUDIENCE = "sts.amazonaws.com"
SUBJECT = "repo:acme/site:ref:refs/heads/main"
PROVIDER = f"{ARN}:oidc-provider/{NAME}"
NOT_A_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference"
    " AssumeRoleWithWebIdentity documentation for requirements"
)
BAD_SIGNATURE = "The signature of the ID Token provided is not valid."
NOT_TRUSTED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


class Issuer:
    """Signs tokens with an RSA and an EC key, and publishes both."""

    def __init__(self) -> None:
        self.keys = {
            "rsa": rsa.generate_private_key(65537, 2048),
            "ec": ec.generate_private_key(ec.SECP256R1()),
        }

    def jwks(self) -> str:
        algorithms = {"rsa": jwt.algorithms.RSAAlgorithm, "ec": jwt.algorithms.ECAlgorithm}
        published = [
            {**json.loads(algorithms[kid].to_jwk(key.public_key())), "kid": kid, "use": "sig"}
            for kid, key in self.keys.items()
        ]
        return json.dumps({"keys": published})

    def token(self, kid: str = "rsa", *, now: float, key=None, alg: str = "", **claims) -> str:
        body = {
            "iss": ISSUER,
            "sub": SUBJECT,
            "aud": AUDIENCE,
            "iat": int(now),
            "exp": int(now) + 3600,
            **claims,
        }
        body = {name: value for name, value in body.items() if value is not None}
        algorithm = alg or {"rsa": "RS256", "ec": "ES256"}[kid]
        return jwt.encode(body, key or self.keys[kid], algorithm, headers={"kid": kid})


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


@pytest.fixture(scope="module")
def room(issuer, tmp_path_factory):
    """An authority that takes the tokens of one issuer, whose keys are in a file."""
    folder = tmp_path_factory.mktemp("oidc")
    (folder / "keys.json").write_text(issuer.jwks())
    (folder / "issuers.toml").write_text(
        f'[[issuer]]\nurl = "{ISSUER}"\njwks = "keys.json"\naudiences = ["other", "{AUDIENCE}"]\n'
    )
    running = RunningAuthority(settings_for(folder / "data", oidc_issuers=folder / "issuers.toml"))
    yield Room(running)
    running.stop()


@pytest.fixture
def now(room) -> float:
    return room.authority.authority.clock.epoch()


def unsigned(room):
    """A client without any credential."""
    return boto3.session.Session().client(
        "sts",
        endpoint_url=room.authority.url,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )


def trusting_issuer(provider: str = PROVIDER, **condition) -> str:
    more = {"Condition": condition} if condition else {}
    action = "sts:AssumeRoleWithWebIdentity"
    return document(statement(action=action, Principal={"Federated": provider}, **more))


def enter(room, role: str, token: str, **members):
    return unsigned(room).assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="ci-run", WebIdentityToken=token, **members
    )


@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_token_of_the_issuer_opens_the_role_that_trusts_it(room, issuer, now, kid):
    trust = trusting_issuer(StringEquals={f"{NAME}:aud": AUDIENCE, f"{NAME}:sub": SUBJECT})
    role = make_role(room, trust, allowing("iam:ListUsers"))

    response = enter(room, role, issuer.token(kid, now=now))

    check_metadata(response)
    assert (response["SubjectFromWebIdentityToken"], response["Audience"]) == (SUBJECT, AUDIENCE)
    assert response["Provider"] == ISSUER
    session = key_of(response)
    assert room.caller(session) == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name_of(role)}/ci-run"
    assert room.client("iam", session).list_users()
    left = response["Credentials"]["Expiration"] - datetime.now(UTC)
    assert 3590 < left.total_seconds() <= 3600


def test_session_of_a_web_identity_knows_its_provider_and_no_mfa(room, issuer, now):
    asked = {
        "StringEquals": {"aws:FederatedProvider": PROVIDER},
        "Null": {"aws:MultiFactorAuthPresent": "true"},
    }
    role = make_role(room, trusting_issuer(), allowing("iam:ListUsers", **asked))

    session = key_of(enter(room, role, issuer.token(now=now)))

    assert room.client("iam", session).list_users()


def test_session_policies_limit_it_and_durations_are_the_roles(room, issuer, now):
    role = make_role(room, trusting_issuer(), allowing("*"))
    token = issuer.token(now=now)

    response = enter(room, role, token, Policy=allowing("iam:ListRoles"))

    iam = room.client("iam", key_of(response))
    assert iam.list_roles()
    assert response["PackedPolicySize"] > 0
    with pytest.raises(ClientError, match="no session policy allows"):
        iam.list_users()
    message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    with refused("ValidationError", message):
        enter(room, role, token, DurationSeconds=3601)


@pytest.mark.parametrize(
    "trust",
    [
        trusting_issuer(StringEquals={f"{NAME}:sub": "repo:acme/other"}),
        trusting_issuer(StringEquals={f"{NAME}:aud": "other"}),
        trusting_issuer(StringEquals={"sts:RoleSessionName": "another"}),
        trusting_issuer(IpAddress={"aws:SourceIp": "203.0.113.0/24"}),
        trusting_issuer("arn:aws:iam::210987654321:oidc-provider/" + NAME),
        trusting_issuer(PROVIDER + "/x"),
        document(statement(Principal={"AWS": ACCOUNT})),
        document(
            statement(action="sts:AssumeRoleWithWebIdentity", Principal={"Federated": PROVIDER}),
            statement("Deny", "sts:AssumeRoleWithWebIdentity", Principal="*"),
        ),
    ],
)
def test_role_that_does_not_trust_the_token_looks_like_one_that_does_not_exist(room, issuer, now, trust):
    role, token = make_role(room, trust), issuer.token(now=now)
    before = rows(room.authority)

    for arn in (role, role + "-never-made", "arn:aws:iam::999999999999:role/x"):
        with refused("AccessDenied", NOT_TRUSTED):
            enter(room, arn, token)

    assert before == rows(room.authority)


def with_algorithm(token: str, algorithm: object) -> str:
    """Return a token whose header names another algorithm, in whatever form."""
    head, rest = token.split(".", 1)
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    told = json.dumps({**header, "alg": algorithm}).encode()
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode() + "." + rest


def hmac_with_the_public_key(issuer, now) -> str:
    """The classic confusion: the public key, taken for a shared secret."""
    pem = issuer.keys["rsa"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned_part = issuer.token(now=now, key="x" * 64, alg="HS256").rsplit(".", 1)[0]
    mac = hmac.new(pem, unsigned_part.encode(), hashlib.sha256).digest()
    return f"{unsigned_part}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


BAD_TOKENS = {
    "no token": (lambda issuer, now: "abcd", NOT_A_JWT),
    "two parts": (lambda issuer, now: issuer.token(now=now).rpartition(".")[0], NOT_A_JWT),
    "alg none": (lambda issuer, now: jwt.encode({"iss": ISSUER}, None, "none"), NOT_A_JWT),
    "public key as secret": (hmac_with_the_public_key, NOT_A_JWT),
    "algorithm that is a list": (
        lambda issuer, now: with_algorithm(issuer.token(now=now), ["RS256"]),
        NOT_A_JWT,
    ),
    "algorithm that is an object": (lambda issuer, now: with_algorithm(issuer.token(now=now), {}), NOT_A_JWT),
    "subject that is no text": (lambda issuer, now: issuer.token(now=now, sub="\ud800"), NOT_A_JWT),
    "end before time began": (
        lambda issuer, now: issuer.token(now=now, exp=-100_000_000_000),
        "Missing a required claim: exp",
    ),
    "no issuer": (lambda issuer, now: issuer.token(now=now, iss=None), NOT_A_JWT),
    "other issuer": (
        lambda issuer, now: issuer.token(now=now, iss="https://evil.example"),
        "No OpenIDConnect provider found in your account for https://evil.example",
    ),
    "other key": (
        lambda issuer, now: issuer.token(now=now, key=rsa.generate_private_key(65537, 2048)),
        BAD_SIGNATURE,
    ),
    "unknown key id": (
        lambda issuer, now: jwt.encode(
            {"iss": ISSUER}, issuer.keys["rsa"], "RS256", headers={"kid": "nobody's"}
        ),
        NO_KEY,
    ),
    "algorithm of another key": (
        lambda issuer, now: jwt.encode({"iss": ISSUER}, issuer.keys["ec"], "ES256", headers={"kid": "rsa"}),
        NO_KEY,
    ),
    "changed": (lambda issuer, now: issuer.token(now=now)[:-8] + "AAAAAAAA", BAD_SIGNATURE),
    "other audience": (lambda issuer, now: issuer.token(now=now, aud="nobody"), "Incorrect token audience"),
    "no audience": (lambda issuer, now: issuer.token(now=now, aud=None), "Missing a required claim: aud"),
    "no subject": (lambda issuer, now: issuer.token(now=now, sub=None), "Missing a required claim: sub"),
    "empty subject": (lambda issuer, now: issuer.token(now=now, sub=""), "Missing a required claim: sub"),
    "no end": (lambda issuer, now: issuer.token(now=now, exp=None), "Missing a required claim: exp"),
    "end that is no number": (
        lambda issuer, now: issuer.token(now=now, exp="tomorrow"),
        "Missing a required claim: exp",
    ),
    "not yet": (
        lambda issuer, now: issuer.token(now=now, nbf=int(now) + 3000),
        "The ID Token provided is not valid yet.",
    ),
}


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_bad_token_is_refused_and_changes_nothing(room, issuer, now, name):
    make, message = BAD_TOKENS[name]
    role, token = make_role(room, trusting_issuer()), make(issuer, now)
    before = rows(room.authority)

    with pytest.raises(ClientError) as raised:
        enter(room, role, token)

    assert raised.value.response["Error"]["Code"] == "InvalidIdentityToken"
    assert raised.value.response["Error"]["Message"] == message
    assert before == rows(room.authority)


def test_expired_token_is_told_so(room, issuer, now):
    role = make_role(room, trusting_issuer())

    with pytest.raises(ClientError, match="Token expired: current date/time") as raised:
        enter(room, role, issuer.token(now=now, iat=int(now) - 60, exp=int(now) - 1))

    assert raised.value.response["Error"]["Code"] == "ExpiredTokenException"


def test_signature_on_an_unsigned_operation_is_not_looked_at(room, issuer, now):
    role = make_role(room, trusting_issuer())
    content = form(
        "AssumeRoleWithWebIdentity",
        RoleArn=role,
        RoleSessionName="xx",
        WebIdentityToken=issuer.token(now=now),
    )

    reply = deliver(signed(room.authority.url, Key("AKIARZPUZDIKAAAAAAAA", "x" * 40), content))

    assert reply.status == 200


def test_journal_names_the_web_identity_and_holds_no_token(room, issuer, now):
    role = make_role(room, trusting_issuer())
    token = issuer.token(now=now)
    session = key_of(enter(room, role, token))
    room.caller(session)

    told = room.authority.command("audit-tail", count=100)
    lines = [json.loads(bytes(line)) for line in told]

    done = [line for line in lines if "errorCode" not in line]
    (entered,) = [line for line in done if line["eventName"] == "AssumeRoleWithWebIdentity"][-1:]
    assert entered["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{NAME}:{AUDIENCE}:{SUBJECT}",
        "userName": SUBJECT,
        "identityProvider": NAME,
    }
    text = json.dumps(lines)
    for secret in (token, session.secret, session.session_token):
        assert secret not in text
    (who,) = [line for line in done if line["eventName"] == "GetCallerIdentity"][-1:]
    assert who["userIdentity"]["type"] == "AssumedRole"
    context = who["userIdentity"]["sessionContext"]
    assert context["webIdFederationData"] == {
        "federatedProvider": PROVIDER,
        "attributes": {"sub": SUBJECT},
    }


# Keys of an issuer.


class Published(http.server.BaseHTTPRequestHandler):
    """An issuer's key set over HTTP."""

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(self.server.document)

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def published(issuer):
    server = http.server.HTTPServer(("127.0.0.1", 0), Published)
    server.asked, server.status, server.document = 0, 200, issuer.jwks().encode()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def keys_of(published, tmp_path: Path, clock) -> Keys:
    (tmp_path / "issuers.toml").write_text(
        f'[[issuer]]\nurl = "{ISSUER}"\njwks = "http://127.0.0.1:{published.server_port}/keys"\n'
        f'audiences = ["{AUDIENCE}"]\n'
    )
    return Keys(read_issuers(tmp_path / "issuers.toml")[ISSUER], clock)


def test_keys_are_fetched_once_an_hour_and_for_unknown_ids_twice_a_minute(published, tmp_path):
    clock = TestClock()
    keys = keys_of(published, tmp_path, clock)

    async def ask(seconds: float, key_id: str) -> int:
        clock.advance(seconds)
        found = await keys.key(key_id)
        assert (found is not None) == (key_id == "rsa")
        return published.asked

    async def test() -> list[int]:
        asked = [(0, "rsa"), (0, "rsa"), (0, "no"), (29, "no"), (1, "no"), (3599, "rsa"), (1, "rsa")]
        return [await ask(*each) for each in asked]

    assert asyncio.run(test()) == [1, 1, 1, 1, 2, 2, 3]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_issuer_that_does_not_answer_with_keys_is_a_failure_of_its_own_and_not_asked_at_once(
    published, tmp_path, status
):
    published.status = status
    keys = keys_of(published, tmp_path, TestClock())

    async def test() -> None:
        for _ in range(3):
            with pytest.raises(CannotFetch):
                await keys.key("rsa")

    asyncio.run(test())
    assert published.asked == 1


def test_issuer_that_cannot_be_reached_is_told_in_the_models_error(issuer, tmp_path, free_port):
    (tmp_path / "issuers.toml").write_text(
        f'[[issuer]]\nurl = "{ISSUER}"\njwks = "http://127.0.0.1:{free_port}/"\naudiences = ["{AUDIENCE}"]\n'
    )
    running = RunningAuthority(settings_for(tmp_path / "data", oidc_issuers=tmp_path / "issuers.toml"))
    try:
        room = Room(running)
        role = make_role(room, trusting_issuer())
        with pytest.raises(ClientError) as raised:
            enter(room, role, issuer.token(now=running.authority.clock.epoch()))
        assert raised.value.response["Error"]["Code"] == "IDPCommunicationError"
    finally:
        running.stop()


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def test_keys_that_are_too_weak_or_of_another_use_are_left_out():
    weak = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key()))
    good = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key()))
    shared = {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "shared"}
    listed = [
        {**weak, "kid": "weak"},
        {**good, "kid": "enc", "use": "enc"},
        good,
        shared,
        {"kty": "none", "kid": "x"},
        {**good, "kid": "good"},
    ]

    assert list(parse(json.dumps({"keys": listed}).encode())) == ["good"]


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": ["x"]}', b"\xff"])
def test_what_is_no_key_set_is_refused(document):
    with pytest.raises(CannotFetch):
        parse(document)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x", "issuers.toml"),
        ('[[issuer]]\nurl = "http://a.example"\njwks = "k"\naudiences = ["a"]', "is no https URL"),
        ('[[issuer]]\nurl = "https://a.example"\njwks = "k"\naudiences = []', "has no audiences"),
        ('[[issuer]]\nurl = "https://a.example"\njwks = "k"\naudiences = ["a"]', "there is no file"),
        (
            '[[issuer]]\nurl = "https://a.example"\njwks = "http://b.example/k"\naudiences = ["a"]',
            "not https",
        ),
        ('[[issuer]]\nurl = "https://a.example"\naudiences = ["a"]', "jwks"),
        ('[[issuer]]\nurl = "https://a.example"\njwks = "k"\naudiences = ["a"]\nother = 1', "other"),
    ],
)
def test_file_of_issuers_that_cannot_be_used_is_told_with_its_reason(tmp_path, text, told):
    (tmp_path / "issuers.toml").write_text(text)

    with pytest.raises(BadSetting, match=told):
        read_issuers(tmp_path / "issuers.toml")
