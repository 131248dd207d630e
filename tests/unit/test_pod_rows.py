"""A pod as a row of the table, and the selector that finds its like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from opsterm.screens.pod_rows import COLUMNS, FIELDS, fields_of, matching, row_of, selector_of
from opsterm.services.kube.types import Pod
from opsterm.widgets.row_table import Cell

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def pod(
    name: str = "web-1", labels: dict[str, str] | None = None, state: dict[str, Any] | None = None, **more: Any
) -> Pod:
    status = {
        "name": "app",
        "ready": state is None,
        "restartCount": more.pop("restarts", 0),
        "state": state or {"running": {}},
    }
    document = {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid of {name}",
            "labels": labels or {},
            "creationTimestamp": "2026-11-24T11:46:00Z",
            **more,
        },
        "spec": {"nodeName": "node-a", "containers": [{"name": "app"}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }
    return msgspec.json.decode(msgspec.json.encode(document), type=Pod)


def cells(of: Pod) -> dict[str, Cell]:
    found = row_of(of, NOW, with_namespace=False).cells
    pairs = zip(COLUMNS, found, strict=True)
    return {column.key: cell if isinstance(cell, Cell) else Cell(cell) for column, cell in pairs}


def test_a_healthy_pod_has_no_colour_but_in_what_is_read_last() -> None:
    row = cells(pod())
    assert {key: cell.text for key, cell in row.items()} == {
        "name": "web-1",
        "ready": "1/1",
        "status": "Running",
        "restarts": "0",
        "age": "14m",
        "node": "node-a",
    }
    assert [row[key].role for key in ("name", "ready", "status", "restarts")] == [""] * 4


def test_a_fault_and_work_under_way_have_glyph_word_and_colour() -> None:
    crashing = pod(state={"waiting": {"reason": "CrashLoopBackOff"}}, restarts=7)
    assert cells(crashing)["status"] == Cell("✖ CrashLoopBackOff", "error")
    assert cells(crashing)["restarts"].sort == 7
    assert cells(pod(deletionTimestamp="2026-11-24T11:59:00Z"))["status"] == Cell("◐ Terminating", "warning")
    creating = pod(state={"waiting": {"reason": "ContainerCreating"}})
    assert cells(creating)["status"] == Cell("◐ ContainerCreating", "warning")


def test_ages_sort_by_time_not_by_text() -> None:
    old, young = pod(creationTimestamp="2026-11-20T00:00:00Z"), pod()
    assert cells(old)["age"].text > cells(young)["age"].text
    rows = sorted((old, young), key=lambda each: cells(each)["age"].sort)
    assert NOW - timedelta(days=1) < (rows[0].metadata.creation_timestamp or NOW)


@pytest.mark.parametrize("with_namespace", [True, False])
def test_a_filter_may_ask_for_every_column(*, with_namespace: bool) -> None:
    found = fields_of(row_of(pod(), NOW, with_namespace=with_namespace))
    assert set(found) == (FIELDS if with_namespace else FIELDS - {"namespace"})
    assert (found["name"], found["status"]) == ("web-1", "Running")


def test_what_a_cluster_calls_things_cannot_touch_the_terminal() -> None:
    texts = row_of(pod("web\x1b]0;owned\x07"), NOW, with_namespace=False).texts()
    assert not any("\x1b" in text or "\x07" in text for text in texts)


def test_the_selector_leaves_out_what_controllers_put_on_single_pods() -> None:
    labels = {"app": "web", "pod-template-hash": "7c9f", "tier": "front", "controller-uid": "1"}
    assert selector_of(pod(labels=labels)) == "app=web,tier=front"
    assert not selector_of(pod(labels={"pod-template-hash": "7c9f"}))


def test_matching_pods_are_counted_where_the_selector_is_simple() -> None:
    pods = {name: pod(name, {"app": "web", "n": name}) for name in ("a", "b")}
    assert matching(pods, "app=web") == 2
    assert matching(pods, "app==web, n=a") == 1
    assert matching(pods, "") == 2
    assert matching(pods, "app=nothing") == 0
    for selector in ("app in (web)", "app!=web", "app"):
        assert matching(pods, selector) is None
