"""A pod as a row of the table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from opsterm.services.kube import pods
from opsterm.services.kube.types import Pod
from opsterm.services.text import clean
from opsterm.widgets.row_table import Cell, Column, Row

COLUMNS = (
    Column("name", "NAME", priority=0, flexible=True, min_width=14),
    Column("ready", "READY", priority=2, min_width=5),
    Column("status", "STATUS", priority=1, flexible=True, min_width=18),
    Column("restarts", "RESTARTS", priority=3, min_width=8),
    Column("age", "AGE", align="right", priority=4, min_width=5, ticking=True),
    Column("node", "NODE", priority=5),
)
NAMESPACE = Column("namespace", "NAMESPACE", priority=1)
FIELDS = frozenset({"name", "ready", "status", "restarts", "age", "node", "namespace"})

_UNDER_WAY = frozenset({"Pending", "ContainerCreating", "PodInitializing", "Terminating"})


def row_of(pod: Pod, now: datetime, *, with_namespace: bool) -> Row:
    """The row of `pod`, keyed by its uid; with the namespace in front where several are shown."""
    status = clean(pods.status(pod))
    if pods.is_faulty(pod):
        shown = Cell(f"✖ {status}", "error")
    elif status in _UNDER_WAY or status.startswith("Init:"):
        shown = Cell(f"◐ {status}", "warning")
    else:
        shown = Cell(status, "muted" if status in ("Completed", "Succeeded") else "")
    created = pod.metadata.creation_timestamp or datetime.fromtimestamp(0, UTC)
    cells: tuple[Cell | str, ...] = (
        clean(pod.metadata.name),
        pods.ready(pod),
        shown,
        Cell(pods.restarts(pod, now), sort=pods.restart_count(pod)),
        Cell(pods.age(pod, now), "muted", -created.timestamp()),
        Cell(clean(pod.spec.node_name), "muted"),
    )
    if with_namespace:
        cells = (clean(pod.metadata.namespace), *cells)
    return Row(pod.metadata.uid, cells, " ".join(cell if isinstance(cell, str) else cell.text for cell in cells))


def fields_of(row: Row) -> Mapping[str, str]:
    """The texts of a row by the names of its columns."""
    columns = COLUMNS if len(row.cells) == len(COLUMNS) else (NAMESPACE, *COLUMNS)
    return {column.key: text for column, text in zip(columns, row.texts(), strict=True)}


_GENERATED = (
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
)
"""Labels that controllers put on each pod of one revision or on each single pod: no selector of an application."""


def selector_of(pod: Pod) -> str:
    """The selector that finds the pods of the same application."""
    labels = pod.metadata.labels or {}
    return ",".join(f"{key}={value}" for key, value in labels.items() if key not in _GENERATED)


def matching(all_pods: Mapping[str, Pod], selector: str) -> int | None:
    """How many of `all_pods` match; None for a selector that only the server understands."""
    wanted = {}
    for term in filter(None, (each.strip() for each in selector.split(","))):
        key, equals, value = term.replace("==", "=").partition("=")
        if not equals or not key or key.endswith("!") or " " in term:
            return None
        wanted[key] = value
    return sum(wanted.items() <= (pod.metadata.labels or {}).items() for pod in all_pods.values())
