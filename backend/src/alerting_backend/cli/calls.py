"""Calling a running platform over HTTP."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

from alerting_backend.cli.output import ExitCode, fail

REQUEST_SECONDS_MAX: Final = 30.0
"""One request: a batch of a thousand alerts takes well under a second."""

PATIENCE_SECONDS_MAX: Final = 60.0
"""How long a platform that is away or busy is tried again, as during its restart."""

_PAUSE_SECONDS_MAX: Final = 5.0
_BUSY: Final = frozenset({429, 503})


class Platform:
    """A running platform. Whatever it refuses ends the command, with the reason."""

    def __init__(self, http: httpx.Client, *, as_json: bool) -> None:
        """Call by *http*; tell errors as JSON or in words."""
        self._http = http
        self._as_json = as_json
        self._has_answered = False

    def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Any:
        """Return what is at *path*."""
        return self._answer(lambda: self._http.get(path, params=dict(parameters or {})), patience_s=0)

    def post(self, path: str, body: Any, *, patience_s: float = PATIENCE_SECONDS_MAX) -> Any:
        """Post something that may be posted twice; a platform that is away or busy is tried for *patience_s*."""
        return self._answer(lambda: self._http.post(path, json=body), patience_s=patience_s)

    def pages(self, path: str, parameters: Mapping[str, str | int]) -> Iterator[Any]:
        """Yield every item of a list."""
        cursor: str | None = None
        while True:
            page = self.get(path, parameters if cursor is None else {**parameters, "cursor": cursor})
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _answer(self, call: Callable[[], httpx.Response], *, patience_s: float) -> Any:
        deadline, pause_s = time.monotonic() + patience_s, 0.2
        while True:
            try:
                response = call()
            except httpx.TransportError as error:
                # One that never answered is more likely not there at all than away for a moment.
                if not self._has_answered or time.monotonic() + pause_s > deadline:
                    self._fail_unreachable(error)
            else:
                self._has_answered = True
                if response.is_success:
                    return response.json()
                if response.status_code not in _BUSY or time.monotonic() + pause_s > deadline:
                    self._fail_refused(response)
                pause_s = max(pause_s, _retry_after_s(response))
            time.sleep(min(pause_s, _PAUSE_SECONDS_MAX))
            pause_s = min(pause_s * 2, _PAUSE_SECONDS_MAX)

    def _fail_unreachable(self, error: httpx.TransportError) -> None:
        detail = (
            f"no platform answers at {self._http.base_url} ({type(error).__name__}): "
            "start one with `alerting up`, or name another with --url or ALERTING_URL"
        )
        fail(detail, code="unavailable", exit_code=ExitCode.UNAVAILABLE, as_json=self._as_json)

    def _fail_refused(self, response: httpx.Response) -> None:
        try:
            problem = response.json()
            detail, code = str(problem["detail"]), str(problem["code"])
            lines = [f"{item['path']} {item['detail']}".strip() for item in problem["problems"]]
        except (ValueError, KeyError, TypeError):
            detail, code, lines = f"{self._http.base_url} answered {response.status_code}", "no-platform", []
        if response.status_code == 401:
            detail += ": set ALERTING_KEY or --key to the key that the first start showed"
        exit_code = ExitCode.UNAVAILABLE if response.status_code in _BUSY else _EXITS.get(response.status_code)
        fail(detail, code=code, lines=lines, exit_code=exit_code or ExitCode.FAILED, as_json=self._as_json)


_EXITS: Final = {
    400: ExitCode.USAGE,
    401: ExitCode.REFUSED,
    403: ExitCode.REFUSED,
    404: ExitCode.FAILED,
    409: ExitCode.REFUSED,
    422: ExitCode.USAGE,
}


@contextmanager
def calling(url: str, key: str | None, *, as_json: bool) -> Iterator[Platform]:
    """Yield the platform at *url*."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # No proxy of the environment: it would see the key, and loopback is not behind one.
    with httpx.Client(base_url=url, headers=headers, timeout=REQUEST_SECONDS_MAX, trust_env=False) as http:
        yield Platform(http, as_json=as_json)


def _retry_after_s(response: httpx.Response) -> float:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() and len(value) < 6 else 0.0
