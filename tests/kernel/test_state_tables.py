"""State tables allow the steps they list, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.credentials.kind import SWITCHABLE
from keystead.kernel.errors import StepRefused
from keystead.kernel.lifecycle import Lifecycle

ONE_WAY = Lifecycle({"new": frozenset({"old"}), "old": frozenset({"gone"}), "gone": frozenset()})
STATES = list(ONE_WAY.steps)


def test_the_first_state_is_the_one_of_birth():
    assert ONE_WAY.initial == "new"
    assert SWITCHABLE.initial == "Active"


@given(st.sampled_from(STATES), st.sampled_from(STATES))
def test_exactly_the_listed_steps_and_staying_are_allowed(present, wanted):
    if wanted == present or wanted in ONE_WAY.steps[present]:
        ONE_WAY.check(present, wanted)
    else:
        with pytest.raises(StepRefused, match=f"{present} cannot become {wanted}"):
            ONE_WAY.check(present, wanted)


@given(st.sampled_from(STATES), st.text().filter(lambda name: name not in STATES))
def test_an_unknown_state_is_never_reached(present, wanted):
    with pytest.raises(StepRefused):
        ONE_WAY.check(present, wanted)
