"""Nothing of the API is handed to a thread: where it also runs, in a browser tab, there is none."""

import inspect
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from alerting_api.app import NOUNS, make_routes


def calls(dependant: Dependant) -> Iterator[object]:
    """Yield what is called to answer a request, dependencies first."""
    for each in dependant.dependencies:
        yield from calls(each)
    yield dependant.call


def is_async(call: object) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)


def test_every_handler_and_dependency_is_a_coroutine() -> None:
    routes = [route for noun in NOUNS for route in noun.router.routes]
    assert sum(isinstance(route, APIRoute) for route in routes) > 40
    for route in routes:
        if isinstance(route, APIRoute):
            assert [call for call in calls(route.dependant) if not is_async(call)] == [], route.path


def test_every_handler_of_errors_is_a_coroutine() -> None:
    app = make_routes()
    ours = {handler for error, handler in app.exception_handlers.items() if handler.__module__.startswith("alerting_")}
    assert len(ours) >= 2
    assert all(inspect.iscoroutinefunction(handler) for handler in ours)
