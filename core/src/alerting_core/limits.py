"""The bounds that more than one part of the platform keeps, by theme, each with its name and its reason.

Sizes of text are in characters unless the name says bytes. A bound is part of the contract: the API, the stream codecs,
the memory adapters and Postgres all refuse what is beyond it, so that one layer never stores what the next cannot take.
A bound that one module alone knows of stands in that module.
"""

from typing import Final

# Texts and times, wherever they occur.

ID_CHARS_MAX: Final = 255
"""client_id, alert_id, source and name: what the existing producers keep to, and what a B-tree page holds with ease."""

TIME_MS_MAX: Final = 253_402_300_799_999
"""The last millisecond of the year 9999: the latest time that JSON readers and Postgres clients agree on."""

# One alert, and one record of a stream.

CONTEXT_ENTRIES_MAX: Final = 64
"""Labels of one alert. Four times the largest set seen in Prometheus rule collections."""

ANNOTATIONS_MAX: Final = 64
"""Annotations of one alert: as many as labels, since senders that know of no annotations put all into the labels."""

CONTEXT_KEY_CHARS_MAX: Final = 255
"""One name of a label or an annotation."""

CONTEXT_VALUE_CHARS_MAX: Final = 16_384
"""One label or annotation; runbook texts run to a few thousand characters."""

CONTEXT_BYTES_MAX: Final = 65_536
"""All names and values of the labels and annotations of one alert together: it is stored once per notification and sent
once per delivery. One bound for both, so that what a sender moves from one to the other is taken as before."""

RECORD_VALUE_BYTES_MAX: Final = 1_048_576
"""One record of a stream. Kafka's default `message.max.bytes`."""

# The life of an alert.

EPISODE_LIFE_MS: Final = 300_000
"""How long an alert fires whose sender does not say until when: five minutes, as an Alertmanager's resolve_timeout."""

EPISODE_LIFE_MS_MAX: Final = 31 * 24 * 3_600_000
"""What a report may keep an episode open for at most; a later end is cut to it. The sender of an alert that is to stay
open for longer repeats itself within a month."""

EPISODE_SLACK_MS_MAX: Final = 3_600_000
"""What is added to the end that a sender gives who repeats itself, at most, so that not each repetition is written."""

EPISODE_REPORTERS_MAX: Final = 4
"""Starts of one episode that are told apart: a pair of servers, each of which was started anew meanwhile."""

EPISODE_BATCH_MAX: Final = 1_000
"""Episodes that are closed, or published again, at a time."""

EPISODE_UNPUBLISHED_MS: Final = 10_000
"""Age from which a change that is not marked as published is published again: whoever made it has had its time."""

RETIRED_ENDPOINT_KEPT_MS: Final = EPISODE_LIFE_MS_MAX
"""How long an endpoint may be kept that was deleted with its rule, to tell the end of what was told through it: as long
as one report keeps an alert firing."""

# What a client owns.

RULES_PER_CLIENT_MAX: Final = 10_000
"""An edit costs work in proportion to one client's rules; this keeps it under the two-second promise."""

CATCH_ALL_RULES_MAX: Final = 5
"""Rules of all clients together that catch everything, or what is unmatched, disabled ones included. Each adds a
notification to every alert that it meets; five are as much as an alert that meets the rules of five clients, on which
the figures of the benchmarks are taken."""

ENDPOINTS_PER_RULE_MAX: Final = 20
"""Fan-out of one match is bounded by rules × endpoints."""

ADDRESSES_PER_ENDPOINT_MAX: Final = 20
"""One e-mail endpoint; longer lists belong into a mailing list."""

ENDPOINT_VALUE_CHARS_MAX: Final = 2_048
"""A URL; what browsers and proxies agree on."""

DESCRIPTION_CHARS_MAX: Final = 500
"""What a rule or an endpoint is for: a few sentences, which lists and pages show whole."""

HEADERS_PER_ENDPOINT_MAX: Final = 20
"""Custom webhook headers."""

HEADER_CHARS_MAX: Final = 1_024
"""One custom header's name or value."""

# Secrets and keys.

SECRET_BYTES_MIN: Final = 24
SECRET_BYTES_MAX: Final = 64
"""Range that the Standard Webhooks specification asks of a signing secret."""

NEW_SECRET_BYTES: Final = 32
"""A secret made here: as many bits as its HMAC-SHA256 gives out."""

SECRET_OVERLAP_MS: Final = 24 * 3_600_000
"""How long the previous secret keeps signing after a rotation, so that a receiver can change over without a gap."""

