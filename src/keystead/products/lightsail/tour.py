"""Lightsail's stop on `keystead tour`: a bucket key opens one bucket, and no URL that it signed outlives it."""

import http.client
from urllib.parse import urlsplit

from keystead.products.lightsail.kinds import BUCKET_ACCESS_KEY
from keystead.products.stops import Guide, Response, Shut, Stop

_BUCKET, _OTHER = "tour-photos", "tour-others"
_OBJECT = {"Bucket": _BUCKET, "Key": "hello.txt"}


def _visit(guide: Guide) -> None:
    root = guide.root
    for name in (_BUCKET, _OTHER):
        root.does("lightsail", "create_bucket", lambda _: "done", bucketName=name, bundleId="small_1_0")
    key = root.does("lightsail", "create_bucket_access_key", _shown, bucketName=_BUCKET)["accessKey"]
    key_id, secret = key["accessKeyId"], key["secretAccessKey"]

    holder = guide.caller("holder", key_id, secret)
    holder.does("s3", "put_object", lambda answer: answer["ETag"], **_OBJECT, Body=b"hello")
    holder.does("s3", "get_object", lambda answer: answer["Body"].read().decode(), **_OBJECT)
    holder.is_refused("AccessDenied", "s3", "list_objects_v2", Bucket=_OTHER)
    holder.is_refused("InvalidClientTokenId", "sts", "get_caller_identity")
    impostor = guide.caller("impostor", key_id, secret.swapcase())
    impostor.is_refused("SignatureDoesNotMatch", "s3", "get_object", **_OBJECT)
    guide.is_shut("nobody", "GET without a signature", lambda: _get(guide))

    root.does(
        "lightsail", "delete_bucket_access_key", lambda _: "done", bucketName=_BUCKET, accessKeyId=key_id
    )
    holder.is_refused("InvalidAccessKeyId", "s3", "get_object", **_OBJECT)


def _shown(answer: Response) -> str:
    """Return the key without its secret, which the client alone has now."""
    key = answer["accessKey"]
    return f"{key['accessKeyId']} and a secret of {len(key['secretAccessKey'])} characters, shown this once"


def _get(guide: Guide) -> str:
    """Ask for the object as anybody may. Raises Shut."""
    connection = http.client.HTTPConnection(urlsplit(guide.ready["http"] or "").netloc, timeout=10)
    try:
        connection.request("GET", f"/{_BUCKET}/hello.txt")
        answer = connection.getresponse()
    finally:
        connection.close()
    if answer.status != 200:
        raise Shut(f"HTTP {answer.status}")
    return f"HTTP {answer.status}"


STOPS = [Stop(BUCKET_ACCESS_KEY, "Lightsail.CreateBucketAccessKey", "S3, for its bucket", _visit)]
