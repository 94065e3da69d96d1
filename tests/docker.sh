#!/usr/bin/env bash
# What every test with containers would otherwise make at once with the others: the engine, the images, the registry.
set -euo pipefail
cd "$(dirname "$0")/.."
demo/engine.sh start
.venv/bin/python -m demo.build_images
.venv/bin/python -m demo.registry up
