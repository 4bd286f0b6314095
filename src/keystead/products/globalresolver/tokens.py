"""Access tokens: create, read with the value, list without, rename, and delete."""

from typing import Any

from keystead.credentials import shelf
from keystead.credentials.issue import Issuer, Minted, Replay
from keystead.credentials.kind import Kind
from keystead.credentials.seal import Seal, binding
from keystead.credentials.shelf import Credential
from keystead.gateway.call import Call
from keystead.kernel.errors import NotFound
from keystead.kernel.secret import Secret
from keystead.products.globalresolver.facts import TokenFacts
from keystead.products.globalresolver.ids import arn_of
from keystead.products.globalresolver.listing import Listing
from keystead.products.globalresolver.records import TOKENS, VIEWS, Token
from keystead.products.globalresolver.times import as_datetime, as_ms
from keystead.products.globalresolver.workshop import Place, Workshop, fingerprint
from keystead.store.interface import Reader
from keystead.types import route53globalresolver as gr

_FILTERS = frozenset({"id", "arn", "dnsViewId", "globalResolverId", "name", "status"})


class TokenOperations:
    """The operations on access tokens."""

    def __init__(self, kind: Kind, issuer: Issuer, seal: Seal, workshop: Workshop, listing: Listing) -> None:
        self._kind = kind
        self._issuer = issuer
        self._seal = seal
        self._workshop = workshop
        self._listing = listing

    @gr.CreateAccessToken("write", resource="access-token/*")
    def create_access_token(
        self, call: Call, request: gr.CreateAccessTokenInput
    ) -> gr.CreateAccessTokenOutput:
        """Mint a token for a view; the same client token gives the same value again."""
        view = VIEWS.get(call.tx, call.principal.account, request["dnsViewId"])
        minted = self._issuer.mint(
            call.tx,
            self._kind,
            account=view.account,
            owner=view.resolver,
            audience=view.id,
            ends_at=_end(request),
            replay=_replay(request),
        )
        token_id = minted.credential.id
        token = TOKENS.find(call.tx, view.account, token_id)
        if token is None:
            self._forget_orphan(call, request)
            place = Place(view.id, view.resolver)
            token = self._workshop.make(call, TOKENS, "t", place, request, TokenFacts(), resource_id=token_id)
        return self._created(token, minted)

    @gr.GetAccessToken("write", resource="access-token/{accessTokenId}")
    def get_access_token(self, call: Call, request: gr.GetAccessTokenInput) -> gr.GetAccessTokenOutput:
        """Return a token with its value: a read of a secret, which is journaled in its own transaction."""
        token, credential = self._held(call.reader, call.principal.account, request["accessTokenId"])
        return _shown(token, credential) | {
            "clientToken": token.client_token,
            "value": ""
            if self._workshop.settings.hide_token_values
            else self._value(call.reader, credential),
        }

    @gr.ListAccessTokens("read", resource="*")
    def list_access_tokens(self, call: Call, request: gr.ListAccessTokensInput) -> gr.ListAccessTokensOutput:
        """List a view's tokens in order of creation, without values."""
        view = VIEWS.get(call.reader, call.principal.account, request["dnsViewId"])

        def show(token: Token) -> Any:
            found = shelf.find(call.reader, token.id)
            # An operator may have revoked the credential: then there is no token any more.
            return None if found is None else _shown(token, found.credential)

        items, following = self._listing.page(
            call,
            view.id,
            request,
            lambda after, limit: TOKENS.in_parent(call.reader, view.id, after, limit),
            show,
            _FILTERS,
        )
        return {"accessTokens": items, "nextToken": following}

    @gr.UpdateAccessToken("write", resource="access-token/{accessTokenId}")
    def update_access_token(
        self, call: Call, request: gr.UpdateAccessTokenInput
    ) -> gr.UpdateAccessTokenOutput:
        """Rename a token; nothing else of one can change."""
        token, _ = self._held(call.tx, call.principal.account, request["accessTokenId"])
        changed = self._workshop.change(call, TOKENS, token, name=request["name"])
        return {"id": changed.id, "name": changed.name}

    @gr.DeleteAccessToken("write", resource="access-token/{accessTokenId}")
    def delete_access_token(
        self, call: Call, request: gr.DeleteAccessTokenInput
    ) -> gr.DeleteAccessTokenOutput:
        """Revoke a token: the next query with it is refused, on open connections too."""
        token, credential = self._held(call.tx, call.principal.account, request["accessTokenId"])
        self._issuer.revoke(call.tx, credential.id)
        self._workshop.remove(call.tx, token.id)
        return {
            "id": token.id,
            "status": "DELETING",
            "deletedAt": as_datetime(self._workshop.now_ms()),
        }

    def _forget_orphan(self, call: Call, request: gr.CreateAccessTokenInput) -> None:
        """Remove what a client token made before, of which an operator revoked the credential since."""
        client_token = request.get("clientToken", "")
        orphan = TOKENS.made_by(call.tx, call.principal.account, client_token)
        if orphan is not None:
            self._workshop.remove(call.tx, orphan.id)

    def _held(self, reader: Reader, account: str, token_id: str) -> tuple[Token, Credential]:
        """Return a token and its credential. Raises NotFound when either is gone."""
        token = TOKENS.get(reader, account, token_id)
        found = shelf.find(reader, token.id)
        if found is None:
            raise NotFound(TOKENS.type, token_id)
        return token, found.credential

    def _value(self, reader: Reader, credential: Credential) -> str:
        found = shelf.find(reader, credential.id)
        if found is None or found.sealed is None:
            raise NotFound(TOKENS.type, credential.id)
        bound_to = binding(credential.id, credential.account, credential.kind, credential.version)
        return _told(self._seal.open(found.sealed, bound_to))

    def _created(self, token: Token, minted: Minted) -> Any:
        """Return what CreateAccessToken shows, which has neither `updatedAt` nor `globalResolverId`."""
        shown = _shown(token, minted.credential) | {"clientToken": token.client_token, "status": "CREATING"}
        del shown["updatedAt"], shown["globalResolverId"]
        return shown | {"value": _told(minted.secret)}


def _end(request: gr.CreateAccessTokenInput) -> int | None:
    """Return when a token shall end, in milliseconds, to the one that was asked for; None is the kind's default."""
    expires_at = request.get("expiresAt")
    return None if expires_at is None else as_ms(expires_at)


def _told(value: Secret) -> str:
    # Revealed to who may read it: the answer is sent to nobody else, and the journal hides it.
    return value.reveal().decode()


def _replay(request: gr.CreateAccessTokenInput) -> Replay | None:
    client_token = request.get("clientToken")
    return None if client_token is None else Replay(client_token, fingerprint(request))


def _shown(token: Token, credential: Credential) -> Any:
    """Return a token as listings show it. The model has a shape of these members for each operation."""
    return {
        "id": token.id,
        "arn": arn_of(token.account, TOKENS.type, token.id),
        "createdAt": as_datetime(credential.created_at),
        "dnsViewId": token.parent,
        "expiresAt": as_datetime(credential.expires_at or 0),
        "globalResolverId": token.resolver,
        "name": token.name or None,
        "status": token.status,
        "updatedAt": as_datetime(token.updated_at),
    }
