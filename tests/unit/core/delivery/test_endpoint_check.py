"""What can be saved as an endpoint, and what is said of what cannot."""

from base64 import b64encode

import pytest

from alerting_core import limits
from alerting_core.delivery.hosts import host_of
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.endpoint_check import check_endpoint, new_secret
from alerting_core.errors import ProblemCode
from tests.unit.core.delivery.make import SECRET, URL


def codes(kind: object, value: object, headers: object = None, secret: object = None) -> set[tuple[str, ProblemCode]]:
    return {(problem.path, problem.code) for problem in check_endpoint(kind, value, headers, secret)}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("webhook", "https://hooks.acme.dev/alerts?team=1&x=%20"),
        ("webhook", "http://127.0.0.1:9999"),
        ("webhook", "http://[2001:db8::1]:8080/x"),
        ("webhook", "HTTPS://Hooks.ACME.dev./"),
        ("webhook", "http://my_service:8000/in"),
        ("webhook", "http://localhost/"),
        ("webhook", "https://bücher.acme.dev/"),
        ("slack", "https://hooks.slack.com/services/T000/B000/XXXX"),
        ("email", "ops@acme.dev"),
        ("email", " ops+night@acme.dev , o'neil@Acme.Dev,root@localhost"),
        ("email", "ops@bücher.dev"),
    ],
)
def test_what_people_use_is_accepted(kind: str, value: str) -> None:
    assert check_endpoint(kind, value, None, None) == ()


@pytest.mark.parametrize(
    "value",
    [
        "ftp://acme.dev/",
        "acme.dev/alerts",
        "//acme.dev",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http:///alerts",
        "http://:80/",
        "https://user:pass@acme.dev/",
        "https://@acme.dev/",
        "https://acme.dev\\@evil.dev/",
        "https://acme.dev/#part",
        "https://acme.dev/a b",
        "https://acme.dev/\r\nX-Evil: 1",
        "https://acme.dev/\x7f",
        "https://acme.dev:0/",
        "https://acme.dev:65536/",
        "https://acme.dev:99999999999999999999/",
        "https://acme.dev:+80/",
        "https://acme.dev:８０/",
        "https://acme..dev/",
        "https://-acme.dev/",
        "https://acme.dev-/",
        f"https://{'a' * 64}.dev/",
        f"https://{'a.' * 130}dev/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://256.1.1.1/",
        "http://[::1/",
        "http://[::1]a/",
        "http://[fe80::1%25eth0]/",
        "http://[v1.x]/",
        "http://acme%2edev/",
        "http://℀.dev/",
        "https://acme.dev/größe",
        "https://acme.dev/<script>",
        "https://faß.dev/",
        "https://acme\u2066.dev/",
        "https://acme\u202e.dev/",
        "https://🚨.dev/",
    ],
)
@pytest.mark.parametrize("kind", ["slack", "webhook"])
def test_a_url_that_two_readers_might_read_in_two_ways_is_refused(kind: str, value: str) -> None:
    assert codes(kind, value) == {("value", ProblemCode.INVALID_URL)}


def test_all_that_is_wrong_with_a_url_is_said_at_once() -> None:
    problems = check_endpoint("webhook", "https://me:secret@:70000/ü#x", None, None)
    assert len(problems) == 5
    assert not any("secret" in problem.detail for problem in problems)


@pytest.mark.parametrize(
    "value",
    [
        "ops",
        "@acme.dev",
        "ops@",
        "ops@@acme.dev",
        "a b@acme.dev",
        "ops@acme..dev",
        "ops@[127.0.0.1]",
        "ops@127.0.0.1",
        '"a b"@acme.dev',
        ".ops@acme.dev",
        "ops..night@acme.dev",
        "Ops <ops@acme.dev>",
        "öps@acme.dev",
        f"{'a' * 65}@acme.dev",
        f"ops@{'a.' * 124}dev",
        "ops@acme.dev;night@acme.dev",
        "ops@faß.dev",
    ],
)
def test_what_is_no_address_is_refused(value: str) -> None:
    assert codes("email", value) == {("value", ProblemCode.INVALID_ADDRESS)}


@pytest.mark.parametrize("value", ["ops@acme.dev\r\nBcc: all@acme.dev", "ops@acme.dev\n,x@acme.dev", "o\tps@acme.dev"])
def test_line_breaks_cannot_be_smuggled_into_mail_headers(value: str) -> None:
    assert ("value", ProblemCode.CONTROL_CHARACTER) in codes("email", value)


def test_an_email_endpoint_has_at_least_one_address_and_a_bounded_number() -> None:
    assert codes("email", " , ,") == {("value", ProblemCode.EMPTY)}
    enough = [f"a{number}@acme.dev" for number in range(limits.ADDRESSES_PER_ENDPOINT_MAX)]
    assert codes("email", ",".join([*enough, enough[0]])) == set()
    assert codes("email", ",".join([*enough, "one@more.dev"])) == {("value", ProblemCode.TOO_MANY)}


@pytest.mark.parametrize("kind", ["email", "slack", "webhook"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, ProblemCode.WRONG_TYPE),
        (["https://acme.dev"], ProblemCode.WRONG_TYPE),
        ("", ProblemCode.EMPTY),
        ("  ", ProblemCode.EMPTY),
        (URL + "a" * limits.ENDPOINT_VALUE_CHARS_MAX, ProblemCode.TOO_LONG),
    ],
)
def test_a_value_is_text_of_bounded_length(kind: str, value: object, code: ProblemCode) -> None:
    assert codes(kind, value) == {("value", code)}


