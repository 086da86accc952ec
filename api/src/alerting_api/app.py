"""Puts the application together, and completes its OpenAPI document.

Importing this module does nothing; all that a request needs is in the container.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from alerting_api import (
    alerts,
    clients,
    dead_letters,
    endpoints,
    jobs,
    keys,
    metrics,
    notifications,
    prometheus,
    rules,
    sources,
)
from alerting_api.auth import Container
from alerting_api.middleware import BodyLimit, Boundary, KeyUse, SecurityHeaders
from alerting_api.problems import EXPECTED_ERRORS, Problem, answer_error
from alerting_api.route import AnsweredBefore, answer_again

NOUNS: Final = (
    alerts,
    prometheus,
    sources,
    clients,
    rules,
    endpoints,
    notifications,
    keys,
    jobs,
    metrics,
    dead_letters,
)
"""The modules whose routers make up the API, in this order."""

_SCHEMAS: Final = "#/components/schemas/"

_FRAMEWORK_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")

_DESCRIPTION: Final = """\
Alerts come in, are matched against the rules of every client, and go out as e-mail, Slack messages and signed webhooks.

* **Refusals** are problem documents by RFC 9457 with a stable `code` and all that is wrong at once.
* **Lists** are `{items, next_cursor}` in a stable order: pass `next_cursor` back as `cursor` until it is null.
* **Changes** made meanwhile are not overwritten by requests with `If-Match`: 412 instead.
* **Repetitions** of a POST with the same `Idempotency-Key` are answered as before, and nothing is done again.
* **Ids of others** do not exist: 404.
"""

_TAGS: Final = [
    {"name": "alerts", "description": "The way in, and why an alert did or did not notify anybody."},
    {"name": "prometheus", "description": "What a Prometheus server speaks to an Alertmanager."},
    {"name": "sources", "description": "The way in for what other systems send, each on a route of its own."},
    {"name": "clients", "description": "The unit of isolation. A client owns rules, endpoints and notifications."},
    {"name": "rules", "description": "What a client wants to be told about: severity, source and name."},
    {"name": "endpoints", "description": "Where a client wants to be told: e-mail, Slack, or a signed webhook."},
    {"name": "notifications", "description": "What was told to whom, with every delivery and every attempt."},
    {"name": "keys", "description": "Who may call, for which client, and for what."},
    {"name": "generator", "description": "Made-up alerts, for load tests and demos."},
    {"name": "dead-letters", "description": "Records that could not be used, to be looked at and tried again."},
    {"name": "metrics", "description": "The platform's own figures."},
    {"name": "probes", "description": "Whether this process lives, and whether it can work."},
]


def create_app(container: Container) -> FastAPI:
    """Return the ASGI application that serves *container*. It needs no lifespan: nothing is started or stopped here."""
    app = make_routes()
    install(app, container)
    return app


def make_routes(more: Iterable[APIRouter] = ()) -> FastAPI:
    """Return the application, with *more* routes, without anything to serve from: enough to be described."""
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    for router in (*(noun.router for noun in NOUNS), *more):
        app.include_router(router)
    for error in EXPECTED_ERRORS:
        app.add_exception_handler(error, answer_error)
    app.add_exception_handler(AnsweredBefore, answer_again)
    # The last one added is the outermost: every answer gets its id, and all of them their headers.
    for middleware in (BodyLimit, Boundary, SecurityHeaders, KeyUse):
        app.add_middleware(middleware)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def install(app: FastAPI, container: Container) -> None:
    """Let *app* serve *container* from now on."""
    app.state.container = container


def _operation_id(route: APIRoute) -> str:
    first, *others = route.name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title="Alerting platform",
            version="1",
            description=_DESCRIPTION,
            routes=app.routes,
            tags=_TAGS,
        )
        _, problem = models_json_schema([(Problem, "serialization")], ref_template=_SCHEMAS + "{model}")
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(problem["$defs"])
        for operations in document["paths"].values():
            for operation in operations.values():
                _head_with_first_sentence(operation)
                _drop_framework_refusal(operation)
                _tell_scopes_apart(operation)
                _add_examples(operation, schemas)
                for parameter in operation.get("parameters", ()):
                    _drop_null(parameter["schema"])
        for name in _FRAMEWORK_SCHEMAS:
            schemas.pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema


def _drop_framework_refusal(operation: dict[str, Any]) -> None:
    """Take out the 422 that the framework adds for any parameter: text in a path is never refused as such."""
    content = operation["responses"].get("422", {}).get("content", {})
    if "application/json" in content:
        del operation["responses"]["422"]


def _drop_null(schema: dict[str, Any]) -> None:
    """Say of a parameter that may be left out only what it is when it is there: no URL or header can be null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        del schema["anyOf"]
        schema.update({**options[0], **schema})


def _head_with_first_sentence(operation: dict[str, Any]) -> None:
    """Take the first line of a route's docstring for the title, and the rest for the text."""
    title, _, text = operation.get("description", operation["summary"]).partition("\n\n")
    operation["summary"] = title.removesuffix(".")
    operation["description"] = text or title


def _tell_scopes_apart(operation: dict[str, Any]) -> None:
    """Say that one of several scopes is enough: those in one requirement would all be needed."""
    if "security" in operation:
        operation["security"] = [
            {name: [scope]} if scope else {name: []}
            for requirement in operation["security"]
            for name, scopes in requirement.items()
            for scope in scopes or [None]
        ]


def _add_examples(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Show the examples of the models that a body may be at the operation too, where tools look for them."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if "examples" in content:
            continue  # Of a body that is no model.
        found = dict[str, Any]()
        for name, value in _examples(content["schema"], schemas):
            number = sum(known.partition("-")[0] == name for known in found) + 1
            found[name if number == 1 else f"{name}-{number}"] = {"value": value}
        content["examples"] = found


def _examples(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield examples of *schema*, each with the name of its model."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SCHEMAS)
        for example in schemas[name].get("examples", ()):
            yield name, example
    elif "items" in schema:
        for name, example in _examples(schema["items"], schemas):
            yield f"{name}List", [example]
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _examples(option, schemas)
