"""This scenario's server has its certificates from an authority that checks; operators deploy, and visitors watch."""

import pytest

pytest.register_assert_rewrite("authority", "browser", "deployment", "operators", "server", "sites", "support", "visitor", "watchers")
pytest_plugins = ["operators", "watchers"]
