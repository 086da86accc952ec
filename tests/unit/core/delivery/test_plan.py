"""Who is told about a notification."""

from random import Random

import pytest

from alerting_core import limits
from alerting_core.delivery.hosts import PLACEHOLDER_DOMAINS
from alerting_core.delivery.plan import plan_deliveries
from alerting_core.domain.delivery import DeliveryStatus, Reason, derive_delivery_id
from alerting_core.domain.endpoint import EndpointType
from tests.unit.core.delivery.make import NOW_MS, URL, make_delivery, make_endpoint, make_notification


def test_a_planned_delivery_is_due_at_once() -> None:
    plan = plan_deliveries(make_notification(), [make_endpoint()], now_ms=NOW_MS)
    assert (plan.ref.client_id, plan.ref.notification_id) == ("acme", make_notification().notification_id)
    assert plan.deliveries == (make_delivery(),)


def test_without_an_endpoint_nothing_is_planned() -> None:
    assert plan_deliveries(make_notification(), [], now_ms=NOW_MS).deliveries == ()


def test_the_same_target_is_told_once_and_the_first_endpoint_by_id_wins() -> None:
    endpoints = [make_endpoint("b", rule_id="rule-2"), make_endpoint("a"), make_endpoint("c")]
    (delivery,) = plan_deliveries(make_notification(), endpoints, now_ms=NOW_MS).deliveries
    assert delivery.endpoint_id == "a"


def test_an_enabled_endpoint_is_told_although_a_disabled_one_holds_the_same_target() -> None:
    endpoints = [make_endpoint("a", enabled=False), make_endpoint("b")]
    (delivery,) = plan_deliveries(make_notification(), endpoints, now_ms=NOW_MS).deliveries
    assert (delivery.endpoint_id, delivery.status) == ("b", DeliveryStatus.PENDING)


def test_the_same_url_is_told_by_each_channel() -> None:
    endpoints = [make_endpoint("a"), make_endpoint("b", type=EndpointType.SLACK)]
    deliveries = plan_deliveries(make_notification(), endpoints, now_ms=NOW_MS).deliveries
    assert [delivery.type for delivery in deliveries] == [EndpointType.WEBHOOK, EndpointType.SLACK]
    assert len({delivery.delivery_id for delivery in deliveries}) == 2


def test_each_address_is_a_delivery_of_its_own() -> None:
    endpoints = [
        make_endpoint("a", "ops@acme.dev,night@acme.dev", type=EndpointType.EMAIL),
        make_endpoint("b", "NIGHT@acme.dev, night@ACME.dev", type=EndpointType.EMAIL),
    ]
    deliveries = plan_deliveries(make_notification(), endpoints, now_ms=NOW_MS).deliveries
    assert [(each.endpoint_id, each.target) for each in deliveries] == [
        ("a", "night@acme.dev"),
        ("a", "ops@acme.dev"),
        ("b", "NIGHT@acme.dev"),
    ]
    assert {each.host for each in deliveries} == {"smtp"}


def test_the_order_and_the_ids_do_not_depend_on_the_order_of_the_endpoints() -> None:
    endpoints = [make_endpoint(f"e{number}", f"{URL}/{number % 7}") for number in range(20)]
    notification = make_notification()
    expected = plan_deliveries(notification, endpoints, now_ms=NOW_MS)
    Random(1).shuffle(endpoints)
    assert plan_deliveries(notification, endpoints, now_ms=NOW_MS) == expected
    assert [each.delivery_id for each in expected.deliveries] == [
        derive_delivery_id(notification.notification_id, "webhook", each.target) for each in expected.deliveries
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (EndpointType.WEBHOOK, "https://example.com/x"),
        (EndpointType.WEBHOOK, "https://Hooks.Example.ORG./"),
        (EndpointType.SLACK, "https://a.b.example.net:8443"),
        (EndpointType.WEBHOOK, "http://test.com"),
        (EndpointType.WEBHOOK, "http://ｅｘａｍｐｌｅ．com/"),
        (EndpointType.WEBHOOK, "http://hooks.test"),
        (EndpointType.WEBHOOK, "http://invalid/"),
        (EndpointType.EMAIL, "ops@example.com"),
        (EndpointType.EMAIL, "ops@mail.EXAMPLE"),
        (EndpointType.EMAIL, "ops@nowhere.invalid"),
    ],
)
def test_a_placeholder_domain_is_skipped_with_its_reason(kind: EndpointType, value: str) -> None:
    (delivery,) = plan_deliveries(make_notification(), [make_endpoint("a", value, type=kind)], now_ms=NOW_MS).deliveries
    assert (delivery.status, delivery.reason) == (DeliveryStatus.SKIPPED, Reason.PLACEHOLDER_DOMAIN)
    assert delivery.next_attempt_at_ms is None


@pytest.mark.parametrize(
    "value", ["https://myexample.com", "https://example.com.acme.dev", "https://acme.dev/example.com", "https://latest"]
)
def test_a_name_that_only_looks_like_a_placeholder_is_told(value: str) -> None:
    (delivery,) = plan_deliveries(make_notification(), [make_endpoint("a", value)], now_ms=NOW_MS).deliveries
    assert delivery.status is DeliveryStatus.PENDING


def test_localhost_is_a_placeholder_where_policy_says_so() -> None:
    endpoints = [make_endpoint("a", "http://localhost:9000/in"), make_endpoint("b", "http://inbox.localhost/in")]
    told = plan_deliveries(make_notification(), endpoints, now_ms=NOW_MS)
    assert {each.status for each in told.deliveries} == {DeliveryStatus.PENDING}
    placeholders = PLACEHOLDER_DOMAINS | {"localhost"}
    skipped = plan_deliveries(make_notification(), endpoints, now_ms=NOW_MS, placeholders=placeholders)
    assert {each.reason for each in skipped.deliveries} == {Reason.PLACEHOLDER_DOMAIN}


def test_a_disabled_endpoint_is_skipped_with_its_reason() -> None:
    (delivery,) = plan_deliveries(make_notification(), [make_endpoint(enabled=False)], now_ms=NOW_MS).deliveries
    assert (delivery.status, delivery.reason) == (DeliveryStatus.SKIPPED, Reason.ENDPOINT_DISABLED)


def test_recipients_beyond_the_bound_are_recorded_as_skipped_and_none_is_dropped() -> None:
    most = limits.RECIPIENTS_PER_NOTIFICATION_MAX
    endpoints = [make_endpoint(f"{number:04}", f"{URL}/{number}") for number in range(most + 3)]
    # What is skipped for another reason takes no place from those who are told.
    endpoints[0] = make_endpoint("0000", "https://example.com")
    deliveries = plan_deliveries(make_notification(), endpoints, now_ms=NOW_MS).deliveries
    assert len(deliveries) == most + 3
    assert sum(each.status is DeliveryStatus.PENDING for each in deliveries) == most
    assert [each.reason for each in deliveries[-2:]] == [Reason.TOO_MANY_RECIPIENTS] * 2


def test_another_clients_endpoint_is_never_told() -> None:
    with pytest.raises(AssertionError, match="another client"):
        plan_deliveries(make_notification(), [make_endpoint(client_id="globex")], now_ms=NOW_MS)
