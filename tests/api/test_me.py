"""Who is calling."""

from alerting_core.domain.client import KeyScope
from tests.api.catalog import Catalog, refusal
from tests.api.world import World


async def test_an_operator_is_told_that_it_may_do_everything(world: World) -> None:
    async with world.http() as http:
        me = (await http.get("/api/v1/me")).json()
    assert (me["is_operator"], me["client_id"], me["name"]) == (True, None, "given admin key")
    assert me["scopes"] == ["admin"]
    assert me["allowed"] == [scope.value for scope in KeyScope]
    assert me["expires_at"] is None


async def test_a_clients_key_of_any_scope_is_told_what_it_may_do(world: World) -> None:
    async with world.http() as http:
        await Catalog(http).client("acme")
    for scope in KeyScope:
        async with world.http(await world.key(scope, client_id="acme")) as http:
            me = (await http.get("/api/v1/me")).json()
        assert (me["is_operator"], me["client_id"], me["scopes"]) == (False, "acme", [scope])
        assert set(me["allowed"]) == (set(KeyScope) if scope is KeyScope.ADMIN else {scope})


async def test_nobody_is_told_without_a_valid_key(world: World) -> None:
    async with world.http(None) as http:
        refusal(await http.get("/api/v1/me"), 401, "unauthenticated")
    async with world.http("alk_not-a-key-of-ours") as http:
        refusal(await http.get("/api/v1/me"), 401, "unauthenticated")
