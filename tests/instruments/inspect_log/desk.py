"""The task of desk.eval: inspect-ai 0.3.285, mockllm/model, two epochs; events cut but for those of one sample."""

from __future__ import annotations

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Score, includes, mean, scorer
from inspect_ai.solver import generate, solver, system_message, use_tools
from inspect_ai.tool import tool


@tool
def price():
    async def execute(item: str):
        """Price of an item.

        Args:
            item: What to look up.
        """
        return "4.95" if item == "shipping" else "unknown"

    return execute


@solver
def breaks():
    async def solve(state, generate):
        if state.sample_id == "broken" and state.epoch == 2:
            raise ValueError("the desk is closed")
        return state

    return solve


@scorer(metrics={"polite": [mean()], "short": [mean()]})
def style():
    async def score(state, target):
        return Score(value={"polite": 1, "short": 0.5}, answer=state.output.completion, explanation="by length")

    return score


@task
def desk():
    return Task(
        dataset=MemoryDataset(
            [
                Sample(
                    id="ship", input="How much is standard shipping?", target="4.95", metadata={"topic": "shipping"}
                ),
                Sample(
                    id="who",
                    input="Who founded the shop?",
                    target=["nobody knows", "unknown"],
                    metadata={"topic": "people"},
                ),
                Sample(id="broken", input="Are you open?", target="yes", metadata={"topic": "people"}),
                Sample(id=7, input="A number as id?", target="4.95", metadata={"topic": "shipping"}),
            ],
            name="desk_questions",
        ),
        solver=[breaks(), system_message("You answer for a shop."), use_tools(price()), generate()],
        scorer=[includes(), style()],
        epochs=2,
        fail_on_error=False,
    )
