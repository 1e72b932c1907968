"""The real embedded model: equal questions get equal answers, whatever else is asked; it ends with its process."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import openai
import pytest
from instruments.ask import ask

from evalplat.errors import DependencyMissing, ModelRefused, ModelUnknown
from evalplat.records import Limits, ModelSettings
from evalplat.runtime.gateway import Gateway, ResponseCache, resolve
from evalplat.runtime.gateway.model_file import SMOLLM2, default_model_file, is_intact

MODEL = ModelSettings(name="embedded", max_tokens=8)
PASSAGES = (
    "The kettle costs 49 euros, boils a litre in three minutes and comes in cream, black and sage green.",
    "Parcels to Lisbon take four days, to Porto five; the carrier asks for a signature at the door.",
)
ASKED = ("What does it cost?", "When?", "Who signs for it?")
#: Those about one passage stand together and share a long beginning.
QUESTIONS = [f"Passage: {passage}\nQuestion: {asked}" for passage in PASSAGES for asked in ASKED]


async def words(gateway: Gateway, question: str) -> tuple[str, list[float]]:
    """The answer and the log-probability of each of its tokens: equal to the last bit, or not the same computation."""
    session = gateway.session(MODEL)
    reply = await session.client.chat.completions.create(
        model=session.model, messages=[{"role": "user", "content": question}], temperature=0, logprobs=True
    )
    (choice,) = reply.choices
    assert choice.logprobs is not None
    return choice.message.content or "", [token.logprob for token in choice.logprobs.content or []]


async def test_the_same_question_gets_the_same_answer_in_any_company() -> None:
    async with Gateway() as gateway:
        # One at a time, about the two passages in turn: nothing that went before helps.
        apart = [at for pair in zip(range(3), range(3, 6), strict=True) for at in pair]
        alone = {at: await words(gateway, QUESTIONS[at]) for at in apart}
        assert len({text for text, _ in alone.values()}) > 3
        # At once, and then again one after the other: those with one beginning follow each other.
        together = await asyncio.gather(*(words(gateway, question) for question in QUESTIONS))
        assert dict(enumerate(together)) == alone
        again = {at: await words(gateway, QUESTIONS[at]) for at in range(3) for _ in range(2)}
        assert again == {at: alone[at] for at in range(3)}


async def test_it_is_an_endpoint_like_any_other(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path / "answers.db")
    async with Gateway(cache=cache) as gateway:
        await gateway.check(MODEL, Limits(max_cost_usd=0.01))
        assert gateway.usage.calls == 1, "its list of models is open to all, so the key is tried by a completion"
        session = gateway.session(MODEL, Limits(max_tokens=2000, max_cost_usd=0.01))
        question = f"{PASSAGES[0]}\nWhat does the kettle cost?"
        answer = await ask(session, question, temperature=0)
        assert "49" in (answer or "")
        assert session.usage.calls == 1
        assert session.usage.output_tokens <= 8
        # What budgets rest on: bytes bound tokens, the template's own included.
        assert 0 < session.usage.input_tokens <= len(question)
        assert session.usage.cost_usd == 0.0
    # Another port after another start would be the same model: the cache knows it by its file.
    endpoint = resolve("embedded")
    assert SMOLLM2.sha256 in endpoint.identity
    assert str(httpx2.URL(endpoint.base_url).port) not in endpoint.identity
    cache.close()


async def test_a_path_to_the_same_file_is_the_same_model() -> None:
    path = default_model_file()
    assert is_intact(path)
    embedded, by_path = resolve("embedded"), resolve(f"gguf:{path}")
    assert (by_path.base_url, by_path.identity) == (embedded.base_url, embedded.identity)


async def test_strangers_on_this_machine_are_refused() -> None:
    endpoint = resolve("embedded")
    for url in endpoint.replicas:
        body = {"model": "x", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
        async with httpx2.AsyncClient() as client:
            assert (await client.post(f"{url}/chat/completions", json=body)).status_code == 401
        assert httpx2.URL(url).host == "127.0.0.1"


async def test_a_prompt_beyond_the_context_says_so() -> None:
    async with Gateway() as gateway:
        session = gateway.session(MODEL)
        with pytest.raises(openai.APIConnectionError):
            await ask(session, "word " * 9000)
        assert isinstance(session.last_error, ModelRefused)
        assert "context" in str(session.last_error)


@pytest.mark.parametrize("content", [b"", b"hello", b"GGUF" + bytes(5000)])
async def test_a_file_that_is_no_model(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    async with Gateway() as gateway:
        with pytest.raises(ModelUnknown, match=r"broken\.gguf"):
            await gateway.check(ModelSettings(name=f"gguf:{path}"))


def test_without_xllamacpp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "any.gguf"
    path.write_bytes(b"GGUF")
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(DependencyMissing, match=r"evalplat\[local\]") as caught:
        resolve(f"gguf:{path}")
    assert caught.value.extra == "local"


def test_it_ends_with_its_process() -> None:
    code = "from evalplat.runtime.gateway import resolve; print(*resolve('embedded').replicas)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    urls = done.stdout.split()
    assert urls
    for url in urls:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(httpx2.URL(url).port or 0))) != 0
