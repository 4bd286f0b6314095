"""Wrong activation codes: an address may guess some, then has to wait; who is right never waits."""

from keystead.products.ssm.door.guessing import AT_ONCE, REMEMBERED, SECONDS_EACH, Guesses


class Ticking:
    """Monotonic time that a test moves."""

    now = 1000.0

    def epoch(self) -> float:
        return 0.0

    def real_epoch(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return self.now


def test_address_waits_after_so_many_wrong_codes_and_no_other_does() -> None:
    clock = Ticking()
    guesses = Guesses(clock)
    for _ in range(AT_ONCE):
        assert guesses.may_try("192.0.2.1")
        guesses.was_wrong("192.0.2.1")

    assert not guesses.may_try("192.0.2.1")
    assert guesses.may_try("192.0.2.2")
    clock.now += SECONDS_EACH
    assert guesses.may_try("192.0.2.1")
    guesses.was_wrong("192.0.2.1")
    assert not guesses.may_try("192.0.2.1")
    clock.now += SECONDS_EACH * AT_ONCE
    assert guesses.may_try("192.0.2.1")


def test_addresses_of_one_customer_count_together() -> None:
    guesses = Guesses(Ticking())
    for number in range(AT_ONCE):
        guesses.was_wrong(f"2001:db8::{number:x}")

    assert not guesses.may_try("2001:db8::ffff")
    assert guesses.may_try("2001:db8:0:1::1")


def test_what_is_remembered_is_bounded() -> None:
    guesses = Guesses(Ticking())
    for number in range(REMEMBERED + 10):
        guesses.was_wrong(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")

    assert len(guesses._guessers) == REMEMBERED
