"""This scenario's server is deployed to from another machine than this one."""

import pytest

pytest.register_assert_rewrite("deployment", "machine", "server", "visitor")
pytest_plugins = ["operators", "machine"]
