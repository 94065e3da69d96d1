"""This scenario's server sees controllers die, and dies itself."""

import pytest

pytest.register_assert_rewrite("deployment", "server", "visitor")
pytest_plugins = ["operators", "controllers"]
