"""The house's own rules, which no common linter knows. `tools/check_house.py` runs them."""
