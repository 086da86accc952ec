"""The headers of a record in Postgres."""

from hypothesis import given
from hypothesis import strategies as st

from alerting_backend.adapters.postgres.stream.stream import decode_headers, encode_headers
from alerting_core.ports.stream import Headers

headers = st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=20)), max_size=6).map(tuple)


@given(headers)
def test_headers_come_back_as_they_were(given_headers: Headers) -> None:
    assert decode_headers(encode_headers(given_headers)) == given_headers
