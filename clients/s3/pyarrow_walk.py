"""pyarrow: Parquet written and read through its own S3 client, ranges, selectors, copy, move, remove."""

import os

import pyarrow
import pyarrow.parquet as parquet
from pyarrow import fs

bucket = os.environ["BUCKET"]
s3 = fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"], region="us-east-1")
numbers = pyarrow.table({"n": list(range(100_000)), "text": [f"row {n}" for n in range(100_000)]})
large = os.urandom(12_000_000)

parquet.write_table(numbers, f"{bucket}/table/part-0.parquet", filesystem=s3)
assert parquet.read_table(f"{bucket}/table/part-0.parquet", filesystem=s3).equals(numbers)
assert parquet.read_table(f"{bucket}/table", filesystem=s3, columns=["n"]).num_rows == 100_000
with s3.open_output_stream(f"{bucket}/large") as stream:
    stream.write(large)
with s3.open_input_file(f"{bucket}/large") as file:
    assert file.size() == len(large)
    assert file.read_at(10, 11_000_000) == large[11_000_000:11_000_010]
    file.seek(0)
    assert file.read() == large
s3.copy_file(f"{bucket}/large", f"{bucket}/copied")
s3.move(f"{bucket}/copied", f"{bucket}/moved")
names = sorted(each.path for each in s3.get_file_info(fs.FileSelector(bucket, recursive=True)) if each.is_file)
assert names == [f"{bucket}/large", f"{bucket}/moved", f"{bucket}/table/part-0.parquet"], names
s3.delete_dir_contents(bucket)
assert s3.get_file_info(fs.FileSelector(bucket, recursive=True)) == []
try:
    s3.get_file_info(fs.FileSelector("someone-elses"))
except OSError as error:
    assert "ACCESS_DENIED" in str(error) or "AccessDenied" in str(error), error
else:
    raise AssertionError("another bucket was listed")
print("pyarrow went the whole way:", pyarrow.__version__)
