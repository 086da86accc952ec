"""The identity of an alert with a life, the ids of its episodes, and the records made of them."""

from dataclasses import replace

from alerting_core.codec.records import decode_alert, encode_alert
from alerting_core.domain.alert import AlertStatus, check_alert
from alerting_core.domain.episode import (
    EpisodeStatus,
    derive_episode_id,
    fingerprint_of_key,
    fingerprint_of_labels,
    firing_record,
    record_of,
    unpublished_records,
)
from alerting_core.domain.episode_report import apply, expire
from tests.support.catalog import NOW_MS
from tests.support.episodes import LIFE_MS, MINUTE_MS, make_episode, resolved


def test_the_order_of_labels_and_labels_with_an_empty_value_make_no_difference() -> None:
    fingerprint = fingerprint_of_labels({"alertname": "Down", "job": "api"})
    assert fingerprint_of_labels({"job": "api", "alertname": "Down", "zone": ""}) == fingerprint
    assert len(fingerprint) == 32
    assert set(fingerprint) <= set("0123456789abcdef")


def test_no_two_sets_of_labels_and_no_key_have_one_fingerprint() -> None:
    made = [
        fingerprint_of_labels({}),
        fingerprint_of_labels({"a": "b"}),
        fingerprint_of_labels({"ab": "c"}),
        fingerprint_of_labels({"a": "bc"}),
        fingerprint_of_labels({"a": "b", "c": "d"}),
        fingerprint_of_labels({"a": "bcd"}),
        fingerprint_of_labels({"b": "a"}),
        fingerprint_of_labels({"a": "b\0c"}),
        fingerprint_of_labels({"a": "\ud800"}),
        fingerprint_of_key(""),
        fingerprint_of_key("a"),
        fingerprint_of_key("ab"),
    ]
    assert len(set(made)) == len(made)


def test_the_id_of_an_episode_follows_from_its_identity_the_time_and_the_number() -> None:
    assert derive_episode_id("", "f", 1, 1) == derive_episode_id("", "f", 1, 1)
    others = [
        ("acme", "f", 1, 1),
        ("", "g", 1, 1),
        ("", "f", 2, 1),
        ("", "f", 1, 2),
        ("", "f", 11, 1),
        ("", "f", 1, 11),
    ]
    assert len({derive_episode_id(*one) for one in [("", "f", 1, 1), *others]}) == 7


def test_the_record_of_an_open_episode_says_that_it_fires() -> None:
    episode = make_episode(owner="acme", annotations={"summary": "It is slow"})
    record = record_of(episode)
    assert record.annotations == {"summary": "It is slow"}
    assert record == firing_record(episode)
    assert (record.alert_id, record.owner, record.event_ts) == (episode.episode_id, "acme", NOW_MS // 1_000)
    assert (record.status, record.ends_at, record.fingerprint, record.phase) == (
        AlertStatus.FIRING,
        None,
        episode.fingerprint,
        1,
    )
    assert (record.severity, record.source, record.name, record.context) == (
        episode.severity,
        "api",
        "timeout",
        {"region": "eu"},
    )


def test_the_record_of_an_episode_that_is_over_has_the_same_id_and_start_and_says_when_it_ended() -> None:
    episode = make_episode()
    closed = expire(episode, now_ms=NOW_MS + LIFE_MS)
    assert closed is not None
    firing, record = firing_record(episode), record_of(closed)
    assert (record.alert_id, record.event_ts) == (firing.alert_id, firing.event_ts)
    assert (record.status, record.ends_at, record.phase) == (
        AlertStatus.RESOLVED,
        (NOW_MS + LIFE_MS) // 1_000,
        2,
    )
    assert firing_record(closed) == firing


def test_the_records_of_absurd_times_are_sound() -> None:
    episode = make_episode(now_ms=0)
    closed = apply(episode, resolved(), now_ms=0).episode
    assert closed is not None
    for record in (record_of(episode), record_of(closed)):
        assert check_alert(record) == ()
        assert decode_alert(encode_alert(record)) == record


def test_what_the_log_lacks_is_published_in_the_order_of_its_phases() -> None:
    opened = make_episode()
    closed = expire(opened, now_ms=NOW_MS + LIFE_MS)
    assert closed is not None
    corrected = apply(closed, resolved(ends_at_ms=NOW_MS + MINUTE_MS), now_ms=NOW_MS + 2 * LIFE_MS).episode
    assert corrected is not None
    assert corrected.status is EpisodeStatus.ENDED
    assert unpublished_records(opened) == (firing_record(opened),)
    assert unpublished_records(closed) == (firing_record(opened), record_of(closed))
    assert unpublished_records(replace(closed, published_phase=1)) == (record_of(closed),)
    assert unpublished_records(corrected) == (firing_record(opened), record_of(corrected))
    assert unpublished_records(replace(corrected, published_phase=2)) == (record_of(corrected),)
    for published in (replace(opened, published_phase=1), replace(corrected, published_phase=3)):
        assert published.is_published
        assert unpublished_records(published) == ()
