"""Sending reports by sentry_sdk, which is told to add nothing of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsterm.services.telemetry.actions import Action

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

CLOSE_SECONDS = 0.5
_OP = "ui.action"
_MARK = "_opsterm_reported"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error, where it was caught, and during which action."""

    error: BaseException
    mechanism: str
    action: Action | None


def first(error: BaseException) -> bool:
    """Whether this object is seen for the first time; it is marked."""
    if getattr(error, _MARK, False):
        return False
    try:
        setattr(error, _MARK, True)
    except AttributeError:  # a class with slots; DedupeIntegration still sees the same one twice in a row
        return True
    return True


def initialised(dsn: str, sample_rate: float, version: str, environment: str) -> Any:
    """sentry_sdk, reporting to `dsn`. Every default that would tell more than is meant is given here.

    It does nothing by itself at the end of the interpreter: it would close before all is handed to it.
    """
    import sentry_sdk  # noqa: PLC0415  heavy
    from sentry_sdk.integrations.dedupe import DedupeIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.logging import LoggingIntegration  # noqa: PLC0415

    from opsterm.services.telemetry.scrub import scrub  # noqa: PLC0415

    def sampler(context: Mapping[str, Any]) -> float:
        return sample_rate if context["transaction_context"].get("op") == _OP else 0.0

    def leaving(event: Event, hint: Hint) -> Event | None:
        error = (hint.get("exc_info") or (None, None))[1]
        mechanism = _mechanism(event)
        if mechanism == "excepthook":
            if error is not None and not first(error):
                return None
            event.get("contexts", {}).pop("trace", None)
        kept: Any = scrub(event, hint)
        return kept  # type: ignore[no-any-return]

    sentry_sdk.init(
        dsn=dsn,
        spotlight=False,
        debug=False,
        release=f"opsterm@{version}",
        environment=environment or "production",
        traces_sampler=sampler,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(event_level=None),
            ExcepthookIntegration(),
            DedupeIntegration(),
        ],
        include_local_variables=False,
        include_source_context=False,
        server_name="",
        send_default_pii=False,
        trace_propagation_targets=[],
        max_breadcrumbs=30,
        shutdown_timeout=CLOSE_SECONDS,
        auto_session_tracking=False,
        send_client_reports=False,
        enable_backpressure_handling=False,
        enable_metrics=False,
        before_send=leaving,
        before_send_transaction=leaving,
    )
    return sentry_sdk


def _mechanism(event: Mapping[str, Any]) -> str:
    values = (event.get("exception") or {}).get("values") or [{}]
    return str((values[-1].get("mechanism") or {}).get("type") or "")


def send(sdk: Any, report: Action | Failure) -> None:
    """Hand a report to sentry_sdk; it goes out on a thread of its own."""
    if isinstance(report, Action):
        _send_action(sdk, report)
    else:
        _send_failure(sdk, report)


def _send_failure(sdk: Any, failure: Failure) -> None:
    import uuid  # noqa: PLC0415

    from sentry_sdk.utils import event_from_exception  # noqa: PLC0415

    event, hint = event_from_exception(
        failure.error,
        client_options=sdk.get_client().options,
        mechanism={"type": failure.mechanism, "handled": False},
    )
    trace: dict[str, object] = {"trace_id": uuid.uuid4().hex}  # else it is that of SENTRY_TRACE, of another program
    if failure.action:
        trace = {"trace_id": failure.action.trace_id, "span_id": failure.action.span_id, "op": _OP}
        event["transaction"] = failure.action.name
    event["contexts"] = {"trace": trace}
    sdk.capture_event(event, hint=hint)


def _send_action(sdk: Any, action: Action) -> None:
    scope = sdk.Scope()
    transaction = scope.start_transaction(
        name=action.name,
        op=_OP,
        source="custom",
        trace_id=action.trace_id,
        span_id=action.span_id,
        start_timestamp=action.began,
    )
    for step in action.steps:
        span = transaction.start_child(op=step.op, name=step.description or step.op, start_timestamp=step.began)
        span.set_status("internal_error" if step.failed else "ok")
        span.finish(end_timestamp=step.ended)
    transaction.set_status(action.status)
    transaction.finish(end_timestamp=action.ended)
