"""Where the figures of all processes are kept, if the settings name a Redis."""

from contextlib import AsyncExitStack

from alerting_backend.adapters.redis.connection import open_redis
from alerting_backend.adapters.redis.figures import FigureKeys, RedisFigures
from alerting_backend.settings import Settings


async def open_figures(settings: Settings, stack: AsyncExitStack) -> RedisFigures | None:
    """Return the board of figures, connected when first used and closed with *stack*; None without a Redis."""
    if settings.redis_url is None:
        return None
    server = await stack.enter_async_context(open_redis(settings.redis_url))
    return RedisFigures(server, FigureKeys(settings.redis_prefix))
