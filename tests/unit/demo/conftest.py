"""Makes what the stand-ins share importable; only what needs nothing but the standard library is tested here."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "demo" / "apps" / "base"))
