"""What clients call us by is theirs to choose: neither its length nor what it holds may stay with us."""

from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.directory import Directory
from keystead.zones.changes import Changes


class NoReader:
    def one(self, *_):
        raise AssertionError("looked up")


def test_name_longer_than_a_label_is_not_looked_up():
    directory = Directory(NoReader(), Changes(), "localhost")

    assert directory.named("x" * 64 + ".route53globalresolver.localhost") is None


def test_name_that_may_hold_a_token_is_in_no_text_of_an_arrival():
    assert "secret" not in repr(Arrival("DOT", "127.0.0.1", 1, "secret.example"))
