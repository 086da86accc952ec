"""Builders over HTTP, with boring defaults, and readers of refusals."""

from typing import Any

from httpx import AsyncClient, Response

from alerting_api.dialect import ALERTMANAGER_PATH


class Catalog:
    """Makes clients, rules and endpoints the way a user does."""

    def __init__(self, http: AsyncClient) -> None:
        self._http = http

    async def client(self, client_id: str = "acme") -> dict[str, Any]:
        """Create a client."""
        return await self._created("/api/v1/clients", {"client_id": client_id, "name": "Acme Ltd."})

    async def rule(self, client_id: str = "acme", **changes: Any) -> dict[str, Any]:
        """Create a rule."""
        fields = {"client_id": client_id, "severity": "CRITICAL", "source": "api", "name": "*"}
        return await self._created("/api/v1/rules", fields | changes)

    async def endpoint(self, rule_id: str, **changes: Any) -> dict[str, Any]:
        """Create an endpoint."""
        fields = {"type": "webhook", "value": "https://hooks.acme.io/alerts"}
        return await self._created(f"/api/v1/rules/{rule_id}/endpoints", fields | changes)

    async def _created(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await self._http.post(path, json=body)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created


def refusal(response: Response, status: int, code: str) -> dict[str, Any]:
    """Check that *response* is a problem document of *status* and *code*, and return it.

    Where an Alertmanager's protocol is the contract, it is a text or an object as that one answers, without a code.
    """
    assert response.status_code == status, f"{response.status_code} {response.text[:500]}"
    if response.request.url.path == ALERTMANAGER_PATH:
        return _as_an_alertmanager(response)
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem.keys() == {"type", "title", "status", "code", "detail", "problems", "request_id"}
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:alerting:problem:{code}"
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem


def _as_an_alertmanager(response: Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/json"
    said = response.json()
    if response.status_code in {404, 405, 415}:
        assert said.keys() == {"code", "message"}
        assert said["code"] == response.status_code
        said = said["message"]
    assert isinstance(said, str)
    assert response.headers["x-request-id"] in said
    return {"detail": said}


def problems(response: Response) -> set[tuple[str, str]]:
    """Return (path, code) of all that is wrong with the input, by a 422."""
    return {(p["path"], p["code"]) for p in refusal(response, 422, "invalid-input")["problems"]}
