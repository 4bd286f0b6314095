"""A module that is loaded later is not loaded before it is used, and is then the module itself."""

import sys

import pytest

from keystead.kernel.lazily import later


def test_a_module_is_loaded_at_the_first_look_into_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)

    module = later("colorsys")

    assert "colorsys" not in sys.modules
    assert module.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
    assert module.rgb_to_hsv is sys.modules["colorsys"].rgb_to_hsv


def test_a_module_that_does_not_exist_is_an_import_error_at_its_use():
    module = later("keystead.no_such_module")

    with pytest.raises(ImportError):
        module.anything  # noqa: B018
