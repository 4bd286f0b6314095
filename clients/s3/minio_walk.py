"""minio-py: put, multipart, get ranges, stat, copy, presigned GET and PUT, list, remove many; another bucket refused."""

import hashlib
import io
import os
import urllib.request
from urllib.parse import urlsplit

import minio
import urllib3
from minio.commonconfig import CopySource
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

url, bucket = urlsplit(os.environ["AWS_ENDPOINT_URL"]), os.environ["BUCKET"]
pool = urllib3.PoolManager(ca_certs=os.environ.get("AWS_CA_BUNDLE"))
client = minio.Minio(
    endpoint=url.netloc,
    access_key=os.environ["AWS_ACCESS_KEY_ID"],
    secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
    secure=url.scheme == "https",
    region="us-east-1",
    http_client=pool,
)
small, large = os.urandom(100), os.urandom(12_000_000)


def get(key: str, **members: object) -> bytes:
    answer = client.get_object(bucket_name=bucket, object_name=key, **members)
    try:
        return answer.read()
    finally:
        answer.close()


def put(key: str, body: bytes, length: int, **members: object) -> None:
    client.put_object(
        bucket_name=bucket, object_name=key, data=io.BytesIO(body), length=length, **members
    )


assert client.bucket_exists(bucket_name=bucket)
put("tree/small", small, 100, metadata={"x-amz-meta-site": "lab"})
put("tree/deep er/large +%", large, -1, part_size=5 * 2**20)
assert get("tree/small") == small
assert get("tree/small", offset=10, length=5) == small[10:15]
assert hashlib.sha256(get("tree/deep er/large +%")).digest() == hashlib.sha256(large).digest()
stat = client.stat_object(bucket_name=bucket, object_name="tree/small")
assert (stat.size, stat.metadata["x-amz-meta-site"]) == (100, "lab")
client.copy_object(
    bucket_name=bucket, object_name="copied", source=CopySource(bucket_name=bucket, object_name="tree/small")
)
assert get("copied") == small
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
if url.scheme == "http":
    asked = client.presigned_get_object(bucket_name=bucket, object_name="copied")
    assert opener.open(asked).read() == small
    sent = client.presigned_put_object(bucket_name=bucket, object_name="presigned")
    opener.open(urllib.request.Request(sent, data=b"by url", method="PUT"))
    assert get("presigned") == b"by url"
keys = [each.object_name for each in client.list_objects(bucket_name=bucket, recursive=True)]
assert keys[-2:] == ["tree/deep er/large +%", "tree/small"]
errors = client.remove_objects(bucket_name=bucket, delete_object_list=[DeleteObject(key) for key in keys])
assert list(errors) == []
assert list(client.list_objects(bucket_name=bucket, recursive=True)) == []
try:
    list(client.list_objects(bucket_name="someone-elses"))
except S3Error as error:
    assert error.code == "AccessDenied"
else:
    raise AssertionError("another bucket was listed")
print("minio-py went the whole way:", minio.__version__)
