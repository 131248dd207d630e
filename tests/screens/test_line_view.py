"""The pane of lines as a user sees it: following, pausing, and what the rows look like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual import events
from textual.content import Content

from opsterm.services.lines import Direction, Flag, Ring
from opsterm.services.match import search
from opsterm.widgets.line_view.stamps import Stamps
from tests.screens.line_pane import LineApp, line, lines, rows
from tests.waiting import until


async def test_an_empty_view_says_what_would_be_here() -> None:
    app = LineApp(Ring())
    async with app.run_test(size=(80, 5)):
        app.view.placeholder = Content("No lines [red]yet.")
        await until(lambda: rows(app)[0] == "   No lines [red]yet.")


async def test_lines_have_the_form_that_every_part_prints() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 6)):
        ring.append(line("ping"))
        ring.append(line("AT", direction=Direction.TX))
        ring.append(line("login: ", flags=Flag.PARTIAL))
        ring.append(line("lost: device disconnected", direction=Direction.NOTE))
        await until(lambda: rows(app)[3])
        assert rows(app)[:4] == [f" {kept}" for kept in ring.since(0)]


async def test_a_line_that_did_not_leave_says_so() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(120, 6)):
        ring.append(line("AT+RST", direction=Direction.TX, flags=Flag.UNSENT))
        await until(lambda: rows(app)[0].endswith("Tx =X= AT+RST   not sent: link lost; ↑ brings it back"))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_follows_until_the_user_scrolls_up_and_again_on_end(size: tuple[int, int]) -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=size) as pilot:
        ring.extend(lines(100))
        await until(lambda: rows(app)[-1].endswith("line 99"))
        await pilot.press("pageup")
        assert not app.view.follow
        there = rows(app)
        ring.extend(lines(50, start=100))
        await until(lambda: app.view.new_lines == 50)
        assert rows(app) == there
        await pilot.press("end")
        await until(lambda: rows(app)[-1].endswith("line 149"))
        assert app.view.follow
        assert not app.view.new_lines


async def test_the_place_does_not_drift_while_old_lines_are_evicted() -> None:
    ring = Ring(max_lines=200)
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(200))
        await until(lambda: rows(app)[-1].endswith("line 199"))
        await pilot.press("k")
        there = rows(app)
        for start in range(200, 350, 10):
            ring.extend(lines(10, start=start))
            await until(lambda: app.view.new_lines == ring.next_seq - 200)
            assert [row[:-1] for row in rows(app)] == [row[:-1] for row in there]
        ring.extend(lines(100, start=350))
        await until(lambda: rows(app)[0].endswith("line 250"), "the oldest line kept")


async def test_the_wheel_up_pauses() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(100))
        await until(lambda: rows(app)[-1].endswith("line 99"))
        await pilot._post_mouse_events([events.MouseScrollUp], widget=app.view, button=0)
        assert not app.view.follow
        ring.extend(lines(1, start=100))
        await until(lambda: app.view.new_lines == 1)


async def test_narrow_views_have_short_stamps_until_the_user_chooses() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(40, 5)) as pilot:
        ring.append(line("ping"))
        await until(lambda: rows(app)[0].endswith("Rx <== ping"))
        assert app.view.stamps is Stamps.TIME
        assert rows(app)[0] == f"{str(ring[0])[11:19]} Rx <== ping"
        for stamps in (Stamps.DELTA, Stamps.OFF, Stamps.FULL):
            await pilot.press("t")
            assert app.view.stamps is stamps
        assert rows(app)[0] == str(ring[0])[:40]


async def test_deltas_count_from_the_line_shown_before() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 5)):
        app.view.stamps = Stamps.DELTA
        ring.extend([line("a", second=0), line("b", second=1), line("c", second=3)])
        await until(lambda: rows(app)[2])
        assert [row.split()[0] for row in rows(app)[:3]] == ["·", "+1.000000", "+2.000000"]


async def test_without_colours_the_same_rows_stand_there_dim_or_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 6)):
        app.view.find(search("pin"))
        ring.append(line("ping"))
        await until(lambda: rows(app)[0] == f" {ring[0]}")
        styles = {segment.text: segment.style for segment in app.view.render_line(0)}
        assert all(style is not None for style in styles.values())
        assert styles["pin"] is not None
        assert styles["pin"].reverse
        stamp = next(style for text, style in styles.items() if text.startswith("2020"))
        assert stamp is not None
        assert stamp.dim


async def test_the_reader_stays_where_he_is_when_the_same_lines_come_in_other_words() -> None:
    ring, other = Ring(), Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(200))
        await until(lambda: rows(app)[-1].endswith("line 199"))
        await pilot.press("pageup", "pageup", "k", "m")
        there = rows(app)
        for each in lines(200):
            other.extend([replace(each, text=f"{each.text} decoded"), replace(each, text="and more")])
        decoded = f"{there[0]} decoded"
        app.view.swap(other)
        await until(lambda: rows(app)[0] == decoded, "the same line at the top")
        marked = next(row for row in there if row.startswith("▌"))
        assert not app.view.follow
        await pilot.press("apostrophe")
        assert f"{marked} decoded" in rows(app), "the bookmark is on its line"
        await pilot.press("G")
        await until(lambda: rows(app)[-1].endswith("and more"), "the end")
        app.view.swap(ring)
        await until(lambda: rows(app)[-1].endswith("line 199"), "the end of the other")
        assert app.view.follow
