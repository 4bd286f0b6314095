"""The S3 door: where a bucket key is shown. Follows the Amazon S3 API Reference, cited file by file."""
