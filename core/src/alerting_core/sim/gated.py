"""A port as a process in a simulated world sees it: the real one behind a `Gate`."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar, cast

from alerting_core.sim.faults import Resource
from alerting_core.sim.gate import Gate
from alerting_core.sim.observations import OBSERVATIONS, ORDINARY, Observation

T = TypeVar("T")


def gated(gate: Gate, port: T, name: str, resource: Resource, *, group: str | None = None) -> T:
    """Return *port* with every call through *gate*; what is noticed of its calls is in `OBSERVATIONS` under *name*.

    Args:
        gate: Of the process that calls.
        port: Whose methods are all asynchronous.
        name: What the port is called in the trace and in the table.
        resource: What is away when the port is.
        group: The consumer group of a stream, whose calls bear its name in the trace.
    """
    return cast("T", _GatedPort(gate, port, name, resource, group))


class _GatedPort:
    def __init__(self, gate: Gate, port: Any, name: str, resource: Resource, group: str | None) -> None:
        self._gate, self._port, self._name, self._resource, self._group = gate, port, name, resource, group

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        """Return the method that passes the gate; Python asks only for those that are not there yet."""
        operation = f"{self._name}.{method}" if self._group is None else f"{method} {self._group}"
        observed = OBSERVATIONS.get(f"{self._name}.{method}", ORDINARY)
        passing = partial(self._pass, getattr(self._port, method), operation, observed)
        setattr(self, method, passing)
        return passing

    async def _pass(
        self,
        method: Callable[..., Awaitable[Any]],
        operation: str,
        observed: Observation,
        /,
        *args: Any,
        **options: Any,
    ) -> Any:
        gate = self._gate

        async def effect_seen() -> Any:
            before = None if observed.before is None else observed.before(gate, *args, **options)
            answer = await method(*args, **options)
            if observed.after is not None:
                observed.after(gate, before, answer, *args, **options)
            return answer

        effect = partial(method, *args, **options) if observed.before is observed.after is None else effect_seen
        if observed.at_call is not None:
            observed.at_call(gate, self._port, *args, **options)
        answer = await gate.call(
            self._resource,
            operation,
            effect,
            weight=observed.weight,
            noted=observed.noted,
            is_commit=observed.is_commit,
        )
        if observed.at_answer is not None:
            observed.at_answer(gate, answer, *args, **options)
        if observed.gives_port and answer is not None:
            return _GatedPort(gate, answer, self._name, self._resource, self._group)
        return answer
