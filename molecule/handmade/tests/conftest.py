"""This scenario's server is made anew for each kind, by hand."""

import pytest

pytest.register_assert_rewrite("apps", "by_hand", "deployment", "kinds", "server", "support", "taken_over", "visitor")
pytest_plugins = ["operators", "users", "kinds"]
