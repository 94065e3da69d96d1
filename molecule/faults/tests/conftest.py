"""This scenario's server is deployed to by operators, wrongly."""

import pytest

pytest.register_assert_rewrite("deployment", "operators", "server", "visitor")
pytest_plugins = ["operators"]
