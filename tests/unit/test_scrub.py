"""What a report keeps, and what it never does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.kube.errors import LoginExpiredError
from opsterm.services.telemetry.scrub import HIDDEN, mask, scrub, scrub_text, words_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("list pods", "list pods"),
        ("Authorization: Bearer abc.def", "Authorization: …"),
        ("sent bearer abcdefghij there", "sent bearer … there"),
        ("token=abc123", "token=…"),
        ("{'password': 'hunter2'}", "{'password': …"),
        ("https://me:secret@host.example/a/b?key=1&x=2#y", "https://host.example/a/b?…"),
        ("http://host.example/a", "http://host.example/a"),
        ("eyJhbGciOi.eyJzdWIi.c2ln is over", "… is over"),
        ("sntrys_eyJpYXQiOjE2", "…"),
        (f"in {Path.home()}/x", "in ~/x"),
        ("f" * 600, HIDDEN),
    ],
)
def test_text(text: str, kept: str) -> None:
    assert scrub_text(text) == kept


def test_of_an_error_only_what_stands_in_the_code_is_kept() -> None:
    assert mask("no such file: /home/me/secret", ["no such file: "]) == "no such file: …"
    assert mask("me: no such file", ["no such file"]) == "…no such file"
    assert mask("all of it", ["unlike"]) == "…"
    assert mask("", ["unlike"]) == ""
    assert mask("abc", ["a", "b", "c"]) == "…"  # letters could spell anything


def test_words_of_an_error_of_opsterm_are_kept_without_its_data() -> None:
    error = LoginExpiredError("canary-context (https://10.0.0.1)")
    assert mask(str(error), words_of(error)) == "401 from …: login expired.…Log in again, then try again."


def test_words_of_python_are_kept_without_their_data() -> None:
    def missing() -> object:
        return None.canary  # type: ignore[attr-defined]

    for broken in (lambda: int("canary"), lambda: {}["canary"], lambda: Path("/canary").read_text(), missing):
        try:
            broken()
        except Exception as error:
            text = mask(str(error), words_of(error))
            assert "canary" not in text
            if isinstance(error, OSError):
                assert "No such file or directory" in text
        else:
            raise AssertionError("nothing was raised")


def test_text_of_code_that_is_not_opsterms_is_no_word(tmp_path: Path) -> None:
    path = tmp_path / "decoder.py"
    path.write_text("def run():\n    raise ValueError('canary in a file of the user')\n")
    names: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    with pytest.raises(ValueError, match="canary") as caught:
        names["run"]()
    assert mask(str(caught.value), words_of(caught.value)) == HIDDEN


def test_causes_count_and_a_ring_of_them_ends() -> None:
    first, second = ValueError("a"), LoginExpiredError("b")
    first.__cause__, second.__cause__ = second, first
    assert "401 from " in words_of(first)
    assert "401 from " in words_of(ExceptionGroup("g", [second]))


@given(JSON, st.sampled_from(["extra", "user", "request", "tags", "modules", "server_name", "logentry", "threads"]))
def test_what_is_not_listed_never_leaves(value: Any, key: str) -> None:
    canary = secrets.token_hex(8)
    event = {key: {"x": value, canary: canary}, "contexts": {"os": value, canary: {"a": canary}}, "level": "error"}
    assert canary not in json.dumps(scrub(event))
    assert set(scrub(event)) <= {"level", "contexts"}


@given(st.dictionaries(st.sampled_from(["exception", "breadcrumbs", "contexts", "spans", "sdk", "type"]), JSON))
def test_an_event_of_any_shape_is_scrubbed(event: Mapping[str, Any]) -> None:
    json.dumps(scrub(event))


def test_a_frame_keeps_no_variables_no_source_and_no_path() -> None:
    frame = {
        "abs_path": __file__,
        "filename": "tests/unit/test_scrub.py",
        "module": "tests.unit.test_scrub",
        "function": "canary",
        "lineno": 3,
        "in_app": True,
        "vars": {"token": "canary"},
        "context_line": "canary",
        "pre_context": ["canary"],
    }
    own = {**frame, "abs_path": str(Path(json.__file__)), "module": "json.decoder", "function": "decode"}
    raised = {"type": "ValueError", "value": "canary", "stacktrace": {"frames": [frame, own]}}
    kept = scrub({"exception": {"values": [raised]}})["exception"]["values"][0]
    assert kept["value"] == HIDDEN
    assert kept["stacktrace"]["frames"] == [
        {"lineno": 3, "in_app": True, "function": HIDDEN, "filename": HIDDEN},
        {"lineno": 3, "in_app": True, "function": "decode", "module": "json.decoder", "filename": "json/decoder.py"},
    ]
