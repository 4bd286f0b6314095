"""s3fs (fsspec): write, append, list, read ranges, move, walk, remove; another bucket refused."""

import hashlib
import os

import s3fs

endpoint, bucket = os.environ["AWS_ENDPOINT_URL"], os.environ["BUCKET"]
fs = s3fs.S3FileSystem(endpoint_url=endpoint, client_kwargs={"region_name": "us-east-1"})
small, large = os.urandom(100), os.urandom(13_000_000)

with fs.open(f"{bucket}/tree/small", "wb") as file:
    file.write(small)
with fs.open(f"{bucket}/tree/deep er/large +%", "wb", block_size=5 * 2**20) as file:
    file.write(large)
fs.touch(f"{bucket}/tree/empty")
assert fs.cat(f"{bucket}/tree/small") == small
with fs.open(f"{bucket}/tree/deep er/large +%", "rb") as file:
    assert hashlib.sha256(file.read()).digest() == hashlib.sha256(large).digest()
    file.seek(12_000_000)
    assert file.read(10) == large[12_000_000:12_000_010]
assert fs.info(f"{bucket}/tree/small")["size"] == 100
assert sorted(fs.find(bucket)) == [
    f"{bucket}/tree/deep er/large +%",
    f"{bucket}/tree/empty",
    f"{bucket}/tree/small",
]
assert fs.isdir(f"{bucket}/tree/deep er")
assert not fs.exists(f"{bucket}/tree/nothing")
fs.mv(f"{bucket}/tree/small", f"{bucket}/moved")
assert fs.cat(f"{bucket}/moved") == small
fs.rm(f"{bucket}/tree", recursive=True)
fs.rm(f"{bucket}/moved")
fs.invalidate_cache()
assert fs.find(bucket) == []
try:
    fs.ls("someone-elses")
except PermissionError:
    pass
else:
    raise AssertionError("another bucket was listed")
print("s3fs went the whole way:", s3fs.__version__)
