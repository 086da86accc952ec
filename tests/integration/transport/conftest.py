"""An emulator of Amazon SES for the tests of a module, and the credentials that it takes."""

from collections.abc import Iterator

import pytest

from tests.integration.transport.ses_emulator import ses_emulator


@pytest.fixture
def ses_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """Return the address of an emulator."""
    with ses_emulator() as url:
        yield url
