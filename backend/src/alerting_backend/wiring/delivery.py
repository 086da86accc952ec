"""How deliveries go about it, as the settings say."""

from typing import Final

from alerting_backend.settings import Settings
from alerting_core.pipeline.deliver import DeliveryPolicy
from alerting_core.stages.retry import RetrySchedule

DRAIN_MS: Final = 5_000
"""How long deliveries under way may take to end when stopping: it leaves time for the rest within ten seconds."""


def delivery_policy(settings: Settings) -> DeliveryPolicy:
    """Return the policy of this process's sender."""
    schedule = RetrySchedule(settings.retry_schedule, settings.retry_jitter_percent)
    return DeliveryPolicy(schedule=schedule, drain_ms=DRAIN_MS)
