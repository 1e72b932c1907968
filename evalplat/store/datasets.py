"""Versions of datasets among MLflow's datasets: name, content hash and card, so that its pages show them."""

from __future__ import annotations

from evalplat.records import DatasetVersion

from .door import Door
from .names import clipped


def register_dataset(door: Door, version: DatasetVersion) -> str:
    """The id of MLflow's dataset `NAME@vN`, made where there is none. The cases stay with evalplat.

    MLflow's own way to put records into a dataset goes through the caller's global tracking address, which is not ours.
    """
    tags = {
        "evalplat.dataset": version.name,
        "evalplat.version": str(version.number),
        "evalplat.sha256": version.digest,
        "evalplat.n_cases": str(version.n_cases),
        "evalplat.kept_at": version.at.isoformat(),
    }
    if version.message:
        tags["evalplat.message"] = version.message
    if version.card is not None:
        tags |= {f"evalplat.card.{key}": str(value) for key, value in version.card.model_dump().items() if value}
    # By the hash: a name may hold quotes, which MLflow's search language cannot.
    for found in door.client.search_datasets(filter_string=f"tags.evalplat.sha256 = '{version.digest}'"):
        if found.name == version.ref:
            return str(found.dataset_id)
    made = door.client.create_dataset(version.ref, tags={key: clipped(value) for key, value in tags.items()})
    return str(made.dataset_id)
