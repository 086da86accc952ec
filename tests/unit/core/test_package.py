"""The package as a whole."""

import alerting_core


def test_the_core_package_says_what_may_not_go_in() -> None:
    assert "clock" in (alerting_core.__doc__ or "")
