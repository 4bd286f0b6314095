"""`/api/short-urls` and `/goto`: short names of paths in the workspace (facts/grafana.md §8.9).

Whoever is signed in makes and follows them; what they lead to asks for its own permission. A path may never lead
out of its workspace, however it is written, since a client follows it with the workspace's token.
"""

import re
from collections.abc import Sequence
from typing import NoReturn
from urllib.parse import quote, unquote

from keystead.kernel.entropy import Entropy
from keystead.products.grafana.door import item_records as rows
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.roles import SIGNED_IN
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.uids import new_uid

SORT = "short-url"
_LONGEST = 4096
_DEEPEST = 4
"""How often a path may be encoded: a link in a link in a link is enough."""
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_AS_IT_IS = "/?#[]@!$&'()*+,;=:%-._~"


class ShortURLRoutes:
    """Answers for short URLs."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        return [
            Route("POST", "/short-urls", SIGNED_IN, self._create, writes=True),
            Route("GET", "/goto/{uid}", SIGNED_IN, self._follow),
        ]

    def _create(self, ask: Ask) -> Answer:
        path = ask.text("path").strip()
        if not path or len(path) > _LONGEST:
            raise Refusal(400, "bad request data")
        _check(ask, path)
        made = rows.add(ask, SORT, new_uid(self._entropy), "", {"path": path})
        return Answer({"uid": made.uid, "url": f"{ask.root}/goto/{made.uid}?orgId=1"})

    def _follow(self, ask: Ask) -> Answer:
        found = rows.by_uid(ask.reader, ask.workspace.id, SORT, ask.path["uid"])
        if found is None:
            ask.refuse(404, "Not found", "shorturl.not-found", "Not found")
        path: str = found.body["path"]
        # Some clients shorten the whole path of a URL, in which the workspace's own prefix stands already.
        own = ask.base.removeprefix("/") + "/"
        path = path.removeprefix(own) if ask.base else path
        return Answer({"message": "Found"}, 302, f"{ask.base}/{quote(path, safe=_AS_IT_IS)}")


def _check(ask: Ask, path: str) -> None:
    """Raise Refusal 400 unless a path stays in the workspace in every reading of it."""
    texts = [path]
    for _ in range(_DEEPEST):
        texts.append(unquote(texts[-1]))
    if unquote(texts[-1]) != texts[-1]:
        _refuse(ask, "invalid-path", "Invalid short URL path")
    for text in texts:
        steps = re.split(r"[?#]", text)[0].split("/")
        if "../" in text or not {".", ".."}.isdisjoint(steps) or "\\" in text or not text.isprintable():
            _refuse(ask, "invalid-path", "Invalid short URL path")
        if text.startswith("//") or "://" in text or _SCHEME.match(text):
            _refuse(ask, "invalid-path", "Invalid short URL path")
        if text.startswith("/"):
            _refuse(ask, "absolute-path", "Path should be relative")
        if text.startswith("_ws/") and not text.startswith(f"_ws/{ask.workspace.id}/"):
            # Followed at a workspace's own host name it would be another's path.
            _refuse(ask, "invalid-path", "Invalid short URL path")


def _refuse(ask: Ask, word: str, message: str) -> NoReturn:
    ask.refuse(400, message, f"shorturl.{word}", message)
