"""boto3 with a bucket's key: large objects, ranges, copies, 10,000 keys, presigned URLs, races; and where the key ends.

The environment points at an authority as its administrator; `KEYSTEAD` names the command that deactivates a key, and
`SIZE_MIB` how large the large object is.
"""

import hashlib
import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

SIZE_MIB = int(os.environ.get("SIZE_MIB", "64"))
KEYS = 10_000
lightsail = boto3.client("lightsail")


def refused(call, **parameters):
    """Return the code with which a call is refused; None if it is not."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def session_for(bucket):
    """Return a key of a bucket, and a session that has nothing but it."""
    key = lightsail.create_bucket_access_key(bucketName=bucket)["accessKey"]
    return key, boto3.session.Session(key["accessKeyId"], key["secretAccessKey"])


def digest_of(path):
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def status_of(url):
    """Return how a GET of a URL is answered."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


def large_objects(s3, folder):
    """Up in parts, down, by range, copied."""
    sent, received = folder / "sent", folder / "received"
    with sent.open("wb") as file:
        for _ in range(SIZE_MIB):
            file.write(os.urandom(1024 * 1024))
    s3.upload_file(str(sent), "walk-one", "large")
    s3.download_file("walk-one", "large", str(received))
    assert digest_of(sent) == digest_of(received)
    with sent.open("rb") as file:
        file.seek(500_000)
        part = file.read(1000)
    ranged = s3.get_object(Bucket="walk-one", Key="large", Range="bytes=500000-500999")
    assert (ranged["Body"].read(), ranged["ResponseMetadata"]["HTTPStatusCode"]) == (part, 206)
    s3.copy({"Bucket": "walk-one", "Key": "large"}, "walk-one", "copied")
    s3.download_file("walk-one", "copied", str(received))
    assert digest_of(sent) == digest_of(received)
    print(f"{SIZE_MIB} MiB up in parts, down, by range and copied: digests agree")


def many_keys(s3):
    """A list with a delimiter, page by page."""
    names = [f"many/{number % 100:02}/{number:05}" for number in range(KEYS)]
    with ThreadPoolExecutor(16) as workers:
        list(workers.map(lambda name: s3.put_object(Bucket="walk-one", Key=name, Body=b"x"), names))
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="walk-one", Prefix="many/"))
    assert [item["Key"] for page in pages for item in page["Contents"]] == sorted(names)
    folders = s3.list_objects_v2(Bucket="walk-one", Prefix="many/", Delimiter="/")["CommonPrefixes"]
    assert [each["Prefix"] for each in folders] == [f"many/{number:02}/" for number in range(100)]
    print(f"{KEYS} keys on {len(pages)} pages, and as 100 folders")


def broken_bodies(s3):
    """What is not what it says leaves nothing behind."""
    wrong = {"ChecksumSHA256": "A" * 43 + "=", "ContentMD5": "A" * 22 + "=="}
    codes = [refused(s3.put_object, Bucket="walk-one", Key="bad", Body=b"x", **{k: v}) for k, v in wrong.items()]
    assert codes == ["BadDigest", "BadDigest"], codes

    def swap(request, **_):
        request.body = b"forged"

    s3.meta.events.register("before-send.s3.PutObject", swap)
    codes.append(refused(s3.put_object, Bucket="walk-one", Key="bad", Body=b"honest"))
    s3.meta.events.unregister("before-send.s3.PutObject", swap)
    assert codes[-1] is not None
    assert refused(s3.head_object, Bucket="walk-one", Key="bad") == "404"
    print("bodies that are not what they say:", *codes, "and nothing is stored")


def races(s3):
    """One of many writers, two of many keys."""

    def write(number):
        return refused(s3.put_object, Bucket="walk-one", Key="once", Body=b"%d" % number, IfNoneMatch="*")

    with ThreadPoolExecutor(32) as racers:
        ends = list(racers.map(write, range(32)))
        assert ends.count(None) == 1, ends
        assert s3.get_object(Bucket="walk-one", Key="once")["Body"].read() == b"%d" % ends.index(None)
        made = list(
            racers.map(lambda _: refused(lightsail.create_bucket_access_key, bucketName="walk-two"), range(20))
        )
    assert made.count(None) == 2, made
    assert len(lightsail.get_bucket_access_keys(bucketName="walk-two")["accessKeys"]) == 2
    print("32 racing writers: 1 winner; 20 racing key creations: 2 keys")


def where_the_key_ends(key, session):
    """Another bucket, the API, deactivation, deletion."""
    s3 = session.client("s3")
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["walk-one"]
    others = [
        refused(s3.list_objects_v2, Bucket="walk-two"),
        refused(s3.put_object, Bucket="walk-two", Key="k", Body=b"x"),
        refused(s3.list_objects_v2, Bucket="nobody-s"),
        refused(s3.copy_object, Bucket="walk-one", Key="k", CopySource="walk-two/theirs"),
    ]
    assert others == ["AccessDenied"] * 4, others
    assert refused(session.client("iam").list_users) == "InvalidClientTokenId"
    assert refused(session.client("sts").get_caller_identity) == "InvalidClientTokenId"

    s3.put_object(Bucket="walk-one", Key="shown", Body=b"presigned")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "walk-one", "Key": "shown"})
    assert status_of(url) == (200, b"presigned")
    switch = [os.environ.get("KEYSTEAD", "keystead"), "creds"]
    subprocess.run([*switch, "deactivate", key["accessKeyId"]], check=True, capture_output=True)
    asked = {"Bucket": "walk-one", "Key": "shown"}
    off = refused(s3.get_object, **asked), status_of(url)[0]
    subprocess.run([*switch, "activate", key["accessKeyId"]], check=True, capture_output=True)
    assert status_of(url) == (200, b"presigned")
    lightsail.delete_bucket_access_key(bucketName="walk-one", accessKeyId=key["accessKeyId"])
    gone = refused(s3.get_object, **asked), status_of(url)[0]
    assert off == gone == ("InvalidAccessKeyId", 403), (off, gone)
    print("the key opens its bucket alone; deactivated or deleted it opens nothing, nor do URLs that it signed")


def main():
    for bucket in ("walk-one", "walk-two"):
        lightsail.create_bucket(bucketName=bucket, bundleId="large_1_0")
    key, session = session_for("walk-one")
    s3 = session.client("s3")
    with tempfile.TemporaryDirectory() as folder:
        large_objects(s3, Path(folder))
    many_keys(s3)
    broken_bodies(s3)
    races(s3)
    where_the_key_ends(key, session)
    for bucket in ("walk-one", "walk-two"):
        lightsail.delete_bucket(bucketName=bucket, forceDelete=True)
    print(f"boto3 went the whole way with a bucket's key: {boto3.__version__}")


main()
