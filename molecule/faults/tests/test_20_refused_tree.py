"""Templates that render, but to something nginx or Compose will not have: the live tree is not touched, the sites serve on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from operators import Deployer
from visitor import Visitor

TREES: dict[str, tuple[dict[str, Any], str, str]] = {
    "nginx": (
        {"maymessenger_media": [{"volume": "maymessenger_audio", "path": "/app/wwwroot/audio", "location": "/health"}]},
        "nginx accepts its configuration, in the proxy's own image and network",
        'duplicate location "/health" in /etc/nginx/sites/maymessenger.conf:',
    ),
    "compose": (
        {"maymessenger_backend_probe_timing": {"retries": -1}},
        "Docker Compose accepts the project",
        "cannot parse 'services[maymessenger_backend].healthcheck.retries', -1 overflows uint",
    ),
}


@pytest.mark.parametrize("validate", TREES)
def test_a_refused_tree(validate: str, refused: Deployer, visitor: Callable[[], Visitor]) -> None:
    variables, validator, words = TREES[validate]
    with visitor() as somebody:
        done = refused(variables, "--diff", "-v")
    somebody.assert_served(at_least=10)
    (result,) = done.results()
    assert result["validator"] == validator and result["rc"] != 0 and words in result["stderr"]
    message = done.message()
    assert message.startswith(f"The new tree for /opt/rarebooks was refused. Validator: {validator}. Expected it to exit 0, got ")
    assert words in message and message.endswith("then run again. The live tree was not touched.")
    assert done.recap()["changed"] == 0
