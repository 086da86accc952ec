"""A provider of mail that fails is left alone for a while, and comes back."""

import asyncio

import pytest

from alerting_core.delivery.circuits import COOL_DOWN_MS_MIN
from tests.integration.transport.mail_servers import Post, carried_by, mail, mail_server, plain, providers
from tests.support.raw_servers import says, serve_raw

pytestmark = pytest.mark.integration


async def test_only_the_first_mail_waits_for_a_server_that_hangs() -> None:
    post = Post()
    async with (
        mail_server(post) as port,
        serve_raw(says(b"")) as raw,
        providers(plain(raw.port), plain(port), request_ms=4_000) as mails,
    ):
        await mails.send(mail())
        for _ in range(10):
            detail = carried_by(await mails.send(mail()))
            assert detail.startswith("carried by second; first is left alone since it failed: the mail server did not")
    assert (raw.connections, len(post.taken)) == (1, 11)


async def test_after_its_rest_one_mail_tries_the_provider_and_the_others_do_not_wait() -> None:
    now_ms, post = 0.0, Post()
    async with (
        mail_server(post) as port,
        serve_raw(says(b"421 busy\r\n")) as raw,
        providers(plain(raw.port), plain(port), clock_ms=lambda: now_ms) as mails,
    ):
        await mails.send(mail())
        now_ms = COOL_DOWN_MS_MIN - 1
        await mails.send(mail())
        assert raw.connections == 1
        now_ms = COOL_DOWN_MS_MIN
        replies = await asyncio.gather(*(mails.send(mail()) for _ in range(10)))
        assert raw.connections == 2
        assert sorted(carried_by(reply).count("is left alone") for reply in replies) == [0] + [1] * 9
    assert len(post.taken) == 12


async def test_a_provider_that_serves_again_is_the_first_again() -> None:
    now_ms, first, second = 0.0, Post(sender="451 later"), Post()
    async with (
        mail_server(first) as one,
        mail_server(second) as other,
        providers(plain(one), plain(other), clock_ms=lambda: now_ms) as mails,
    ):
        await mails.send(mail())
        first.sender = "250 OK"
        assert carried_by(await mails.send(mail())).startswith("carried by second")
        now_ms = COOL_DOWN_MS_MIN
        for _ in range(2):
            assert carried_by(await mails.send(mail())) == "carried by first"
    assert (len(first.taken), len(second.taken)) == (2, 2)


async def test_a_resting_provider_is_asked_when_all_others_have_failed() -> None:
    first, second = Post(sender="451 later"), Post()
    async with (
        mail_server(first) as one,
        mail_server(second) as other,
        providers(plain(one), plain(other)) as mails,
    ):
        await mails.send(mail())
        first.sender, second.sender = "250 OK", "451 later"
        assert carried_by(await mails.send(mail())) == "carried by first; second: 451 later"
    assert (len(first.taken), len(second.taken)) == (1, 1)


async def test_mails_that_wait_for_their_turn_go_elsewhere_when_the_provider_fails_meanwhile() -> None:
    post = Post()
    async with (
        mail_server(post) as port,
        serve_raw(says(b"421 busy\r\n")) as raw,
        providers(plain(raw.port, per_second=0.5), plain(port)) as mails,
    ):
        at_once, two_seconds_later = await asyncio.gather(mails.send(mail()), mails.send(mail()))
    assert carried_by(at_once) == "carried by second; first: the mail server does not serve us now (421)"
    assert carried_by(two_seconds_later) == "carried by second; first: left alone since others have failed there"
    assert (raw.connections, len(post.taken)) == (1, 2)
