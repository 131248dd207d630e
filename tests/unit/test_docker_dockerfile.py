"""Reading Dockerfiles: lines, stages, steps, and the errors that are told before anything is built."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.docker.dockerfile import WORDS, parse
from opsterm.services.docker.errors import BadDockerfileError

STAGES = """\
# syntax=docker/dockerfile:1
ARG TAG=3.11
ARG UNSET
FROM python:${TAG} AS Build
WORKDIR /app
# a comment between
COPY requirements.txt .
RUN pip install \\
    # inside an instruction
    -r requirements.txt

FROM python:$TAG-slim
ENV A=1
COPY --from=build /venv /venv
RUN echo done
FROM ${UNSET:-scratch}
COPY --from=1 /venv /venv
"""


def test_lines_are_those_of_the_file() -> None:
    assert [(one.line, one.word) for one in parse(STAGES).instructions] == [
        (2, "ARG"),
        (3, "ARG"),
        (4, "FROM"),
        (5, "WORKDIR"),
        (7, "COPY"),
        (8, "RUN"),
        (12, "FROM"),
        (13, "ENV"),
        (14, "COPY"),
        (15, "RUN"),
        (16, "FROM"),
        (17, "COPY"),
    ]


def test_continued_lines_are_one_instruction() -> None:
    assert str(parse(STAGES).instructions[5]) == "RUN pip install     -r requirements.txt"


def test_bases_have_the_defaults_of_arguments_filled_in() -> None:
    assert parse(STAGES).bases == ("python:3.11", "python:3.11-slim")


@pytest.mark.parametrize(
    ("stage", "number", "line"),
    [("build", 1, 4), ("build", 4, 8), ("stage-1", 2, 14), ("stage-1", 3, 15), ("stage-2", 1, 17)],
)
def test_a_step_of_buildkit_is_found_in_the_file(stage: str, number: int, line: int) -> None:
    found = parse(STAGES).step(stage, number)
    assert found is not None
    assert found.line == line


@pytest.mark.parametrize(("stage", "number"), [("build", 5), ("other", 1), ("build", 0)])
def test_a_step_that_is_not_in_the_file_is_none(stage: str, number: int) -> None:
    assert parse(STAGES).step(stage, number) is None


def test_a_stage_on_a_stage_does_not_count_its_base() -> None:
    parsed = parse("FROM a AS one\nRUN x\nFROM ONE\nRUN y")
    assert parsed.stages[1].local
    assert parsed.bases == ("a",)
    assert str(parsed.step("stage-1", 1)) == "RUN y"


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("FROM a\nRUNN x", 2, "unknown instruction RUNN (did you mean RUN?)"),
        ("FROM a\n\n{}\n", 3, "unknown instruction {}"),
        ("FROM a\nRUN", 2, "RUN needs an argument"),
        ("FROM a b c", 1, "FROM takes an image"),
        ("RUN x\nFROM a", 1, "RUN before the first FROM"),
        ("FROM a\nRUN <<EOF\nx\n", 2, "here-document without its end EOF"),
        ("", 0, "empty"),
        ("# only a comment", 0, "empty"),
        ("ARG x=1", 0, "no FROM"),
    ],
)
def test_a_broken_file_says_where_and_why(source: str, line: int, words: str) -> None:
    with pytest.raises(BadDockerfileError) as caught:
        parse(source)
    assert caught.value.line == line
    assert words in caught.value.reason
    assert (f"line {line}" in caught.value.reason) == bool(line)


def test_the_body_of_a_here_document_is_no_instruction() -> None:
    parsed = parse('FROM a\nRUN <<-"EOF" cat\n\tFROM b\n\tEOF\nCOPY <<one <<two /x/\n1\none\n2\ntwo\nRUN y')
    assert [(one.line, one.word) for one in parsed.instructions] == [
        (1, "FROM"),
        (2, "RUN"),
        (5, "COPY"),
        (10, "RUN"),
    ]


@pytest.mark.parametrize("text", ['RUN echo "a <<EOF"', "RUN cat <<<word", "RUN echo $((1<<2))", "ENV A=<<EOF"])
def test_what_only_looks_like_a_here_document_is_none(text: str) -> None:
    assert len(parse(f"FROM a\n{text}\nRUN y").instructions) == 3


@pytest.mark.parametrize(
    "source",
    [
        "\ufeffFROM a\r\nRUN x \\\r\n  y\r\n",
        "# escape=`\nFROM a\nRUN x `\n  y",
        "from a\nrun x \\\n\n# comment\n  y",
        "FROM a\nRUN x \\ \t\n  y",
    ],
)
def test_files_of_other_systems_and_habits_read_the_same(source: str) -> None:
    parsed = parse(source)
    assert [one.word for one in parsed.instructions] == ["FROM", "RUN"]
    assert parsed.instructions[1].args.split() == ["x", "y"]


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_read_or_refused_in_one_line(source: str) -> None:
    reason = "fine"
    try:
        parse(source)
    except BadDockerfileError as error:
        reason = error.reason
    assert reason.splitlines() == [reason]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(WORDS - {"FROM"})), st.text("abc /=.", min_size=1).map(lambda text: f"x{text}")
        ),
        max_size=20,
    ),
    st.lists(st.sampled_from(["", "# comment", "   "]), max_size=3),
)
def test_each_instruction_is_found_in_its_line(body: list[tuple[str, str]], between: list[str]) -> None:
    lines, wanted = ["FROM base"], [(1, "FROM", "base")]
    for word, args in body:
        lines += [*between, f"{word} {args}"]
        wanted.append((len(lines), word, args.strip()))
    assert [(one.line, one.word, one.args) for one in parse("\n".join(lines)).instructions] == wanted
