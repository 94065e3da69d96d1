"""This scenario's server is operated by people who type what they read."""

import pytest

pytest.register_assert_rewrite("deployment", "operators", "printed", "server", "terminal", "visitor")
pytest_plugins = ["operators"]
