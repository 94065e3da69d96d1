"""This scenario's server goes from release to release and back."""

import pytest

pytest.register_assert_rewrite("apps", "deployment", "releases", "server", "support", "visitor")
pytest_plugins = ["operators", "users", "rollbacks"]
