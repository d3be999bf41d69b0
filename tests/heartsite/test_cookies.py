"""One machine, two doors: the cookies of https and of loopback http do not meet."""

from __future__ import annotations

import pytest

from heartsite.serving.cookies import ConnectionCookies


async def exchange(
    *, scheme, cookie=b"", set_cookie=b"sessionid=new; HttpOnly; Path=/", trusted_proxies=0, headers=()
):
    """(the cookie header the application saw, the Set-Cookie the browser gets)"""
    seen = {}

    async def application(scope, receive, send):
        seen.update(dict(scope["headers"]))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Set-Cookie", set_cookie)]})

    sent = []

    async def send(message):
        sent.append(message)

    wrapped = ConnectionCookies(
        application, names={"sessionid", "csrftoken"}, trusted_proxies=trusted_proxies
    )
    scope = {"type": "http", "scheme": scheme, "headers": [(b"cookie", cookie), *headers]}
    await wrapped(scope, None, send)
    return seen[b"cookie"], sent[0]["headers"][0][1]


async def test_loopback_http_is_left_alone():
    assert await exchange(scheme="http", cookie=b"sessionid=a; theme=dark") == (
        b"sessionid=a; theme=dark",
        b"sessionid=new; HttpOnly; Path=/",
    )


async def test_https_reads_and_writes_the_prefixed_name():
    seen, written = await exchange(scheme="https", cookie=b"__Host-sessionid=a; theme=dark")
    assert seen == b"sessionid=a; theme=dark"
    assert written == b"__Host-sessionid=new; HttpOnly; Path=/; Secure"


async def test_a_session_made_on_plain_http_is_not_believed_on_https():
    seen, _ = await exchange(scheme="wss", cookie=b"sessionid=planted; csrftoken=planted; theme=dark")
    assert seen == b"theme=dark"


async def test_other_cookies_become_secure_and_keep_their_name():
    _, written = await exchange(scheme="https", set_cookie=b"theme=dark; Path=/")
    assert written == b"theme=dark; Path=/; Secure"


async def test_a_secure_cookie_is_not_marked_twice():
    _, written = await exchange(scheme="https", set_cookie=b"theme=dark; secure; Path=/")
    assert written == b"theme=dark; secure; Path=/"


@pytest.mark.parametrize(("trusted", "expected"), [(0, b"sessionid=new"), (1, b"__Host-sessionid=new")])
async def test_a_proxys_word_counts_only_when_it_is_trusted(trusted, expected):
    forwarded = [(b"x-forwarded-proto", b"https")]
    _, written = await exchange(scheme="http", trusted_proxies=trusted, headers=forwarded)
    assert written.startswith(expected + b";")
