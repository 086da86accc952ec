"""The API as Lambda calls it: events of API Gateway in, answers out, on a real Postgres."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from alerting_backend.settings import SettingsInvalid
from alerting_lambdas.api import LambdaApi, handler
from tests.support.postgres.cluster import Cluster

pytestmark = pytest.mark.integration

ADMIN_KEY = "alk_admin-key-of-the-tests"


@dataclass
class Context:
    """What Lambda says of an invocation."""

    function_name: str = "api"
    function_version: str = "1"
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:api"
    memory_limit_in_mb: int = 256
    aws_request_id: str = "8f0b1c7e"
    log_group_name: str = "api"
    log_stream_name: str = "api"
    identity: None = None
    client_context: None = None
    more: dict[str, Any] = field(default_factory=dict)

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def event(method: str, path: str, body: Any = None, *, key: str | None = ADMIN_KEY) -> dict[str, Any]:
    """Return a request as an HTTP API of API Gateway writes it, payload format 2.0."""
    headers = {"host": "api.internal", "content-type": "application/json"}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    path, _, query = path.partition("?")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
        **({} if body is None else {"body": json.dumps(body)}),
    }


@pytest.fixture
def api(embedded_postgres_cluster: Cluster) -> Iterator[LambdaApi]:
    loop = asyncio.new_event_loop()
    database = embedded_postgres_cluster.database()
    address = loop.run_until_complete(database.__aenter__())
    under_test = LambdaApi({"ALERTING_POSTGRES_DSN": address.dsn, "ALERTING_ADMIN_KEY": ADMIN_KEY})
    try:
        yield under_test
    finally:
        under_test.close()
        loop.run_until_complete(database.__aexit__(None, None, None))
        loop.close()


def call(api: LambdaApi, *arguments: Any, **options: Any) -> tuple[int, Any]:
    answer: Mapping[str, Any] = api(event(*arguments, **options), Context())
    return answer["statusCode"], json.loads(answer["body"])


def test_one_process_answers_one_request_after_the_other(api: LambdaApi) -> None:
    status, client = call(api, "POST", "/api/v1/clients", {"client_id": "acme", "name": "Acme"})
    assert (status, client["client_id"]) == (201, "acme")
    rule = {"client_id": "acme", "severity": "CRITICAL", "source": "*", "name": "*"}
    assert call(api, "POST", "/api/v1/rules", rule)[0] == 201
    status, page = call(api, "GET", "/api/v1/rules?client_id=acme&limit=10")
    assert (status, len(page["items"])) == (200, 1)


def test_an_accepted_alert_is_durable_in_the_log_when_the_function_answers(api: LambdaApi) -> None:
    alerts = [{"severity": "LOW", "source": "api", "name": f"slow-{number}"} for number in range(3)]
    for alert in alerts:
        assert call(api, "POST", "/api/v1/alerts", alert)[0] == 202
    status, accepted = call(api, "POST", "/api/v1/alerts", {"alerts": alerts})
    assert (status, accepted["accepted"]) == (202, 3)
    assert api._loop is not None
    assert api._pools is not None
    count = api._loop.run_until_complete(
        api._pools.worker.fetchval("SELECT count(*) FROM stream_records WHERE topic = 'alerts.new'")
    )
    assert count == 6


def test_it_refuses_as_the_server_does(api: LambdaApi) -> None:
    assert call(api, "GET", "/api/v1/clients", key=None)[0] == 401
    status, problem = call(api, "POST", "/api/v1/alerts", {"severity": "LOUD", "source": "", "name": "x"})
    assert status == 422
    assert len(problem["problems"]) == 2


def test_readiness_says_whether_the_database_answers(api: LambdaApi) -> None:
    status, readiness = call(api, "GET", "/readyz", key=None)
    assert status == 200
    assert [check["name"] for check in readiness["checks"]] == ["postgres"]


def test_a_function_without_a_database_says_which_setting_is_missing() -> None:
    with pytest.raises(SettingsInvalid, match="ALERTING_POSTGRES_DSN"):
        LambdaApi({})(event("GET", "/healthz"), Context())


def test_what_lambda_calls_reads_nothing_before_it_is_called() -> None:
    assert isinstance(handler, LambdaApi)
    assert handler._mangum is None
