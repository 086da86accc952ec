"""Whatever an alert holds, it is made fit once and for all."""

from hypothesis import given
from hypothesis import strategies as st

from alerting_core.domain.alert import Alert, Severity, check_alert
from alerting_core.domain.fitting import fitted, named

_TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("\0\ud800\udfff \n")), max_size=8)
_LONG = st.tuples(_TEXTS, st.sampled_from([1, 1, 40, 3_000])).map(lambda one: one[0] * one[1])
_CONTEXTS = st.one_of(
    st.dictionaries(_LONG, _LONG, max_size=6),
    st.integers(60, 90).map(lambda count: {f"label {number}": "x" * 900 for number in range(count)}),
)
ALERTS = st.builds(
    Alert,
    alert_id=_LONG,
    severity=st.sampled_from(Severity),
    source=_LONG,
    name=_LONG,
    event_ts=st.integers(-(1 << 63), (1 << 63) - 1),
    context=_CONTEXTS,
    annotations=_CONTEXTS,
)


@given(ALERTS)
def test_an_alert_that_was_made_fit_is_in_order_and_stays_as_it_is(alert: Alert) -> None:
    fit = fitted(named(alert))
    assert check_alert(fit) == ()
    assert fitted(fit) == fit


@given(ALERTS)
def test_one_that_is_in_order_is_not_touched(alert: Alert) -> None:
    assert bool(check_alert(alert)) or fitted(alert) == alert
