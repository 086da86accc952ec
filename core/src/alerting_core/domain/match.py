"""An alert met at least one rule of one client."""

from dataclasses import dataclass

from alerting_core.domain.alert import Alert


@dataclass(frozen=True, slots=True)
class Match:
    """One alert and one client with all of that client's matching rules.

    Attributes:
        rule_ids: At least one, the most specific rule first.
    """

    alert: Alert
    client_id: str
    rule_ids: tuple[str, ...]
