"""Names and colours of the sources of a log view."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsterm.screens.sources import SLOTS, WIDEST, Sources
from opsterm.services.lines import Direction, Flag, Line


def line(source: str, direction: Direction = Direction.RX, flags: Flag = Flag.NONE) -> Line:
    return Line(b"", "", 0, 0, source, direction, flags=flags)


def prefixes(*names: str) -> list[tuple[str, str]]:
    sources = Sources()
    return [sources.prefix(line(name))[0] for name in names]


def test_a_pod_is_called_by_its_last_part() -> None:
    (name, role), *_ = prefixes("web-7c9f-x2k4p/app")
    assert name == "x2k4p/app  "
    assert role.startswith("source-")


def test_a_name_that_is_taken_grows_to_the_left() -> None:
    names = [name for name, _ in prefixes("web-0/app", "db-0/app", "db-0/log", "a-db-0/app")]
    assert names == ["0/app  ", "db-0/app  ", "db-0/log  ", "a-db-0/app  "]


def test_a_long_name_is_cut() -> None:
    (name, _), *_ = prefixes("web/a-container-with-a-very-long-name")
    assert name == "web/a-container-wit…  "
    assert len(name.rstrip()) == WIDEST


def test_names_that_would_be_cut_to_the_same_are_numbered() -> None:
    names = [name.rstrip() for name, _ in prefixes(*(f"web/a-container-with-number-{end}" for end in "abc"))]
    assert names == ["web/a-container-wit…", "web/a-container-w…~2", "web/a-container-w…~3"]


def test_colours_are_all_used_before_one_comes_again() -> None:
    roles = [role for _, role in prefixes(*(f"web-{number}/app" for number in range(SLOTS + 1)))]
    assert set(roles[:SLOTS]) == {f"source-{slot}" for slot in range(1, SLOTS + 1)}
    assert roles[SLOTS] in roles[:SLOTS]


def test_notes_carry_their_own_words_and_a_gap_warns() -> None:
    sources = Sources()
    assert sources.prefix(line("web-1/app", Direction.NOTE)) == (("", "muted"),)
    assert sources.prefix(line("web-1/app", Direction.NOTE, Flag.GAP)) == (("", "warning"),)


POD = st.lists(st.sampled_from(["a", "b", "web", "0", "1"]), min_size=1, max_size=3).map("-".join)


@given(
    st.lists(
        st.tuples(POD, st.sampled_from(["app", "a-very-long-container-1", "a-very-long-container-2"])).map("/".join),
        max_size=40,
    )
)
def test_different_sources_have_different_names_and_keep_them(names: list[str]) -> None:
    sources = Sources()
    given_first: dict[str, tuple[str, str]] = {}
    for name in [*names, *names]:
        prefix = sources.prefix(line(name))[0]
        assert given_first.setdefault(name, prefix) == prefix
    shown = [name for name, _ in given_first.values()]
    assert len(set(shown)) == len(shown)
