"""Five alerts as they really come: of Kubernetes, of a host, of a certificate, of Falco, and of CloudWatch."""

from typing import Any, Final

from alerting_core.domain.alert import Severity
from alerting_core.domain.notification import Notification, resolved_notification
from tests.unit.core.delivery.make import NOW_MS, make_notification


def _alert(**said: Any) -> Notification:
    return make_notification(
        client_id="payments",
        alert_id="0b3c1f52-7d7e-8a3f-9c61-52f0f5ad1c07",
        fingerprint="9d3f0c1ab2e84f5d8e6a7b1c2d3e4f50",
        rule_ids=("8c5dbd2d-3c4b-4b6e-9a55-0f5a1d4cf3b1",),
        **said,
    )


FIRING: Final = {
    "kubernetes": _alert(
        severity=Severity.MEDIUM,
        source="kube-state-metrics",
        name="KubePodCrashLooping",
        context={
            "alertname": "KubePodCrashLooping",
            "cluster": "prod-eu-1",
            "container": "api",
            "endpoint": "http",
            "instance": "10.42.3.17:8080",
            "job": "kube-state-metrics",
            "namespace": "payments",
            "pod": "api-7c9f8d6b5-x2x8q",
            "prometheus": "monitoring/k8s",
            "reason": "CrashLoopBackOff",
            "service": "kube-state-metrics",
            "severity": "warning",
            "team": "payments",
            "uid": "4b9e1d6e-7d3f-4f55-9a6e-1f7a6a0d3c11",
        },
        annotations={
            "summary": "Pod is crash looping.",
            "description": "Pod payments/api-7c9f8d6b5-x2x8q (api) is in waiting state (reason: CrashLoopBackOff) "
            "on cluster prod-eu-1.\n\nLast lines of the container:\n  panic: dial tcp 10.96.0.12:5432: connect: "
            "connection refused\n  exit status 2",
            "runbook_url": "https://runbooks.prometheus-operator.dev/runbooks/kubernetes/kubepodcrashlooping",
            "dashboard_url": "https://grafana.acme.io/d/k8s-pods?var-namespace=payments&var-pod=api-7c9f8d6b5-x2x8q",
            "generatorURL": "http://prometheus.acme.io:9090/graph?g0.expr=max_over_time%28"
            "kube_pod_container_status_waiting_reason%5B5m%5D%29+%3E%3D+1&g0.tab=1",
        },
    ),
    "host-disk": _alert(
        severity=Severity.CRITICAL,
        source="node",
        name="HostOutOfDiskSpace",
        context={
            "alertname": "HostOutOfDiskSpace",
            "device": "/dev/nvme0n1p1",
            "fstype": "ext4",
            "instance": "db-3.acme.io:9100",
            "job": "node",
            "mountpoint": "/var/lib/postgresql",
            "severity": "critical",
            "team": "storage",
        },
        annotations={
            "summary": "Host out of disk space (instance db-3.acme.io:9100)",
            "description": "Disk is almost full (< 10% left)\n  VALUE = 3.2\n  LABELS = map[device:/dev/nvme0n1p1 "
            "mountpoint:/var/lib/postgresql]",
            "runbook_url": "https://wiki.acme.io/runbooks/disk",
        },
    ),
    "certificate": _alert(
        severity=Severity.HIGH,
        source="blackbox",
        name="SSLCertExpiringSoon",
        context={"instance": "https://shop.acme.io", "job": "blackbox", "severity": "major", "team": "web"},
        annotations={
            "summary": "Certificate of https://shop.acme.io expires in 6 days",
            "description": "Issued by *Let's Encrypt* (R3) for shop.acme.io, www.shop.acme.io.\nRenewal runs from "
            "cron on edge-1; see https://wiki.acme.io/certs#renew and `certbot renew --dry-run`.",
        },
    ),
    "falco": _alert(
        severity=Severity.LOW,
        source="falco",
        name="Terminal shell in container",
        context={
            "container_id": "3ad7b26ded6d",
            "container_image_repository": "docker.io/library/nginx",
            "hostname": "node-12",
            "k8s_ns_name": "web",
            "k8s_pod_name": "nginx-5d7f",
            "priority": "Notice",
            "proc_cmdline": "bash -il",
            "rule": "Terminal shell in container",
            "severity": "information",
            "source": "syscall",
            "tags": "T1059,container,maturity_stable,mitre_execution,shell",
            "user_name": "root",
        },
        annotations={
            "summary": "A shell was spawned in a container with an attached terminal (user=root shell=bash "
            "parent=runc cmdline=bash -il terminal=34816 container_id=3ad7b26ded6d image=docker.io/library/nginx)",
        },
    ),
    "cloudwatch": _alert(
        severity=Severity.HIGH,
        source="cloudwatch",
        name="orders-queue-ApproximateAgeOfOldestMessage-High",
        context={
            "AWSAccountId": "123456789012",
            "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:"
            "orders-queue-ApproximateAgeOfOldestMessage-High",
            "MetricName": "ApproximateAgeOfOldestMessage",
            "Namespace": "AWS/SQS",
            "QueueName": "orders",
            "region": "eu-west-1",
        },
        annotations={
            "description": "Threshold Crossed: 3 out of the last 3 datapoints [1832.0 (02/01/26 03:03:00), 1771.0 "
            "(02/01/26 03:02:00), 1711.0 (02/01/26 03:01:00)] were greater than the threshold (900.0) (minimum 3 "
            "datapoints for OK -> ALARM transition).",
            "console_url": "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
            "#alarmsV2:alarm/orders-queue-ApproximateAgeOfOldestMessage-High",
        },
    ),
}
"""The notifications that they fire, by a name for people."""

RESOLVED: Final = {
    name: resolved_notification(firing, ends_at=firing.event_ts + 3_720 + 7_000 * place, now_ms=NOW_MS + 4_000_000)
    for place, (name, firing) in enumerate(FIRING.items())
}
"""Those that they are resolved."""