KEY_BYTES: Final = 32
"""256 random bits of an API key: beyond any guessing."""

KEY_SHOWN_CHARS: Final = 8
"""Characters of an API key that lists show: enough to tell keys apart, and 208 bits stay secret."""

GIVEN_KEY_CHARS_MIN: Final = 8
"""An operator's key chosen by hand. Short enough for a trial on one's own machine; a generated one has 47."""

# Requests.

BODY_BYTES_MAX: Final = 1_048_576
"""One HTTP request body."""

FOREIGN_BODY_BYTES_MAX: Final = 16_777_216
"""One body on a route where another system's protocol is the contract: it sends all its alerts at once, splits nothing,
and would send the same again."""

BODY_BYTES_PASSED_OVER_MAX: Final = 67_108_864
"""Of a body that is too large, read before it is refused: whoever is cut off while it sends reads no answer."""

ALERTS_PER_REQUEST_MAX: Final = 1_000
"""One POST of alerts: one transaction of well under a second. Of other systems' requests, one piece."""

IDEMPOTENCY_RUNNING_MS_MAX: Final = 120_000
"""Age at which a request that began under an Idempotency-Key and never ended is taken for dead: no request runs so
long, and a retry may take its place."""

IDEMPOTENCY_KEEP_MS: Final = 24 * 3_600_000
"""How long the answer of an Idempotency-Key is kept: longer than any client goes on retrying."""

PAGE_ITEMS_DEFAULT: Final = 50
PAGE_ITEMS_MAX: Final = 200
"""Items of one page of a list."""

CURSOR_CHARS_MAX: Final = 3_000
"""A cursor holds an id and its owner, of 255 characters at most, each at most four bytes, in base64 and JSON."""

BULK_ROWS_MAX: Final = 10_000
"""Rows that a bulk load writes per statement: large enough that a round trip is cheap, small enough for a second."""

JOBS_UNFINISHED_MAX: Final = 100
"""Generator jobs that wait or run: more would be a mistake of a script."""

# What is shown.

PREVIEW_ALERTS_MAX: Final = 5_000
"""Recent alerts that a draft rule is tried against."""

ALERT_NOTIFICATIONS_SHOWN_MAX: Final = 50
"""Notifications of one alert that are shown with it; a popular alert meets a thousand clients."""

DEAD_LETTERS_LOOKED_AT_MAX: Final = 10_000
"""Latest records of one partition of a dead-letter topic that a list looks through: a second or less. What is older can
be looked at on the command line."""

DEAD_LETTER_FIELDS_SHOWN_MAX: Final = 200
"""Of the message in a dead letter: a good one has 143 at most."""

DEAD_LETTER_BYTES_SHOWN_MAX: Final = 8_192
"""Of the value of a dead letter: enough to see what it was meant to be."""

# Steps of the pipeline.

POLL_RECORDS_MAX: Final = 1_000
"""Records a stage takes at once: large enough that a round trip is cheap beside the work, small enough to redo."""

POLL_WAIT_MS: Final = 500
"""How long an idle stage waits for records before it looks at its other duties, such as changed rules."""

OUTPUTS_PER_COMMIT_MAX: Final = 10_000
"""Records one commit publishes; bounds the memory and the transaction of one step whatever the fan-out."""

ENDS_AT_ONCE_MAX: Final = OUTPUTS_PER_COMMIT_MAX
"""Notifications of ends that are stored and published together: as many as one commit leads to of those of firings."""

SWEEP_AFTER_MS: Final = 60_000
"""Age at which an unfinished notification without a delivery under way is driven again."""

SWEEP_BATCH_MAX: Final = 1_000
"""Notifications one sweep takes."""

# Matching, and how rules reach it.

MATCH_CACHE_ENTRIES_MAX: Final = 10_000
"""Distinct (severity, source, name) whose match result an index remembers."""

MATCH_CACHE_CLIENTS_MAX: Final = 500_000
"""Clients in all those results together, about 50 MB: a few popular rules must not make each result a large one."""

RELAY_BATCH_MAX: Final = 500
"""Changes of rules published at once: one that was published and not marked is published again, so a small number."""

RULE_CLIENTS_AT_ONCE_MAX: Final = 20
"""Clients whose rules are read, compared and written together: 200,000 rules at most, some 6,000 as a rule."""

RULE_CHANGES_KEPT_MAX: Final = 10_000
"""Changes of the shared snapshot that readers can still be told; who was away for longer reads it whole."""

