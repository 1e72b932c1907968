"""What Fernhill sells today: the goods of passages.jsonl, with stock by size."""

from __future__ import annotations

from typing import Any

PRODUCTS: dict[str, dict[str, Any]] = {
    "heron": {"name": "Heron tent", "kind": "tent", "price_cents": 25_900, "stock": {"one": 14}},
    "curlew": {"name": "Curlew family tent", "kind": "tent", "price_cents": 54_900, "stock": {"one": 3}},
    "stoat": {"name": "Stoat sleeping bag", "kind": "sleeping", "price_cents": 18_900, "stock": {"one": 6}},
    "drift": {"name": "Drift sleeping mat", "kind": "sleeping", "price_cents": 9_900, "stock": {"one": 0}},
    "ridgeline": {"name": "Ridgeline backpack", "kind": "backpack", "price_cents": 17_900, "stock": {"one": 9}},
    "ember": {"name": "Ember stove", "kind": "stove", "price_cents": 4_600, "stock": {"one": 22}},
    "glint": {"name": "Glint headlamp", "kind": "lamp", "price_cents": 5_200, "stock": {"one": 40}},
    "moorland": {
        "name": "Moorland boots",
        "kind": "shoes",
        "price_cents": 19_500,
        "stock": {"37": 2, "38": 4, "39": 0, "40": 3, "41": 5, "42": 4, "43": 1, "44": 2},
    },
    "squall": {
        "name": "Squall rain jacket",
        "kind": "clothes",
        "price_cents": 16_500,
        "stock": {"S": 5, "M": 7, "L": 3, "XL": 0},
    },
    "tarn": {"name": "Tarn bottle", "kind": "bottle", "price_cents": 2_400, "stock": {"one": 80}},
    "rill": {"name": "Rill water filter", "kind": "filter", "price_cents": 7_900, "stock": {"one": 11}},
    "gas": {"name": "Gas cartridge 230 g", "kind": "gas", "price_cents": 650, "stock": {"one": 300}},
}
