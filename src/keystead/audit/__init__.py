"""The journal of what was changed, minted, read and refused: append-only, hash-chained, CloudTrail-shaped."""
