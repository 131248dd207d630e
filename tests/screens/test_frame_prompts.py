"""What the prompt says beside what is typed: counts that go on, and what is wrong until it is put right."""

from __future__ import annotations

from pathlib import Path

from opsterm.screens.ports import PortPicker
from opsterm.services.lines import Line
from opsterm.services.serial.ports import Port
from opsterm.tui.app import OpsTerm
from tests.screens.frame_app import LinesScreen, front, program, put, says
from tests.screens.line_pane import lines
from tests.waiting import until


async def started(app: OpsTerm, some: list[Line]) -> LinesScreen:
    await until(lambda: app.current_mode == "lines" and says(app, "? help"), "the first tab")
    put(app, some)
    screen = front(app)
    assert isinstance(screen, LinesScreen)
    await until(lambda: screen.lines.has_focus and says(app, "line 0"), "the lines")
    return screen


async def test_what_is_wrong_with_a_filter_stays_while_lines_arrive(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 24)) as pilot:
        screen = await started(app, lines(3))
        await pilot.press("slash", *"line", "left_square_bracket")
        await until(lambda: says(app, "✖ "), "what is wrong")
        put(app, lines(2, start=3))
        await until(lambda: screen.lines.matched == 5, "the lines, filtered by the last good one")
        screen.refresh_rows()
        await pilot.pause()
        assert says(app, "✖ ")
        assert says(app, "still showing: line")
        await pilot.press("backspace")
        await until(lambda: says(app, "5/5   enter keep   esc clear"), "the count")


async def test_what_is_wrong_with_a_find_goes_when_it_is_put_right(tmp_path: Path) -> None:
    app = program(tmp_path)
    async with app.run_test(size=(120, 24)) as pilot:
        screen = await started(app, lines(3))
        await pilot.press("backslash", *"line", "left_square_bracket")
        await until(lambda: says(app, "✖ "), "what is wrong")
        await pilot.press("backspace")
        await until(lambda: says(app, "n next   N previous   esc clear"), "how it goes on")
        assert not screen.prompt.has_class("-bad")


async def test_a_name_that_no_port_has_can_be_opened_all_the_same(tmp_path: Path) -> None:
    app = program(tmp_path, front="serial")
    async with app.run_test(size=(120, 24)) as pilot:
        await until(lambda: says(app, "Open ›"), "the picker")
        picker = app.screen.query_one(PortPicker)
        await until(lambda: picker.input.has_focus, "the field")
        app.screen.workers.cancel_group(app.screen, "ports")
        picker.show([Port("/dev/ttyX0", "a modem")])
        await pilot.press(*"/dev/pts/77")
        await until(
            lambda: says(app, 'No port matches "/dev/pts/77": enter opens it by this name.'), "what enter does"
        )
        await until(lambda: says(app, "0 of 1 match"), "the count")
        await pilot.press("ctrl+u")
        await until(lambda: says(app, "a modem"), "the list again")


async def filtered(app: OpsTerm, *, before: str, typed: str) -> None:
    """One day: the filter of `before` is offered, and another one is kept."""
    async with app.run_test(size=(120, 24)) as pilot:
        screen = await started(app, lines(3))
        await pilot.press("slash")
        if before:
            await pilot.press("up")
            assert screen.prompt.input.value == before
            await until(lambda: says(app, "3/3   enter keep"), "the filter of yesterday, in force")
            await pilot.press("down")
        await pilot.press(*typed, "enter")
        await until(lambda: app.memory["filters"][-1:] == [typed], "the filter, remembered")


async def test_a_filter_that_was_kept_is_there_again_the_next_day(tmp_path: Path) -> None:
    await filtered(program(tmp_path), before="", typed="line")
    tomorrow = program(tmp_path)
    await filtered(tomorrow, before="line", typed="1")
    assert tomorrow.memory["filters"] == ["line", "1"]
