"""The parts of Kubernetes' objects that opsterm reads, decoded straight from JSON.

Only what is shown or decided upon is named; msgspec skips the rest, which makes a list of thousands of pods cheap.
Field names are those of the Kubernetes API (core/v1), in snake case.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Part(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """Base of all parts: camel case on the wire, unknown fields ignored."""


class Meta(Part):
    """ObjectMeta."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] | None = None


class ContainerSpec(Part):
    """A container as declared; an init container that always restarts is a sidecar."""

    name: str
    restart_policy: str = ""


class Spec(Part):
    """PodSpec."""

    node_name: str = ""
    init_containers: list[ContainerSpec] | None = None
    containers: list[ContainerSpec] | None = None
    ephemeral_containers: list[ContainerSpec] | None = None


class Running(Part):
    """ContainerStateRunning."""

    started_at: datetime | None = None


class Waiting(Part):
    """ContainerStateWaiting."""

    reason: str = ""
    message: str = ""


class Terminated(Part):
    """ContainerStateTerminated."""

    reason: str = ""
    exit_code: int = 0
    signal: int = 0
    finished_at: datetime | None = None
    container_id: str = msgspec.field(default="", name="containerID")


class ContainerState(Part):
    """At most one of the three is there."""

    running: Running | None = None
    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(Part):
    """How one container is."""

    name: str
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    container_id: str = msgspec.field(default="", name="containerID")
    state: ContainerState = msgspec.field(default_factory=ContainerState)
    last_state: ContainerState = msgspec.field(default_factory=ContainerState)


class Condition(Part):
    """PodCondition."""

    type: str = ""
    status: str = ""
    reason: str = ""


class PodStatus(Part):
    """PodStatus."""

    phase: str = ""
    reason: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    conditions: list[Condition] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    container_statuses: list[ContainerStatus] | None = None
    ephemeral_container_statuses: list[ContainerStatus] | None = None


class Pod(Part):
    """One pod."""

    metadata: Meta = msgspec.field(default_factory=Meta)
    spec: Spec = msgspec.field(default_factory=Spec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)


class Named(Part):
    """Any object of which only the name matters (a namespace)."""

    metadata: Meta = msgspec.field(default_factory=Meta)


class Failure(Part):
    """metav1.Status, the body of an answer that is no success and the object of an ERROR event."""

    message: str = ""
    reason: str = ""
    code: int = 0
    details: dict[str, Any] | None = None


class ListMeta(Part):
    """metav1.ListMeta."""

    resource_version: str = ""
    more: str = msgspec.field(default="", name="continue")


class Page(Part):
    """One page of any list; the items are decoded by whoever knows their kind."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    items: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"[]"))


class Event(Part):
    """One event of a watch: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."""

    type: str
    object: msgspec.Raw
