"""Your agent, as evalplat calls it: a function that takes a question and gives back its answer.

As it stands, `answer` is a small agent without a model, so that everything here works at once: it looks for the
sentence of passages.jsonl that shares most with the question. Put your own in its place; further below is how.
"""

import json
import math
import re
from collections import Counter
from pathlib import Path

from evalplat.harness import traced, traced_tool

PASSAGES = [json.loads(line) for line in Path(__file__).with_name("passages.jsonl").read_text("utf-8").splitlines()]
__fingerprint__ = ["passages.jsonl"]  # files that it reads: a change of one is a change of the agent
COMMON = "a an and are be by can do does for from how i if in is it my of on or that the to what when which with"


def words(text: str) -> set[str]:
    """What a text is about: its words without the common ones and without a plural s."""
    return {word.removesuffix("s") for word in re.findall(r"[a-z0-9]+", text.lower())} - set(COMMON.split())


SPREAD = Counter(word for passage in PASSAGES for word in words(passage["title"] + " " + passage["text"]))


def shared(question: str, text: str) -> float:
    """How much of a question a text accounts for, from 0 to 1; rare words count for more."""
    weight = {word: math.log(1 + len(PASSAGES) / (1 + SPREAD[word])) for word in words(question)}
    return sum(weight[word] for word in weight.keys() & words(text)) / (sum(weight.values()) or 1.0)


@traced_tool
def search(question: str) -> tuple[float, str]:
    """How well the best passage fits a question, from 0 to 1, and its sentence that fits best."""
    found = max(PASSAGES, key=lambda passage: shared(question, passage["title"] + " " + passage["text"]))
    sentence = max(re.split(r"(?<=\.) ", found["text"]), key=lambda text: shared(question, text))
    return shared(question, found["title"] + " " + found["text"]), sentence


@traced
def answer(question: str) -> str:
    """The agent as your users have it: it always says something."""
    _, sentence = search(question)
    return sentence


@traced
def answer_next(question: str) -> str:
    """The agent as you want to change it: it says that it does not know where nothing fits."""
    fits, sentence = search(question)
    return sentence if fits >= 0.34 else "I don't know."


# Your own agent in its place: give `answer` and `answer_next` another body. What `@traced` sees of it (model calls,
# tools, tokens, cost) is in the report, and nothing of it leaves this machine.
#
#   pydantic-ai     desk = Agent("openai-chat:MODEL", instructions="...", defer_model_check=True)
#                   @traced
#                   async def answer(question: str) -> str:
#                       return (await desk.run(question)).output
#
#   openai-agents   desk = Agent("desk", instructions="...", model="MODEL")
#                   @traced
#                   async def answer(question: str) -> str:
#                       return (await Runner.run(desk, question)).final_output
#
#   LangGraph       desk = create_agent("openai:MODEL", tools=[...], system_prompt="...")
#                   @traced
#                   def answer(question: str) -> str:
#                       return desk.invoke({"messages": [("user", question)]})["messages"][-1].content
#
#   over HTTP       no Python at all: `--candidate http://127.0.0.1:8000/answer`; it gets {"input": ...} by POST and
#                   answers {"output": ...}
#   a command       `--candidate "cmd:node agent.mjs"`: the same JSON on standard input and output
