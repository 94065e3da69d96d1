"""This scenario's server is used, by everybody who uses one."""

import pytest

pytest.register_assert_rewrite("apps", "deployment", "server", "support", "visitor")
pytest_plugins = ["operators", "users"]
