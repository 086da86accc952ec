"""Records when a key was last used, once its request is answered: nobody waits for it, and nobody is refused by it."""

from starlette.types import ASGIApp, Receive, Scope, Send

from alerting_backend.api.principal import PRINCIPAL_KEY, Authenticator, Principal


class KeyUse:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self.app(scope, receive, send)
        principal: Principal | None = scope.get(PRINCIPAL_KEY)
        if principal is not None:
            authenticator: Authenticator = scope["app"].state.authenticator
            await authenticator.note_use(principal)
