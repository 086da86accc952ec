"""If-Match as a parameter of routes."""

from typing import Annotated

from fastapi import Depends, Header

from alerting_core.api import versions


def expected_version(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description="The `ETag` that the object had when it was read, so that a change made meanwhile is not "
            "overwritten (412). Without it, or with `*`, the stored version is taken whatever it is.",
            examples=['"3"'],
        ),
    ] = None,
) -> int | None:
    """Return the version that the caller expects to be stored; None for any."""
    return versions.expected_version(if_match)


ExpectedVersion = Annotated[int | None, Depends(expected_version)]
