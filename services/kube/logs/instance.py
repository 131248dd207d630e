"""Which run of a container a log request is about.

A container that restarts keeps its name and gets a new id. The rule by which the kubelet chooses the log to serve is
repeated here: the running or ended container, or, while one waits to start, the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

from opsterm.services.kube.errors import one_line
from opsterm.services.kube.pods import container_status
from opsterm.services.kube.types import Pod, Terminated


@dataclass(frozen=True, slots=True)
class Instance:
    """One run of a container. `last` is the run before it, where the server still knows it."""

    id: str
    running: bool
    restarts: int = 0
    last_id: str = ""
    last_end: str = ""
    """How the run before ended: `OOMKilled, exit 137`."""


def instance_of(pod: Pod, container: str) -> Instance | None:
    """The run whose log the server has; None while there is none."""
    status = container_status(pod, container)
    if status is None:
        return None
    last = status.last_state.terminated
    if status.state.running or status.state.terminated:
        ended = status.state.terminated
        id_ = (ended.container_id if ended else "") or status.container_id
        if not id_:
            return None
        last_id = last.container_id if last else ""
        return Instance(id_, ended is None, status.restart_count, last_id, _end(last))
    if last is None or not last.container_id:
        return None
    return Instance(last.container_id, False, status.restart_count)


def is_over(pod: Pod, container: str) -> bool:
    """Whether the container will not run again: its pod is done, or it prepared the pod and succeeded."""
    if pod.status.phase in ("Succeeded", "Failed"):
        return True
    once = any(c.name == container and c.restart_policy != "Always" for c in pod.spec.init_containers or ())
    status = container_status(pod, container) if once else None
    return bool(status and status.state.terminated and status.state.terminated.exit_code == 0)


def _end(ended: Terminated | None) -> str:
    return one_line(f"{ended.reason or 'Error'}, exit {ended.exit_code}") if ended else ""
