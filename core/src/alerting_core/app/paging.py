"""How much of a list a caller may ask for."""

from alerting_core import limits
from alerting_core.errors import InvalidInput
from alerting_core.ports.paging import PageRequest
from alerting_core.problem import Problem, ProblemCode


def page_request(limit: int | None = None, cursor: str | None = None) -> PageRequest:
    """Return the request for one page. Raises InvalidInput for a *limit* out of range."""
    if limit is None:
        return PageRequest(limits.PAGE_ITEMS_DEFAULT, cursor)
    if not 1 <= limit <= limits.PAGE_ITEMS_MAX:
        raise InvalidInput([Problem("limit", ProblemCode.OUT_OF_RANGE, f"must be 1 to {limits.PAGE_ITEMS_MAX}")])
    return PageRequest(limit, cursor)
