"""A sixth kind of credential is one folder: it is served because it is there, with no edit elsewhere.

The folder `toyvault` is written to a temporary place and put on the products' path: a bearer kind with its own
prefix, an API of its own model, a table, and nothing that the rest of the house knows of.
"""

import sys
from pathlib import Path
from textwrap import dedent

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from keystead import products
from keystead.credentials.verify import NotMine, Refused, Verified
from keystead.kernel.secret import Secret
from support.running import RunningAuthority, settings_for

MODULE = "keystead.products.toyvault"

FILES = {
    "__init__.py": '''
        """Toy vault: bearer tokens for boxes."""

        from pathlib import Path

        from keystead.gateway.operations import Face
        from keystead.products.product import Foundation, Parts, Product
        from keystead.products.toyvault.kinds import kinds
        from keystead.products.toyvault.tokens import ToyTokens, translate

        _HERE = Path(__file__).parent


        def _parts(base: Foundation) -> Parts:
            (token,) = kinds(base.settings)
            return Parts(Face(groups=[ToyTokens(token, base.issuer)], translate=translate))


        PRODUCT = Product(
            name="toyvault",
            kinds=kinds,
            parts=_parts,
            migrations=_HERE / "migrations",
            models=_HERE / "models",
        )
        ''',
    "kinds.py": '''
        """The kind: a bearer token that begins with `toyv_`."""

        import base64

        from keystead.credentials.kind import Form, Kind, Quota, Storage
        from keystead.kernel.ids import unique_id

        TOY_TOKEN = "toyvault.token"


        def _new_secret(entropy):
            return b"toyv_" + base64.b32encode(entropy.token_bytes(25)).lower()


        def kinds(settings):
            return [
                Kind(
                    name=TOY_TOKEN,
                    form=Form.BEARER,
                    storage=Storage.DIGEST,
                    new_id=lambda account, entropy: unique_id("toy-", entropy),
                    new_secret=_new_secret,
                    bearer_pattern=rb"toyv_[a-z2-7]{40}",
                    quota=Quota("TokensPerBox", 2),
                )
            ]
        ''',
    "records.py": '''
        """What the vault knows of a token beside the shelf: its name."""


        def add(tx, token_id, account, box, name):
            row = (token_id, account, box, name)
            tx.run("INSERT INTO toy_token (id, account, box, name) VALUES (?, ?, ?, ?)", row)


        def of_box(reader, account, box):
            return reader.all(
                "SELECT id, name FROM toy_token WHERE account = ? AND box = ? ORDER BY name", (account, box)
            )


        def remove(tx, account, token_id):
            return tx.run("DELETE FROM toy_token WHERE id = ? AND account = ?", (token_id, account)) == 1
        ''',
    "tokens.py": '''
        """The operations on tokens."""

        from keystead.kernel.errors import NotFound, QuotaExceeded
        from keystead.products.toyvault import records
        from keystead.types.errors import ServiceError
        from keystead.types.operation import Operation

        CreateToyToken = Operation("toyvault", "CreateToyToken")
        ListToyTokens = Operation("toyvault", "ListToyTokens")
        DeleteToyToken = Operation("toyvault", "DeleteToyToken")


        class TooManyTokens(ServiceError):
            service, shape = "toyvault", "TooManyTokens"


        class NoSuchToken(ServiceError):
            service, shape = "toyvault", "NoSuchToken"


        def translate(error):
            if isinstance(error, QuotaExceeded):
                return TooManyTokens(f"A box holds at most {error.limit} tokens.")
            return NoSuchToken("There is no such token.") if isinstance(error, NotFound) else None


        class ToyTokens:
            def __init__(self, kind, issuer):
                self._kind = kind
                self._issuer = issuer

            @CreateToyToken("write", resource="box/{Box}")
            def create_toy_token(self, call, request):
                account, box = call.principal.account, request["Box"]
                minted = self._issuer.mint(call.tx, self._kind, account=account, owner=box, audience=box)
                records.add(call.tx, minted.credential.id, account, box, request["Name"])
                return {"TokenId": minted.credential.id, "Value": minted.secret.reveal().decode()}

            @ListToyTokens("read", resource="box/{Box}")
            def list_toy_tokens(self, call, request):
                rows = records.of_box(call.reader, call.principal.account, request["Box"])
                return {"Tokens": [{"TokenId": token_id, "Name": name} for token_id, name in rows]}

            @DeleteToyToken("write", resource="token/{TokenId}")
            def delete_toy_token(self, call, request):
                if not records.remove(call.tx, call.principal.account, request["TokenId"]):
                    raise NotFound("token", request["TokenId"])
                self._issuer.revoke(call.tx, request["TokenId"])
        ''',
    "migrations/0001_tokens.sql": """
        CREATE TABLE toy_token (
            id TEXT PRIMARY KEY,
            account TEXT NOT NULL,
            box TEXT NOT NULL,
            name TEXT NOT NULL
        );
        """,
    "models/toyvault/2031-01-01/service-2.json": """
        {
          "version": "2.0",
          "metadata": {
            "apiVersion": "2031-01-01", "endpointPrefix": "toyvault", "protocol": "json", "jsonVersion": "1.1",
            "serviceId": "ToyVault", "serviceFullName": "Toy Vault", "signatureVersion": "v4",
            "targetPrefix": "ToyVault_20310101", "uid": "toyvault-2031-01-01"
          },
          "operations": {
            "CreateToyToken": {
              "name": "CreateToyToken", "http": {"method": "POST", "requestUri": "/"},
              "input": {"shape": "CreateRequest"}, "output": {"shape": "CreateResponse"},
              "errors": [{"shape": "TooManyTokens"}]
            },
            "ListToyTokens": {
              "name": "ListToyTokens", "http": {"method": "POST", "requestUri": "/"},
              "input": {"shape": "ListRequest"}, "output": {"shape": "ListResponse"}
            },
            "DeleteToyToken": {
              "name": "DeleteToyToken", "http": {"method": "POST", "requestUri": "/"},
              "input": {"shape": "DeleteRequest"}, "errors": [{"shape": "NoSuchToken"}]
            },
            "NobodyServesThis": {
              "name": "NobodyServesThis", "http": {"method": "POST", "requestUri": "/"}
            }
          },
          "shapes": {
            "Name": {"type": "string", "min": 1, "max": 32, "pattern": "[a-z-]+"},
            "String": {"type": "string"},
            "Value": {"type": "string", "sensitive": true},
            "Message": {"type": "string"},
            "CreateRequest": {
              "type": "structure", "required": ["Box", "Name"],
              "members": {"Box": {"shape": "Name"}, "Name": {"shape": "Name"}}
            },
            "CreateResponse": {
              "type": "structure", "members": {"TokenId": {"shape": "String"}, "Value": {"shape": "Value"}}
            },
            "ListRequest": {"type": "structure", "required": ["Box"], "members": {"Box": {"shape": "Name"}}},
            "Token": {"type": "structure", "members": {"TokenId": {"shape": "String"}, "Name": {"shape": "Name"}}},
            "Tokens": {"type": "list", "member": {"shape": "Token"}},
            "ListResponse": {"type": "structure", "members": {"Tokens": {"shape": "Tokens"}}},
            "DeleteRequest": {
              "type": "structure", "required": ["TokenId"], "members": {"TokenId": {"shape": "String"}}
            },
            "TooManyTokens": {"type": "structure", "exception": true, "members": {"message": {"shape": "Message"}}},
            "NoSuchToken": {"type": "structure", "exception": true, "members": {"message": {"shape": "Message"}}}
          }
        }
        """,
}


