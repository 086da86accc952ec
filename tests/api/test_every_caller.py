"""Who may call which operation, for every operation of our own OpenAPI document."""

from alerting_core.domain.client import KeyScope
from tests.api.catalog import Catalog, refusal
from tests.api.operations import Operation
from tests.api.stage import *  # noqa: F403 - fixtures
from tests.api.stage import JSON, Stage, every_secured


@every_secured
async def test_without_a_key_nothing_is_told_and_nothing_is_stored(stage: Stage, operation: Operation) -> None:
    before = await stage.world.footprint()
    for sent in ({}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}):
        async with stage.world.http(None, **sent) as http:
            response = await http.request(operation.method, operation.url(stage.ids), content=b"\xff", headers=JSON)
            refusal(response, 401, "unauthenticated")
            assert response.headers["www-authenticate"].startswith('Bearer realm="alerting"')
            # A browser asks a person for a password wherever it is told that one would do.
            assert ("Basic" in response.headers["www-authenticate"]) == operation.is_foreign
    for key in ("alk_wrong", "x" * 10_000, "\N{SNOWMAN}".encode().decode("latin-1")):
        async with stage.world.http(None) as http:
            headers = {"Authorization": f"Bearer {key}".encode("latin-1")}
            response = await http.request(operation.method, operation.url(stage.ids), headers=headers)
            refusal(response, 401, "unauthenticated")
            assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert 401 in operation.statuses
    assert await stage.world.footprint() == before


@every_secured
async def test_a_key_without_the_scope_is_refused(stage: Stage, operation: Operation) -> None:
    others = [scope for scope in KeyScope if scope not in operation.scopes and scope is not KeyScope.ADMIN]
    key = await stage.world.key(*others)
    before = await stage.world.footprint()
    async with stage.world.http(key) as http:
        response = await http.request(operation.method, operation.url(stage.ids), content=b"\xff", headers=JSON)
        refusal(response, 403, "forbidden")
    assert f'scope="{operation.scopes[0]}"' in response.headers["www-authenticate"]
    assert 403 in operation.statuses
    assert await stage.world.footprint() == before


@every_secured
async def test_any_one_of_the_scopes_is_enough(stage: Stage, operation: Operation) -> None:
    for scope in operation.scopes:
        async with stage.world.http(await stage.world.key(scope)) as http:
            response = await http.request(operation.method, operation.url(stage.ids), content=b"\xff", headers=JSON)
        assert response.status_code not in {401, 403}, scope


@every_secured
async def test_another_clients_objects_do_not_exist(stage: Stage, operation: Operation) -> None:
    names = {p["name"] for p in operation.parameters("path")}
    await Catalog(stage.http).client("globex")
    key = await stage.world.key("admin", client_id="globex")
    before = await stage.world.footprint()
    async with stage.world.http(key) as http:
        body = {} if operation.body_schema is None else {"json": operation.valid_body}
        response = await http.request(operation.method, operation.url(stage.ids), **body)
    if response.status_code == 403:  # For operators alone.
        refusal(response, 403, "forbidden")
    elif (names and names != {"alert_id"}) or (isinstance(body.get("json"), dict) and "client_id" in body["json"]):
        refusal(response, 404, "not-found")
    else:  # What belongs to nobody, and lists of what is one's own.
        assert "acme" not in response.text
        return
    assert await stage.world.footprint() == before
