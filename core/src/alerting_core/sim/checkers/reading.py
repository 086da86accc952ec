"""Records as messages. Several checkers read the same record, so that what was read is remembered."""

from functools import lru_cache
from typing import Final

from alerting_core.codec.alert import decode_alert, decode_match
from alerting_core.codec.notification import decode_notification_ready
from alerting_core.codec.rule import decode_rule_changed

_VALUES_MAX: Final = 4_096
"""More than one world has."""

read_alert = lru_cache(maxsize=_VALUES_MAX)(decode_alert)
read_match = lru_cache(maxsize=_VALUES_MAX)(decode_match)
read_ready = lru_cache(maxsize=_VALUES_MAX)(decode_notification_ready)
read_rule_changed = lru_cache(maxsize=_VALUES_MAX)(decode_rule_changed)