def _forget_modules() -> None:
    for name in [name for name in sys.modules if name == MODULE or name.startswith(f"{MODULE}.")]:
        del sys.modules[name]
    vars(products).pop("toyvault", None)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The product's folder, found by `discover` for the length of a test."""
    folder = tmp_path / "more-products" / "toyvault"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip())
    monkeypatch.setattr(products, "__path__", [*products.__path__, str(folder.parent)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield folder
    _forget_modules()


@pytest.fixture
def toy_authority(folder, tmp_path):
    running = RunningAuthority(settings_for(tmp_path / "data"))
    yield running
    running.stop()


@pytest.fixture
def vault(toy_authority, folder):
    """An unmodified boto3 client that knows the toy's model."""
    return _client(toy_authority, folder, toy_authority.root_key)


def _client(running, folder, key):
    session = boto3.session.Session()
    session._session.get_component("data_loader").search_paths.append(str(folder / "models"))
    return session.client(
        "toyvault",
        endpoint_url=running.url,
        region_name="eu-west-1",
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


def _door(running, value, box="green"):
    """What the toy's door would do: ask the core, of its kind alone, for its own audience."""

    async def verify():
        return running.authority.verifier.verify_bearer(
            Secret(value.encode()), accepts={"toyvault.token": box}
        )

    return running.run(verify())


def test_its_credential_is_minted_listed_verified_switched_off_and_revoked(toy_authority, vault):
    made = vault.create_toy_token(Box="green", Name="first")

    assert made["Value"].startswith("toyv_")
    assert [token["Name"] for token in vault.list_toy_tokens(Box="green")["Tokens"]] == ["first"]
    (listed,) = toy_authority.command("creds-ls", kind="toyvault.token")["credentials"]
    assert (listed["id"], listed["status"], listed["audience"]) == (made["TokenId"], "Active", "green")
    seen = _door(toy_authority, made["Value"])
    assert isinstance(seen, Verified)
    assert seen.credential.id == made["TokenId"]
    assert _door(toy_authority, made["Value"], "red").reason == "wrong-audience"
    assert _door(toy_authority, "toyv_" + "a" * 40) == Refused("unknown")
    assert _door(toy_authority, toy_authority.root_key.secret) == NotMine()

    toy_authority.command("creds-deactivate", id=made["TokenId"])
    assert _door(toy_authority, made["Value"]).reason == "inactive"
    toy_authority.command("creds-activate", id=made["TokenId"])
    assert isinstance(_door(toy_authority, made["Value"]), Verified)
    vault.delete_toy_token(TokenId=made["TokenId"])

    assert _door(toy_authority, made["Value"]) == Refused("unknown")
    assert vault.list_toy_tokens(Box="green")["Tokens"] == []
    assert toy_authority.command("creds-ls", kind="toyvault.token")["credentials"] == []


def test_its_quota_errors_and_validation_are_its_models(vault):
    for name in ("one", "two"):
        vault.create_toy_token(Box="green", Name=name)

    with pytest.raises(vault.exceptions.TooManyTokens, match="at most 2 tokens"):
        vault.create_toy_token(Box="green", Name="three")
    with pytest.raises(vault.exceptions.NoSuchToken):
        vault.delete_toy_token(TokenId="toy-none")
    with pytest.raises(ClientError, match="failed to satisfy constraint") as refused:
        vault.create_toy_token(Box="GREEN", Name="x")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_its_operations_are_authorised_like_all_others(toy_authority, folder, vault):
    bob = _client(toy_authority, folder, toy_authority.user_key("bob"))

    with pytest.raises(ClientError) as refused:
        bob.create_toy_token(Box="green", Name="first")

    error = refused.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert "toyvault:CreateToyToken on resource:" in error["Message"]
    assert vault.list_toy_tokens(Box="green")["Tokens"] == []


def test_what_it_does_not_serve_is_answered_honestly(vault):
    with pytest.raises(ClientError) as refused:
        vault.nobody_serves_this()

    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"


def test_its_secret_is_in_no_file_and_its_change_is_in_the_journal(toy_authority, vault):
    made = vault.create_toy_token(Box="green", Name="first")

    (event,) = [
        each for each in toy_authority.command("audit-tail", count=50) if b"CreateToyToken" in bytes(each)
    ]
    assert b'"eventSource":"toyvault.amazonaws.com"' in bytes(event)
    assert b"HIDDEN_DUE_TO_SECURITY_REASONS" in bytes(event)
    files = [path for path in toy_authority.settings.data.rglob("*") if path.is_file()]
    assert not [path for path in files if made["Value"].encode() in path.read_bytes()]


def test_it_survives_a_restart_and_its_schema_is_not_applied_twice(folder, tmp_path):
    first = RunningAuthority(settings_for(tmp_path / "data"))
    try:
        made = _client(first, folder, first.root_key).create_toy_token(Box="green", Name="first")
    finally:
        first.stop()

    second = RunningAuthority(first.settings)
    try:
        assert isinstance(_door(second, made["Value"]), Verified)
        listed = _client(second, folder, second.root_key).list_toy_tokens(Box="green")["Tokens"]
        assert [token["TokenId"] for token in listed] == [made["TokenId"]]
    finally:
        second.stop()


def test_without_its_folder_nothing_of_it_is_served(authority):
    assert MODULE not in sys.modules
    assert "toyvault.token" not in authority.authority.kinds
