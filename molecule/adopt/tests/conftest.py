"""This scenario's server was set up by hand."""

import pytest

pytest.register_assert_rewrite("apps", "by_hand", "deployment", "server", "support", "visitor")
pytest_plugins = ["operators", "users", "guests", "evening"]
