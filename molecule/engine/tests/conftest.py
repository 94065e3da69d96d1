"""This scenario's server has an engine that somebody else set up."""

import pytest

pytest.register_assert_rewrite("deployment", "engine", "operators", "server", "visitor")
pytest_plugins = ["operators"]
