"""The rows of what buckets held, one per bucket and day: their only SQL."""

from keystead.store.interface import Reader, Transaction


def put(tx: Transaction, bucket: str, day: int, objects: int, size: int) -> None:
    """Keep what a bucket holds as the day's figures, in place of an earlier look; none of a bucket that is gone."""
    tx.run(
        "INSERT INTO lightsail_bucket_measure (bucket, day, objects, bytes)"
        " SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM lightsail_bucket WHERE id = ?)"
        " ON CONFLICT (bucket, day) DO UPDATE SET objects = excluded.objects, bytes = excluded.bytes",
        (bucket, day, objects, size, bucket),
    )


def between(reader: Reader, bucket: str, start: int, end: int) -> list[tuple[int, int, int]]:
    """Return (day, objects, bytes) of the days from `start` on and before `end`, in order."""
    rows = reader.all(
        "SELECT day, objects, bytes FROM lightsail_bucket_measure"
        " WHERE bucket = ? AND day >= ? AND day < ? ORDER BY day",
        (bucket, start, end),
    )
    return [(day, objects, size) for day, objects, size in rows]


def forget_before(tx: Transaction, day: int) -> int:
    """Drop the figures of days before `day`; return how many."""
    return tx.run("DELETE FROM lightsail_bucket_measure WHERE day < ?", (day,))
