"""What buckets hold: bodies as blobs under opaque ids, everything else as rows, joined in one commit."""
