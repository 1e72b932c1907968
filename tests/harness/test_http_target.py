"""HTTP endpoints as targets, on a real server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from typing import Any

import pytest
from instruments.target_server import Reply, TargetServer

from evalplat.errors import InputError, TargetFailed
from evalplat.harness import HttpTarget
from evalplat.harness.targets.http_rules import backoff_s, retry_after_s
from evalplat.records import Case, Outcome, TrialKey, Usage

CASE = Case(id="c1", input="Größe? \u2028 \x00")
KEY = TrialKey(case_id="c1", trial=2)
UNKNOWN = Usage(calls=1, unknown_usage_calls=1, cost_usd=None)
TOKEN = "Bearer sk-very-secret-0123456789"


async def ask(server: TargetServer, **options: Any) -> Outcome:
    target = HttpTarget(server.url, **options)
    try:
        return await target.answer(CASE, KEY, 77)
    finally:
        await target.aclose()


def failing(*replies: Reply) -> Any:
    """Each reply once, then an answer."""
    left = list(replies)
    return lambda asked, attempt: left.pop(0) if left else "fine"


async def test_asks_and_reads_what_the_protocol_says() -> None:
    full = {
        "output": "42 cm",
        "citations": [{"source_id": "p1", "score": 1.5, "text": "It is 42 cm."}],
        "usage": {"input_tokens": 9, "output_tokens": 3, "cost_usd": 0.001},
    }
    with TargetServer(lambda asked, attempt: full) as server:
        target = HttpTarget(server.url)
        await target.prepare()
        outcome = await target.answer(CASE, KEY, 77)
        await target.aclose()
    assert [request.asked for request in server.log] == [{"input": CASE.input, "case_id": "c1", "trial": 2, "seed": 77}]
    assert server.log[0].headers["content-type"] == "application/json"
    assert outcome.answer is not None
    assert outcome.answer.text == "42 cm"
    assert outcome.answer.citations[0].source_id == "p1"
    assert outcome.usage == Usage(input_tokens=9, output_tokens=3, calls=1, cost_usd=0.001)
    assert target.info.model_dump() | {"fingerprint": ""} == {
        "kind": "http", "ref": server.url, "name": server.url, "fingerprint": "", "spec": None,
    }  # fmt: skip


# -- nobody there ------------------------------------------------------------------------------------------------------


async def test_a_refused_connection_is_said_before_any_trial() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        target = HttpTarget(f"http://127.0.0.1:{taken.getsockname()[1]}/answer")
        with pytest.raises(TargetFailed, match="cannot be reached: ConnectError") as error:
            await target.prepare()
        assert "\n" not in str(error.value)
        await target.aclose()


@pytest.mark.parametrize(
    ("status", "said"), [(401, "EVALPLAT_TARGET_AUTHORIZATION"), (502, "not reached by its gateway")]
)
async def test_a_refused_key_and_a_dead_backend_are_said_before_any_trial(status: int, said: str) -> None:
    with TargetServer(failing(), head=Reply(status=status)) as server:
        target = HttpTarget(server.url)
        with pytest.raises(TargetFailed, match=said):
            await target.prepare()
        await target.aclose()
        assert server.log == []


@pytest.mark.parametrize("head", [Reply(200), Reply(404), Reply(405), Reply(503), Reply(then="nothing")])
async def test_a_server_that_does_not_like_head_is_there_all_the_same(head: Reply) -> None:
    with TargetServer(failing(), head=head) as server:
        target = HttpTarget(server.url)
        await target.prepare()
        assert (await target.answer(CASE, KEY, 1)).answer is not None
        await target.aclose()


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(500, b"<html>\nboom\x00"), "answered 500: <html> boom"),
        (Reply(404), "answered 404"),
        (Reply(400, b'{"detail": "no"}'), 'answered 400: {"detail": "no"}'),
        (Reply(307, headers={"Location": "http://elsewhere.example/"}), "answered 307 to http://elsewhere.example/"),
        (Reply(200, b""), "gave back no JSON"),
        (Reply(204, b""), "gave back no JSON"),
        (Reply(200, b"<html>"), "gave back no JSON"),
        (Reply(200, b'{"output": "a'), "gave back no JSON"),
        (Reply(200, b'{"output": NaN}'), "gave back no JSON"),
        (Reply(200, b'{"output": "\\ud800"}'), "gave back no JSON"),
        (Reply(200, b"[" * 100_000), "gave back no JSON"),
        (Reply(200, b'"just text"'), "gave back a JSON str; expected an object with 'output'"),
        (Reply(200, b'{"text": "x"}'), "gave back ['text']; expected 'output' among them"),
        (Reply(200, b'{"output": 3}'), "output: Input should be a valid string"),
        (Reply(200, b'{"output": "x", "citation": []}'), "unknown field 'citation'; expected 'output'"),
        (Reply(200, b'{"output": "x", "usage": {"input_tokens": "many"}}'), "usage.input_tokens"),
        (Reply(200, b'{"output": "x"}', then="cut"), "broke off: RemoteProtocolError"),
        (Reply(then="nothing"), "broke off: RemoteProtocolError"),
        (Reply(200, b'{"output": "x"}', then="hang"), "gave no whole answer within 0.3 s"),
        (Reply(200, b'{"output": "x"}', delay_s=1.0), "gave no whole answer within 0.3 s"),
        (Reply(200, gzip.compress(b'{"output": "x"}'), {"Content-Encoding": "gzip"}), "compressed"),
        (Reply(200, b'{"output": "' + b"x" * 17_000_000 + b'"}'), "gave back more than 16777216 bytes"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_may_have_been_done_is_not_asked_again(reply: Reply, said: str) -> None:
    with TargetServer(failing(reply)) as server:
        outcome = await ask(server, timeout_s=10 if len(reply.body) > 10_000 else 0.3)
        assert len(server.log) == 1
    assert outcome.failure is not None
    assert outcome.failure.kind == "TargetFailed"
    assert said in outcome.failure.message
    assert server.url in outcome.failure.message
    assert outcome.failure.message.isprintable()
    assert outcome.usage == UNKNOWN


@pytest.mark.parametrize("status", [425, 429, 503])
async def test_what_was_declined_is_asked_again_under_the_same_key(status: int) -> None:
    with TargetServer(failing(Reply(status), Reply(status, headers={"Retry-After": "0"}))) as server:
        outcome = await ask(server)
        keys = [request.headers["idempotency-key"] for request in server.log]
    assert outcome.answer is not None
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert outcome.usage == UNKNOWN + Usage(retries=2)


async def test_retries_end() -> None:
    with TargetServer(lambda asked, attempt: Reply(429, b"slow down", {"Retry-After": "0"})) as server:
        outcome = await ask(server, max_retries=3)
        assert len(server.log) == 4
    assert outcome.failure is not None
    assert "answered 429: slow down" in outcome.failure.message
    assert outcome.usage == Usage(retries=3)  # nothing was done, so nothing was used


async def test_an_endpoint_that_wants_an_hour_is_not_waited_for() -> None:
    with TargetServer(failing(Reply(429, headers={"Retry-After": "3600"}))) as server:
        outcome = await asyncio.wait_for(ask(server), 5)
    assert outcome.failure is not None
    assert len(server.log) == 1


async def test_a_connection_refused_in_the_run_is_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        target = HttpTarget(f"http://127.0.0.1:{taken.getsockname()[1]}/", max_retries=1)
        outcome = await target.answer(CASE, KEY, 1)
        await target.aclose()
    assert outcome.failure is not None
    assert "cannot be reached" in outcome.failure.message
    assert outcome.usage == Usage(retries=1)


def test_backoff_grows_and_is_bounded() -> None:
    from random import Random

    waits = [[backoff_s(attempt, Random(seed)) for seed in range(200)] for attempt in range(9)]
    assert max(waits[0]) <= 0.5 < max(waits[2]) <= 2.0
    assert 25 < max(waits[8]) <= 30
    assert min(waits[8]) < 3  # full jitter


@pytest.mark.parametrize(
    ("value", "seconds"), [(None, None), ("7", 7.0), (" 0 ", 0.0), ("soon", None), ("-1", None), ("1.5", None)]
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value) == seconds


def test_retry_after_as_a_date() -> None:
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    later = retry_after_s("Wed, 21 Oct 2099 07:28:00 GMT")
    assert later is not None
    assert later > 1e9


# -- trials are apart, secrets stay ------------------------------------------------------------------------------------


async def test_keys_differ_by_trial_and_run_and_return_with_the_run() -> None:
    with TargetServer(lambda asked, attempt: "x") as server:
        for scope in ("run-1", "run-2", None, None, "run-1"):
            target = HttpTarget(server.url, scope=scope)
            await target.answer(CASE, KEY, 1)
            await target.answer(CASE, TrialKey(case_id="c1", trial=0), 1)
            await target.aclose()
        keys = [request.headers["idempotency-key"] for request in server.log]
    assert len(set(keys[:8])) == 8
    assert keys[8:] == keys[:2]


async def test_cookies_of_one_trial_do_not_reach_the_next() -> None:
    answer = Reply(200, b'{"output": "x"}', {"Set-Cookie": "session=1; Path=/"})
    with TargetServer(lambda asked, attempt: answer) as server:
        target = HttpTarget(server.url)
        for _ in range(2):
            await target.answer(CASE, KEY, 1)
        await target.aclose()
        assert len(server.log) == 2
        assert all("cookie" not in request.headers for request in server.log)


async def test_the_authorization_is_sent_and_never_kept() -> None:
    def echo(asked: dict[str, Any], attempt: int) -> Reply:
        said = f"you sent {TOKEN}, that is {TOKEN.split()[1]}"
        return Reply(500, said.encode()) if attempt else Reply(body=json.dumps({"output": said}).encode())

    with TargetServer(echo) as server:
        target = HttpTarget(server.url, authorization=TOKEN)
        answered = await target.answer(CASE, KEY, 1)
        failed = await target.answer(CASE, KEY, 1)
        await target.aclose()
        assert [request.headers["authorization"] for request in server.log] == [TOKEN, TOKEN]
    assert answered.answer is not None
    assert answered.answer.text == "you sent [redacted], that is [redacted]"
    for record in (answered, failed, target.info):
        assert "very-secret" not in record.model_dump_json()


@pytest.mark.parametrize(
    "url",
    [
        "http://user:hunter2@host.example/x",
        "https://hunter2@host.example/x",
        "https://host.example/x?api_key=hunter2",
        "https://host.example/x?access-token=hunter2&v=1",
        "https://host.example/x?apikey=hunter2",
        "https://host.example/x?sig=hunter2",
    ],
)
def test_an_url_that_holds_a_secret_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InputError, match="EVALPLAT_TARGET_AUTHORIZATION") as error:
        HttpTarget(url)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("url", ["http://", "http:///path", "http://host:99999/", "http://[::1/x", "http://a\nb/"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        HttpTarget(url)


def test_query_parameters_that_are_no_secret_are_fine() -> None:
    url = "https://host.example/x?version=2&monkey=yes&author=me#part"
    assert HttpTarget(url).info.ref == "https://host.example/x?version=2&monkey=yes&author=me"


def test_a_malformed_authorization_is_refused_without_repeating_it() -> None:
    with pytest.raises(InputError) as error:
        HttpTarget("http://host.example/", authorization="Bearer hunter2\nX-Evil: 1")
    assert "hunter2" not in str(error.value)
