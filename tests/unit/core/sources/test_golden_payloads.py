"""What each source sends, and the alerts that are made of it. See tests/golden/README.md."""

import pytest

from alerting_core.sources.table import SourceName
from tests.golden.payloads import GoldenPayload, payloads

GOLDEN = payloads()


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: f"{golden.source}-{golden.name}")
def test_a_golden_payload_is_read_as_it_was(golden: GoldenPayload) -> None:
    written = golden.written()
    assert written == {key: golden.content[key] for key in written}


@pytest.mark.parametrize("source", SourceName)
def test_every_source_has_a_payload_of_its_documentation_three_odd_ones_and_garbage(source: SourceName) -> None:
    names = [golden.name for golden in GOLDEN if golden.source is source]
    odd = [name for name in names if name.startswith("odd-one")]
    garbage = [name for name in names if name.startswith("garbage")]
    assert len(odd) >= 3
    assert garbage
    assert len(names) > len(odd) + len(garbage)


@pytest.mark.parametrize("golden", [one for one in GOLDEN if one.name.startswith("garbage")], ids=lambda one: one.name)
def test_garbage_is_a_problem_that_names_the_field(golden: GoldenPayload) -> None:
    reading = golden.reading()
    assert not reading.drafts
    assert reading.problems
    assert all(problem.path for problem in reading.problems) or not isinstance(golden.content["payload"], dict)


def test_what_was_triggered_and_what_resolves_it_are_known_by_the_same() -> None:
    known = {(one.source, one.name): [draft.fingerprint for _, draft in one.reading().drafts] for one in GOLDEN}
    for source, firing, resolved in (
        (SourceName.SNS, "cloudwatch-alarm", "cloudwatch-ok"),
        (SourceName.DATADOG, "triggered", "recovered"),
        (SourceName.PAGERDUTY, "trigger", "resolve"),
        (SourceName.SENTRY, "issue-created", "issue-resolved"),
        (SourceName.SENTRY, "metric-alert-critical", "metric-alert-resolved"),
        (SourceName.GRAFANA, "firing", "odd-one-resolved-with-null-values"),
    ):
        assert known[source, firing] == known[source, resolved]
