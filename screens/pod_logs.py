"""What the logs of pods have to say of themselves: how many there are, what is wrong, and why there is nothing."""

from __future__ import annotations

from opsterm.services.kube.logs.hub import LogHub
from opsterm.services.kube.logs.stream import StreamState
from opsterm.services.service import State, Status
from opsterm.widgets.words import count


def extent(hub: LogHub) -> str:
    """`3 pods, 4 streams`."""
    return f"{count(hub.pods, 'pod')}, {count(len(hub.streams), 'stream')}"


def trouble(hub: LogHub) -> Status | None:
    """Why not everything can be read now; None while all is well. Streams that run go on.

    What the server says of the log of a pod that is on its way out is no news: its last lines were read.
    """
    if hub.error:
        return Status(State.DEGRADED, hub.error.reason, hub.error.hint)
    staying = [each for each in hub.streams.values() if each.pod.metadata.deletion_timestamp is None]
    failing = [each.error for each in staying if each.error and each.state is StreamState.RETRYING]
    if not failing:
        return None
    others = f"{len(failing)} of {count(len(hub.streams), 'stream')} cannot be read; the others go on."
    return Status(State.DEGRADED, failing[0].reason, others if len(failing) < len(hub.streams) else failing[0].hint)


def nothing_yet(hub: LogHub) -> str:
    """What stands in the place of lines."""
    if failed := trouble(hub):
        return f"No lines: {failed.reason}"
    if not hub.ready:
        return f"Looking for the pods of {hub.scope} …"
    if hub.pods:
        return f"{extent(hub)}, no lines yet; new ones appear by themselves."
    place = f"in {hub.scope.namespace}" if hub.scope.namespace else "in any namespace"
    if hub.scope.pod:
        return f"No pod {hub.scope.pod} {place} yet. Its lines appear with it."
    return f"No pod matches {hub.scope} {place} yet. Lines appear with the first."
