"""Names of the two OWASP lists and of the agentic threats that attacks are mapped to.

OWASP Top 10 for LLM Applications 2025 (LLM01-LLM10), OWASP Top 10 for Agentic Applications 2026 (ASI01-ASI10), OWASP
Agentic AI: Threats and Mitigations 1.1 (T1-T17); genai.owasp.org. Risks of which a conversation with one agent shows
nothing (supply chain, training data, several agents, code execution) are left out.
"""

from __future__ import annotations

from collections.abc import Mapping

LLM: Mapping[str, str] = {
    "LLM01": "Prompt Injection",
    "LLM02": "Sensitive Information Disclosure",
    "LLM05": "Improper Output Handling",
    "LLM06": "Excessive Agency",
    "LLM07": "System Prompt Leakage",
    "LLM10": "Unbounded Consumption",
}
AGENTIC: Mapping[str, str] = {
    "ASI01": "Agent Goal Hijack",
    "ASI02": "Tool Misuse and Exploitation",
    "ASI03": "Identity and Privilege Abuse",
    "ASI06": "Memory & Context Poisoning",
}
THREATS: Mapping[str, str] = {
    "T1": "Memory Poisoning",
    "T2": "Tool Misuse",
    "T3": "Privilege Compromise",
    "T4": "Resource Overload",
    "T6": "Intent Breaking & Goal Manipulation",
    "T9": "Identity Spoofing & Impersonation",
}

FAMILIES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "exfiltration_argument": (("LLM02", "LLM06", "LLM01"), ("ASI02", "ASI01"), ("T2", "T6")),
    "exfiltration_url": (("LLM02", "LLM05", "LLM01"), ("ASI02", "ASI01"), ("T2", "T6")),
    "exfiltration_image": (("LLM05", "LLM02", "LLM01"), ("ASI01",), ("T6",)),
    "privilege_escalation": (("LLM06", "LLM01"), ("ASI03", "ASI01"), ("T3", "T9", "T6")),
    "harmful_action": (("LLM06", "LLM01"), ("ASI02", "ASI01"), ("T2", "T6")),
    "prompt_extraction": (("LLM07", "LLM01"), ("ASI01",), ("T6",)),
    "resource_bomb": (("LLM10", "LLM01"), ("ASI02", "ASI01"), ("T4", "T6")),
    "memory_poisoning": (("LLM01", "LLM06"), ("ASI06", "ASI01"), ("T1", "T6")),
}
"""Goal to what it is in the LLM list, the agentic list and the threats; it is sliced by the first of each."""


def mapped(family: str, carrier: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Ids in the three lists. What a poisoned memory carries is also ASI06 and T1."""
    llm, agentic, threats = FAMILIES[family]
    if carrier == "memory":
        agentic, threats = _with(agentic, "ASI06"), _with(threats, "T1")
    return llm, agentic, threats


def _with(ids: tuple[str, ...], more: str) -> tuple[str, ...]:
    return ids if more in ids else (*ids, more)
