"""What the plugin asks of the API: a resumed session's token, the session's end, and a signature for its socket.

Follows aws/session-manager-plugin, `src/sessionmanagerplugin/session`. The credentials are those that the CLI would
use: the profile that it was given, or else the environment.
"""

import asyncio
import importlib
from functools import cached_property
from typing import Any

from keystead.kernel.secret import Secret
from keystead.remote import signing
from keystead.remote.link import Gone
from keystead.remote.plugin.arguments import Invocation


class SessionCalls:
    """Calls about one session. Botocore is loaded at the first."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    async def socket_headers(self, url: str) -> dict[str, str]:
        """Return the headers that sign the opening of a socket; none for a presigned URL or without credentials."""
        if "X-Amz-" in url:
            return {}
        return await asyncio.to_thread(self._sign, url)

    async def resume(self) -> tuple[str, Secret]:
        """Return the address and a fresh token of the session. Raises Gone when it is over, OSError."""
        return await asyncio.to_thread(self._resume)

    async def terminate(self) -> None:
        """End the session, as well as can be."""
        await asyncio.to_thread(self._terminate)

    def _sign(self, url: str) -> dict[str, str]:
        found: Any = self._session.get_credentials()
        if found is None:
            return {}
        frozen: Any = found.get_frozen_credentials()
        token = Secret(str(frozen.token).encode()) if frozen.token else None
        keys = signing.Keys(str(frozen.access_key), Secret(str(frozen.secret_key).encode()), token)
        return signing.signed(keys, signing.SESSIONS, self._invocation.region, "GET", url, headers={})

    def _resume(self) -> tuple[str, Secret]:
        errors: Any = importlib.import_module("botocore.exceptions")
        try:
            told: dict[str, Any] = self._client.resume_session(SessionId=self._invocation.session_id)
        except errors.ClientError as error:
            status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status >= 500:
                raise ConnectionError(f"status {status}") from error
            raise Gone(str(error.response["Error"].get("Message", ""))) from error
        except errors.BotoCoreError as error:
            raise ConnectionError(type(error).__name__) from error
        if not told.get("TokenValue"):
            raise Gone("")
        return str(told["StreamUrl"]), Secret(str(told["TokenValue"]).encode())

    def _terminate(self) -> None:
        errors: Any = importlib.import_module("botocore.exceptions")
        try:
            self._client.terminate_session(SessionId=self._invocation.session_id)
        except (errors.ClientError, errors.BotoCoreError):
            return

    # Botocore has no types.
    @cached_property
    def _session(self) -> Any:
        module: Any = importlib.import_module("botocore.session")
        return module.Session(profile=self._invocation.profile or None)

    @cached_property
    def _client(self) -> Any:
        config: Any = importlib.import_module("botocore.config")
        return self._session.create_client(
            "ssm",
            region_name=self._invocation.region or None,
            endpoint_url=self._invocation.endpoint or None,
            config=config.Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}),
        )