@pytest.mark.parametrize("kind", ["email", "webhook"])
@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_text_that_cannot_be_stored_is_refused(kind: str, character: str) -> None:
    assert {ProblemCode.NUL_CHARACTER, ProblemCode.NOT_UTF8} & {code for _, code in codes(kind, f"a@b{character}.dev")}


def test_an_unknown_type_is_refused_together_with_everything_else() -> None:
    assert codes("pager", "", {"a b": "1"}, "x") == {
        ("type", ProblemCode.UNKNOWN_VALUE),
        ("value", ProblemCode.EMPTY),
        ("headers.a b", ProblemCode.INVALID_HEADER),
        ("secret", ProblemCode.INVALID_SECRET),
    }
    assert ("type", ProblemCode.WRONG_TYPE) in codes(None, URL)


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer abc"}, {"X-Team": ""}, {"x!#$%&'*+.^_`|~9": "a\tb c"}]
)
def test_a_webhook_may_have_headers_of_its_own(headers: dict[str, str]) -> None:
    assert codes("webhook", URL, headers, SECRET) == set()


@pytest.mark.parametrize(
    "headers",
    [
        {"X Team": "1"},
        {"": "1"},
        {"X-Team:": "1"},
        {"X-Tëam": "1"},
        {"X-Team\r\n": "1"},
        {"X-Team": "1\r\nHost: evil.dev"},
        {"X-Team": "1\n"},
        {"X-Team": "a\0b"},
        {"X-Team": " 1"},
        {"X-Team": "größe"},
        {"Webhook-Id": "1"},
        {"webhook-anything": "1"},
        {"Content-Type": "text/plain"},
        {"CONTENT-LENGTH": "1"},
        {"Host": "evil.dev"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "close"},
        {"X-Team": "1", "x-team": "2"},
        {"x-team": "1", "X-Team": "2"},
    ],
)
def test_a_header_that_could_change_the_request_is_refused(headers: dict[str, str]) -> None:
    assert {code for _, code in codes("webhook", URL, headers)} == {ProblemCode.INVALID_HEADER}


def test_headers_are_text_to_text_bounded_in_number_and_size() -> None:
    assert codes("webhook", URL, [("a", "b")]) == {("headers", ProblemCode.WRONG_TYPE)}
    assert codes("webhook", URL, {"a": 1}) == {("headers.a", ProblemCode.WRONG_TYPE)}
    assert codes("webhook", URL, {1: "a"}) == {("headers", ProblemCode.WRONG_TYPE)}
    assert codes("webhook", URL, {"a": "b" * (limits.HEADER_CHARS_MAX + 1)}) == {("headers.a", ProblemCode.TOO_LONG)}
    many = {f"x-{number}": "" for number in range(limits.HEADERS_PER_ENDPOINT_MAX + 1)}
    assert codes("webhook", URL, many) == {("headers", ProblemCode.TOO_MANY)}


@pytest.mark.parametrize(("kind", "value"), [("email", "ops@acme.dev"), ("slack", URL)])
def test_only_a_webhook_has_headers_and_a_secret(kind: str, value: str) -> None:
    assert codes(kind, value, {}, None) == set()
    assert codes(kind, value, {"X-Team": "1"}, SECRET) == {
        ("headers", ProblemCode.UNKNOWN_FIELD),
        ("secret", ProblemCode.UNKNOWN_FIELD),
    }


@pytest.mark.parametrize(
    "secret",
    [
        7,
        "",
        "whsec_",
        b64encode(bytes(32)).decode(),
        "whsec_" + b64encode(bytes(23)).decode(),
        "whsec_" + b64encode(bytes(65)).decode(),
        "whsec_" + b64encode(bytes(32)).decode().rstrip("="),
        "whsec_" + b64encode(bytes(32)).decode() + "\n",
        "whsec_" + "!" * 44,
        "whsec_" + "ä" * 44,
        "whsec_" + "A" * 100_000,
    ],
)
def test_a_secret_is_the_base64_of_24_to_64_bytes(secret: object) -> None:
    assert len(codes("webhook", URL, None, secret)) == 1


@pytest.mark.parametrize("size", [24, 25, 32, 64])
def test_a_new_secret_is_a_valid_one(size: int) -> None:
    assert codes("webhook", URL, None, new_secret(bytes(range(size)))) == set()


def test_no_problem_repeats_a_secret() -> None:
    problems = check_endpoint("webhook", URL, {"Authorization": "hunter2\r\n"}, "whsec_hunter2")
    assert len(problems) == 2
    assert "hunter2" not in repr(problems)


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("https://Hooks.ACME.dev/x", "hooks.acme.dev:443"),
        ("https://hooks.acme.dev.:443", "hooks.acme.dev:443"),
        ("http://hooks.acme.dev", "hooks.acme.dev:80"),
        ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
        ("http://[2001:DB8:0::1]:8080/", "[2001:db8::1]:8080"),
        ("https://bücher.dev/", "xn--bcher-kva.dev:443"),
        ("https://ｂücher。dev/", "xn--bcher-kva.dev:443"),
        ("no url at all", "unreadable"),
    ],
)
def test_one_host_is_counted_under_one_name(target: str, host: str) -> None:
    assert host_of(EndpointType.WEBHOOK, target) == host
    assert host_of(EndpointType.SLACK, target) == host


def test_all_mail_is_counted_under_one_name() -> None:
    assert host_of(EndpointType.EMAIL, "ops@acme.dev") == host_of(EndpointType.EMAIL, "x@other.dev") == "smtp"
