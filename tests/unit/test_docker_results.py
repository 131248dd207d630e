"""What a comparison is written as: JSON, figures, the table, and the words of errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest

from opsterm.services.docker.cleanup import mine
from opsterm.services.docker.dockerfile import parse
from opsterm.services.docker.errors import BadDockerfileError, BaseMissingError, BuildError, StepFailedError
from opsterm.services.docker.events import Kind, Step, StepDone
from opsterm.services.docker.failures import explain, familiar, similar
from opsterm.services.docker.figures import faster, seconds, size, smaller
from opsterm.services.docker.results import Measure, Phase, Result, decode, encode
from opsterm.tui.plain.build import table


def measure(*taken: float, cached: int = 0, steps: int = 3) -> Measure:
    parts = [StepDone(Step(str(one), Kind.STEP, f"RUN {one}"), one < cached, 1.0) for one in range(steps)]
    return Measure(taken, (StepDone(Step("from", Kind.BASE, "FROM a"), True, 0.0), *parts))


def result(name: str, cold: float, warm: float, touched: float, size: int) -> Result:
    measures: dict[Phase, Measure] = {
        "cold": measure(cold),
        "warm": measure(warm, cached=3),
        "touched": measure(touched),
    }
    return Result(name, name, size, measures)


RESULTS = [
    result("Dockerfile", 4.91, 0.12, 4.39, 272_000_000),
    result("Dockerfile.slim", 4.13, 0.08, 0.23, 224_600_000),
    result("Dockerfile.same", 4.5, 0.08, 4.1, 272_010_000),
    Result(
        "Dockerfile.alpine",
        "Dockerfile.alpine",
        error=BaseMissingError("a:1", "the registry cannot be reached", ("a:2",)),
    ),
]


def test_the_json_is_that_of_version_1() -> None:
    assert json.loads(encode([RESULTS[1], RESULTS[3]])) == {
        "version": 1,
        "variants": [
            {
                "name": "Dockerfile.slim",
                "dockerfile": "Dockerfile.slim",
                "size_bytes": 224_600_000,
                "phases": {
                    "cold": {"seconds": [4.13], "cached_steps": 0, "steps": 3},
                    "warm": {"seconds": [0.08], "cached_steps": 3, "steps": 3},
                    "touched": {"seconds": [0.23], "cached_steps": 0, "steps": 3},
                },
                "error": None,
            },
            {
                "name": "Dockerfile.alpine",
                "dockerfile": "Dockerfile.alpine",
                "size_bytes": None,
                "phases": {},
                "error": "Base image a:1 is not local and the registry cannot be reached. Local and similar: a:2.",
            },
        ],
    }


def test_what_is_written_can_be_read() -> None:
    assert msgspec.json.encode(decode(encode(RESULTS))) == msgspec.json.encode(msgspec.json.decode(encode(RESULTS)))


@pytest.mark.parametrize(
    "raw", [b"{}", b'{"version": 2, "variants": []}', b'{"version": 1, "variants": [{"name": 1}]}']
)
def test_another_json_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(raw)


def test_the_median_stands_for_a_phase() -> None:
    assert measure(3.0, 1.0, 2.0).median == 2.0


def test_the_table_is_aligned_and_compares_with_the_first() -> None:
    assert table(RESULTS) == (
        "VARIANT              COLD    WARM  TOUCHED      SIZE  DIFFERENCE\n"
        "Dockerfile         4.91 s  0.12 s   4.39 s  272.0 MB  baseline\n"
        "Dockerfile.slim    4.13 s  0.08 s   0.23 s  224.6 MB  19.1× faster, −47.4 MB\n"
        "Dockerfile.same    4.50 s  0.08 s   4.10 s  272.0 MB  ≈, same size\n"
        "Dockerfile.alpine       –       –        –         –  ✖ failed\n"
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (seconds(None), "–"),
        (seconds(0.004), "0.00 s"),
        (size(1_010_000_000), "1.01 GB"),
        (size(0), "0.0 MB"),
        (smaller(300_000_000, 272_000_000), "+28.0 MB"),
        (smaller(None, 1), ""),
        (faster(2.0, 1.0), "2.0× slower"),
        (faster(1.1, 1.0), "≈"),
        (faster(None, 1.0), ""),
    ],
)
def test_figures(text: str, wanted: str) -> None:
    assert text == wanted


@dataclass
class Case:
    message: str
    error: type[BuildError]
    words: str
    failed: StepDone | None = None


PARSED = parse("FROM nothere:9\nCOPY nope.txt .\nRUN false")
RUN = Step("r", Kind.STEP, "RUN false", "3", 3)
COPY = Step("c", Kind.STEP, "COPY nope.txt .", "2", 2)
META = Step("m", Kind.BASE, "load metadata for docker.io/library/nothere:9")
OFFLINE = 'failed to do request: Head "https://r/": dial tcp: lookup r: no such host'
OLD = "failed to solve: rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: "
CASES = [
    Case(
        f"ERROR: {OLD}dockerfile parse error line 2: unknown instruction: RUNN", BadDockerfileError, "line 2: unknown"
    ),
    Case("ERROR: failed to solve: dockerfile parse error on line 7: bad", BadDockerfileError, "line 7: bad"),
    Case(
        "ERROR: failed to solve: executor failed running [/bin/sh -c false]: exit code: 7",
        StepFailedError,
        "D failed at line 3: RUN false exited 7.",
        StepDone(RUN, False, 0.1, "executor failed running [/bin/sh -c false]: exit code: 7"),
    ),
    Case(
        "ERROR: failed",
        StepFailedError,
        "D failed at line 3: RUN false exited 1.",
        StepDone(RUN, False, 0.1, 'process "/bin/sh -c false" did not complete successfully: exit code: 1'),
    ),
    Case(
        "ERROR",
        StepFailedError,
        "D failed at line 2: COPY nope.txt .: nope.txt is not in the build context.",
        StepDone(COPY, False, 0.1, 'failed to calculate checksum of ref a: "/nope.txt": not found'),
    ),
    Case(
        "ERROR",
        StepFailedError,
        "D failed at line 2: COPY nope.txt .: nope.txt is not in the build context.",
        StepDone(COPY, False, 0.1, '"/nope.txt" not found: not found'),
    ),
    Case(
        f"{OLD}{OFFLINE}",
        BaseMissingError,
        "Base image nothere:9 is not local and the registry cannot be reached.",
        StepDone(META, False, 0.1, OFFLINE),
    ),
    Case(
        "x",
        BaseMissingError,
        "the registry does not give it (denied)",
        StepDone(META, False, 0.1, "denied"),
    ),
    Case("ERROR: failed to solve: something\nmore", BuildError, "D failed: something."),
    Case("", BuildError, "no reason"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.words)
def test_a_failure_is_one_line_with_place_and_reason(case: Case) -> None:
    error = explain("D", PARSED, case.message, case.failed)
    assert type(error) is case.error
    assert case.words in error.reason
    assert len(error.reason.splitlines()) == 1


def test_similar_images_are_of_the_same_repository() -> None:
    local = ["python:3.11", "python:3.11-slim", "mirror.test:5000/x/python:3", "python2:1", "node:20"]
    assert similar("docker.io/library/python:3.11-alpine", local) == (
        "mirror.test:5000/x/python:3",
        "python:3.11",
        "python:3.11-slim",
    )
    assert familiar("docker.io/library/python:3") == "python:3"
    assert familiar("docker.io/me/app") == "me/app"


def record(key: str, description: str, parent: str = "", at: str = "2026-11-24T06:00:00Z") -> dict[str, object]:
    return {"ID": key, "Description": description, "Parent": parent, "CreatedAt": at}


def test_only_records_that_are_surely_ours_are_removed() -> None:
    records = [
        record("old", "mount / from exec /bin/sh -c make"),
        record("upload", "http url http://build-context-x"),
        record("base", "fileop target"),
        record("run", "mount / from exec /bin/sh -c make", "base"),
        record("after", "fileop target", "run"),
        record("other", "mount / from exec /bin/sh -c make install"),
        record("theirs", "fileop target", "other"),
        record("unpacked", "fileop target", at="2026-11-24T06:15:12.746314053Z"),
        record("unpacked-by-others", "fileop target", at="2026-11-24T06:15:13.746314053Z"),
    ]
    began = datetime(2026, 11, 24, 6, 15, 12, 744_000, UTC).timestamp()
    ours = mine(records, frozenset({"old"}), {"make"}, [(began, began + 0.05)])
    assert sorted(one["ID"] for one in ours) == ["after", "base", "run", "unpacked", "upload"]
    assert mine(records, frozenset({"old", "upload"}), set()) == []