SNAPSHOT_BUILD_LEASE_MS: Final = 8_000
"""Pause after which the builder of a snapshot is taken for dead, and another one begins: a part takes some 50 ms."""

# Claims and leases of senders.

CLAIM_DELIVERIES_MAX: Final = 256
"""Deliveries that a sender claims, and outcomes that it records, at a time."""

CLAIM_DELIVERIES_MIN: Final = 32
"""As few as it claims at a time however long that takes, so that a slow store is not asked more often still."""

CLAIM_MS_MAX: Final = 60
"""What a claim may take before the next one is for fewer: it holds the locks of all that it leases."""

HELD_CLAIMS_MAX: Final = 2_048
"""Claims one sender holds at once, sending and waiting for their host's turn; at 64 KiB of labels and annotations each,
128 MiB. What is held is sent while the next is claimed: a sender that holds little waits for Postgres with nothing to
send."""

LEASE_MS: Final = 60_000
"""How long a claim lasts: four times the longest attempt, so that only a dead sender loses one."""

SENDER_ABSENT_MS: Final = 3_000
"""How long a sender must have been absent before its leases are taken back: a living one that was cut off from the
store shows itself again within a second or two."""

ABSENCE_LOOK_MS: Final = 1_000
"""Pause between two looks for senders that are gone: some five seconds after an end the work of one goes on."""

# Attempts.

RECIPIENTS_PER_NOTIFICATION_MAX: Final = 500
"""Deliveries of one notification. Beyond it the rest are recorded as SKIPPED with the reason, never dropped."""

SENDING_MAX: Final = 512
"""Attempts under way from one sender: half of the 1,024 files that a process may have open by default. One client may
have two thirds of them."""

HOST_CONCURRENCY_MAX: Final = 48
"""Attempts under way at one host from one sender, so that a slow host cannot take every slot; 32 of one client."""

TARGET_CONCURRENCY_MAX: Final = 32
"""Attempts under way at one URL of one client: as many as one client may have at its host."""

TARGETS_REMEMBERED_MAX: Final = 10_000
"""Targets of clients whose pace, and whose trouble, one sender remembers, some five megabytes. Those heard of longest
ago are forgotten first: they start anew."""

CONNECT_MS_MAX: Final = 5_000
REQUEST_MS_MAX: Final = 15_000
"""One delivery attempt; the specification's receivers answer within 15 s."""

RESPONSE_BYTES_MAX: Final = 16_384
"""What is kept of an endpoint's answer in the attempt log."""

RETRIES_MAX: Final = 50
"""Steps of a configured retry schedule: each is a row of the attempt log per delivery."""

RETRY_AFTER_MS_MAX: Final = 2 * 3_600_000
"""What Retry-After may ask for beyond the step of the schedule, or before anything is sent again to who is busy: longer
than any limit by the hour takes to be lifted. An alert that comes a day late because its target once said "tomorrow"
helps nobody."""

BUSY_MS_MIN: Final = 24 * 3_600_000
"""How long is waited for a target that is too busy (429), at least, and else for as long as the retry schedule lasts:
it says that it is there, and quotas by the day come back."""

RETRY_STEP_MS_MAX: Final = 7 * 24 * 3_600_000
"""One wait between two attempts; an alert told later than a week after it was due helps nobody."""

BREAKER_HOSTS_MAX: Final = 10_000
"""Hosts in trouble that one sender remembers. Those heard of longest ago are forgotten first, and start anew."""

BREAKER_PROBES_MAX: Final = 3
"""Attempts that test a target or a host at once after it was left alone: one could be unlucky, many would be the old
load."""

# Figures of the stages.

STAGE_OFFLINE_MS: Final = 120_000
"""Silence after which an instance of a stage is called offline: idle stages report many times in that."""

STAGE_RATE_WINDOW_MS: Final = 60_000
"""Time over which a rate is taken: long enough to be calm, short enough to follow a person's question."""

SERIES_BUCKET_MS: Final = 10_000
SERIES_BUCKETS_MAX: Final = 360
"""Ten seconds each, an hour together: what a chart of the last hour has room for; some 20 KB per stage and process."""

CIRCUITS_SHOWN_MAX: Final = 50
"""Hosts in trouble that one sender tells of; more of them are counted."""

INSTANCES_MAX: Final = 500
"""Processes of which figures are kept; those heard of longest ago are forgotten first."""

INSTANCE_KEPT_MS: Final = 3_600_000
"""How long the figures of a process that is silent are kept: as long as charts reach back."""
