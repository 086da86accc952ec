"""Mistakes about alerts that fire and end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alerting_core.codec.records import decode_alert
from alerting_core.domain.alert import Alert
from alerting_core.domain.claim import Claim, Plan
from alerting_core.domain.delivery import Delivery, DeliveryStatus, FollowedDelivery
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.episode import Episode, EpisodeKey, EpisodeStatus
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.ports.episodes import PutResult
from alerting_core.sim.platform import RacingDeliveryStore
from alerting_core.stages.batch import BatchReport, StageName, decode_batch, offsets_after
from alerting_core.stages.ends import EndTelling
from tests.simulation.planted.plant import SimWiring


class TakenForPublished(MemoryEpisodeStore):
    """Takes the firing of an episode for published as soon as it is stored."""

    async def put(self, episodes: Sequence[Episode]) -> Sequence[PutResult]:
        return await super().put([replace(one, published_phase=1) if one.is_open else one for one in episodes])


@dataclass
class _Episodes:
    """A store that an aggregator looks into."""

    store: Any

    async def load(self, keys: Collection[EpisodeKey]) -> Mapping[EpisodeKey, Episode]:
        return await self.store.load(keys)


@dataclass
class NeverOver(_Episodes):
    """Every episode is open, whatever became of it."""

    async def load(self, keys: Collection[EpisodeKey]) -> Mapping[EpisodeKey, Episode]:
        found = await super().load(keys)
        return {key: replace(one, status=EpisodeStatus.OPEN) for key, one in found.items()}


@dataclass
class AlwaysOver(_Episodes):
    """No episode is open."""

    async def load(self, keys: Collection[EpisodeKey]) -> Mapping[EpisodeKey, Episode]:
        found = await super().load(keys)
        return {key: replace(one, status=EpisodeStatus.ENDED) for key, one in found.items()}


def never_over(wiring: SimWiring) -> SimWiring:
    return replace(wiring, ports=replace(wiring.ports, episodes=NeverOver(wiring.ports.episodes)))


def always_over(wiring: SimWiring) -> SimWiring:
    return replace(wiring, ports=replace(wiring.ports, episodes=AlwaysOver(wiring.ports.episodes)))


@dataclass
class EndsAfterCommit:
    """A resolver that commits, and stores then."""

    wiring: SimWiring

    async def step(self) -> BatchReport:
        ports, tuning, stream = self.wiring.ports, self.wiring.tuning, self.wiring.input()
        records = await stream.poll(records_max=tuning.records_max, wait_ms=tuning.wait_ms)
        if records:
            await stream.commit((), offsets_after(records))
            over = [(record, alert) for record, alert in decode_batch(records, decode_alert).good if _is_over(alert)]
            ends = {alert.key: alert.ends_at or 0 for _, alert in over}
            telling = EndTelling(ports.notifications, ports.sink, ports.clock)
            await telling.tell(ends, {alert.key: record for record, alert in over})
        return BatchReport(StageName.RESOLVER, received=len(records))


def _is_over(alert: Alert) -> bool:
    return alert.ends_at is not None


class TellsAhead(RacingDeliveryStore):
    """Says of each end that the target was told of the firing."""

    async def claim_due(self, **asked: Any) -> Sequence[Claim]:
        told = FollowedDelivery(DeliveryStatus.DELIVERED, None, has_arrived=True)
        return [
            claim if claim.delivery.follows is None else replace(claim, followed=told)
            for claim in await super().claim_due(**asked)
        ]


class EndsTwice(RacingDeliveryStore):
    """Plans two deliveries where one ends."""

    async def plan(self, plans: Sequence[Plan], *, now_ms: int) -> int:
        doubled = [
            replace(plan, deliveries=(*plan.deliveries, *(_again(one) for one in plan.deliveries if one.follows)))
            for plan in plans
        ]
        return await super().plan(doubled, now_ms=now_ms)


def _again(delivery: Delivery) -> Delivery:
    return replace(delivery, delivery_id=f"again-{delivery.delivery_id}")


class NoEndsByMail(RacingDeliveryStore):
    """Plans no mail that tells an end."""

    async def plan(self, plans: Sequence[Plan], *, now_ms: int) -> int:
        left = [
            replace(plan, deliveries=tuple(one for one in plan.deliveries if not _is_mailed_end(one))) for plan in plans
        ]
        return await super().plan(left, now_ms=now_ms)


def _is_mailed_end(delivery: Delivery) -> bool:
    return delivery.follows is not None and delivery.type is EndpointType.EMAIL
