"""Pods in the words of `kubectl get pods`: status, ready, restarts and age of one record.

Behaviour after kubectl's printer for pods and its human durations; checked against kubectl itself by a test.
"""

from __future__ import annotations

from datetime import UTC, datetime

from opsterm.services.kube.errors import one_line
from opsterm.services.kube.types import ContainerState, ContainerStatus, Pod

_FINE = frozenset(
    {"Running", "Completed", "Succeeded", "Pending", "ContainerCreating", "PodInitializing", "Terminating"}
)


def status(pod: Pod) -> str:
    """STATUS: the phase, or the more telling reason of the pod or of one of its containers."""
    reason = pod.status.reason or pod.status.phase or "Unknown"
    if any(c.type == "PodScheduled" and c.reason == "SchedulingGated" for c in pod.status.conditions or ()):
        reason = "SchedulingGated"
    initializing = _initializing(pod)
    if initializing and not _is(pod, "Initialized"):
        reason = initializing
    else:
        running = False
        for container in reversed(pod.status.container_statuses or ()):
            said = _stopped(container.state)
            if said:
                reason = said
            elif container.ready and container.state.running:
                running = True
        if reason == "Completed" and running:
            reason = "Running" if _is(pod, "Ready") else "NotReady"
    if pod.metadata.deletion_timestamp is not None:
        if pod.status.reason == "NodeLost":
            reason = "Unknown"
        elif pod.status.phase not in ("Succeeded", "Failed"):
            reason = "Terminating"
    return one_line(reason)


def ready(pod: Pod) -> str:
    """READY: `1/2`, containers ready of containers declared; sidecars count, other init containers do not."""
    sidecars = _sidecars(pod)
    able = [*(s for s in pod.status.init_container_statuses or () if s.name in sidecars and s.started)]
    able += [s for s in pod.status.container_statuses or () if s.state.running]
    return f"{sum(s.ready for s in able)}/{len(pod.spec.containers or ()) + len(sidecars)}"


def restarts(pod: Pod, now: datetime | None = None) -> str:
    """RESTARTS: `0`, or `7 (2m ago)` where the time of the last one is known."""
    count, last = _restarts(pod)
    if not count or last is None:
        return str(count)
    return f"{count} ({_human(_seconds(last, now))} ago)"


def restart_count(pod: Pod) -> int:
    """How often its containers were started again."""
    return _restarts(pod)[0]


def age(pod: Pod, now: datetime | None = None) -> str:
    """AGE: `14m`, `3d4h`."""
    created = pod.metadata.creation_timestamp
    return "<unknown>" if created is None else _human(_seconds(created, now))


def is_faulty(pod: Pod) -> bool:
    """Whether something is wrong with it that may need a person: a bad reason, or running and not all ready."""
    word = status(pod)
    if word == "Running":
        have, want = ready(pod).split("/")
        return have != want
    return word not in _FINE and not (word.startswith("Init:") and "/" in word)


def container_names(pod: Pod) -> list[str]:
    """All containers in the order in which they start: init, regular, ephemeral."""
    spec = pod.spec
    return [
        c.name for group in (spec.init_containers, spec.containers, spec.ephemeral_containers) for c in group or ()
    ]


def container_status(pod: Pod, container: str) -> ContainerStatus | None:
    """The status of one container of any kind, where there is one yet."""
    has = pod.status
    for group in (has.container_statuses, has.init_container_statuses, has.ephemeral_container_statuses):
        for found in group or ():
            if found.name == container:
                return found
    return None


def _stopped(state: ContainerState) -> str:
    """Why a container does not run, as a status word; empty where it runs or nothing is said."""
    if state.waiting and state.waiting.reason:
        return state.waiting.reason
    if state.terminated:
        ended = state.terminated
        return ended.reason or (f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}")
    return ""


def _initializing(pod: Pod) -> str:
    sidecars = _sidecars(pod)
    for index, container in enumerate(pod.status.init_container_statuses or ()):
        state = container.state
        if state.terminated and state.terminated.exit_code == 0:
            continue
        if container.name in sidecars and container.started:
            continue
        said = _stopped(state)
        if said and said != "PodInitializing":
            return f"Init:{said}"
        return f"Init:{index}/{len(pod.spec.init_containers or ())}"
    return ""


def _restarts(pod: Pod) -> tuple[int, datetime | None]:
    sidecars = _sidecars(pod)
    init = pod.status.init_container_statuses or []
    if _initializing(pod) and not _is(pod, "Initialized"):
        counted = init
    else:
        counted = [s for s in init if s.name in sidecars] + (pod.status.container_statuses or [])
    ends = [s.last_state.terminated.finished_at for s in counted if s.last_state.terminated]
    return sum(s.restart_count for s in counted), max((end for end in ends if end), default=None)


def _sidecars(pod: Pod) -> set[str]:
    return {c.name for c in pod.spec.init_containers or () if c.restart_policy == "Always"}


def _is(pod: Pod, condition: str) -> bool:
    return any(c.type == condition and c.status == "True" for c in pod.status.conditions or ())


def _seconds(then: datetime, now: datetime | None) -> int:
    return int(((now or datetime.now(UTC)) - then).total_seconds())


def _human(seconds: int) -> str:
    """A duration in at most two units: `95s`, `3m5s`, `47h`, `3d4h`, `2y17d`."""
    if seconds < 120:
        return f"{max(0, seconds)}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 10:
        return _pair(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _pair(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _pair(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
