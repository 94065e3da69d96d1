# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom the probes trust; what that means for a connection is tested with each probe."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.trust import trust
from ansible_collections.rarebooks.platform.plugins.module_utils._health.unreachable import endpoint
from tls_support import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "trusted")


def test_an_old_tls_is_refused(authority: Authority) -> None:
    assert trust(str(authority.file)).minimum_version == ssl.TLSVersion.TLSv1_2
    assert trust(None).minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_a_file_that_cannot_be_read_is_named(authority: Authority, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "other.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=f"^ca_file: expected PEM certificates in {file} on the server, got: "):
        trust(str(file))
    with pytest.raises(ValueError, match=f"^trusted: expected PEM certificates in {file} on the server, got: "):
        trust(None, [str(authority.file), str(file)])


def test_others_are_trusted_beside_the_authorities(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    context = trust(str(authority.file), [str(other.file)])
    assert len(context.get_ca_certs()) == 2
    assert len(trust(None, [str(other.file)]).get_ca_certs()) == len(trust(None).get_ca_certs()) + 1


def test_endpoint() -> None:
    assert endpoint("127.0.0.1", 443) == "127.0.0.1:443"
    assert endpoint("::1", 443) == "[::1]:443"
