"""What a pane shows: filter, find, wrap, wide characters, hostile text, a prompt that grows."""

from __future__ import annotations

from dataclasses import replace

from rich.cells import cell_len

from opsterm.services.lines import Direction, Flag, Level, Line, Ring
from opsterm.services.match import parse, search
from opsterm.services.sgr import runs
from tests.screens.line_pane import LineApp, line, lines, rows
from tests.waiting import until


def texts(app: LineApp) -> list[str]:
    """What the rows say after stamp and arrow."""
    return [row.partition("== ")[2] or row.partition("=> ")[2] for row in rows(app) if row]


async def test_a_filter_shows_matches_and_notes_also_of_what_comes_later() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)):
        ring.extend(lines(20))
        ring.append(line("lost", direction=Direction.NOTE))
        app.view.filter(parse("line 1 !5"))
        ring.extend(lines(20))
        await until(lambda: app.view.total == 40)
        assert app.view.matched == 20
        assert str(ring[20]) in app.view.saved_lines()
        app.view.filter(None)
        assert app.view.matched == app.view.total == 40


async def test_a_filter_asks_for_fields() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)):
        ring.extend(lines(20))
        match = parse("parity:even", frozenset({"parity"}))
        app.view.filter(match, lambda kept: {"parity": "odd" if kept.seq % 2 else "even"})
        await until(lambda: texts(app)[-2:] == ["line 16", "line 18"])


async def test_the_reader_comes_back_to_his_line_when_a_filter_ends() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(200))
        await until(lambda: rows(app)[-1].endswith("line 199"))
        await pilot.press("pageup", "pageup")
        there = rows(app)
        app.view.filter(parse("nothing is like this"))
        await until(lambda: not texts(app))
        app.view.filter(None)
        await until(lambda: rows(app) == there)


async def test_find_hides_nothing_and_n_goes_from_match_to_match() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(100))
        await until(lambda: rows(app)[-1].endswith("line 99"))
        app.view.find(search("line .0$"))
        assert app.view.found == 9
        await until(lambda: texts(app)[-1] == "line 99")
        await pilot.press("N", "N")
        assert pointed(app) == "line 80"
        assert not app.view.follow
        await pilot.press("n")
        assert pointed(app) == "line 90"
        await pilot.press("n")
        assert pointed(app) == "line 90", "the last match"


async def test_u_shows_all_lines_with_the_matches_marked() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(lines(100))
        app.view.filter(parse("5"))
        await until(lambda: texts(app)[-1] == "line 95")
        assert app.view.matched == 19
        await pilot.press("u")
        await until(lambda: texts(app)[-1] == "line 99")
        assert app.view.matched == 19
        await pilot.press("N")
        assert pointed(app) == "line 95"


def pointed(app: LineApp) -> str | None:
    """Text of the line under the cursor."""
    seq = app.view.cursor.seq
    return None if seq is None else app.view.ring[seq].text


async def test_wrapped_text_hangs_under_itself() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 8)) as pilot:
        ring.append(line("z" * 80))
        ring.append(line("漢" * 30))
        await pilot.press("w")
        await until(lambda: rows(app)[3])
        first, second, third, fourth = rows(app)[:4]
        room = 79 - cell_len(first.partition("z")[0])
        assert first.count("z") == room
        assert second == " " * first.index("z") + "z" * (80 - room)
        assert third.count("漢") == room // 2
        assert fourth.lstrip() == "漢" * (30 - room // 2)
        assert app.view.virtual_size.height == 4


async def test_a_wrapped_view_stays_at_its_line_when_the_width_changes() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        app.view.wrap = True
        ring.extend(line(f"{number}:" + "x" * 150) for number in range(100))
        await until(lambda: rows(app)[-1])
        await pilot.press("home", *["pagedown"] * 3)
        reading = app.view.ring[app.view._reading].text.split(":")[0]
        await pilot.resize_terminal(100, 10)
        await until(lambda: app.view.painter.width == 99)
        await until(lambda: texts(app)[0].startswith(f"{reading}:"))


async def test_text_scrolls_sideways_under_a_prefix_that_stays() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 5)) as pilot:
        ring.append(line("0123456789" * 10))
        ring.append(line("漢字" * 40))
        await until(lambda: rows(app)[1])
        await pilot.press("right")
        await until(lambda: texts(app)[0].startswith("89012"))
        assert rows(app)[0].startswith(f" {str(ring[0])[:34]}89012")
        assert texts(app)[1].startswith("漢字")
        await pilot.press("left")
        await until(lambda: texts(app)[0].startswith("01234"))


async def test_foreign_text_is_shown_as_it_is() -> None:
    ring = Ring()
    app = LineApp(ring)
    hostile = ["[/red]", "[@click=app.bell]x[/]", "[/", "[link=http://x]y[/]", "\x1b]0;title\x07after", "a\u202eb"]
    async with app.run_test(size=(80, 10)) as pilot:
        ring.extend(line(text) for text in hostile)
        shown = [*hostile[:4], "after", "a<U+202E>b"]
        await until(lambda: texts(app) == shown)
        await pilot.press("w")
        await until(lambda: texts(app) == shown)


async def test_a_prompt_grows_in_its_place() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 5)):
        ring.append(line("log", flags=Flag.PARTIAL))
        await until(lambda: texts(app) == ["log…"])
        ring.replace_last(line("login:", flags=Flag.PARTIAL))
        await until(lambda: texts(app) == ["login:…"])
        ring.replace_last(line("login:"))
        ring.append(line("next"))
        await until(lambda: texts(app) == ["login:", "next"])
        app.view.filter(parse("login"))
        await until(lambda: texts(app) == ["login:"])
        ring.replace_last(line("next login"))
        await until(lambda: texts(app) == ["login:", "next login"])


async def test_another_ring_is_shown_from_its_end() -> None:
    first, second = Ring(), Ring()
    app = LineApp(first)
    async with app.run_test(size=(80, 5)) as pilot:
        first.extend(lines(50))
        second.extend(lines(20, start=100))
        await until(lambda: rows(app)[-1].endswith("line 49"))
        await pilot.press("k")
        app.view.show(second)
        await until(lambda: rows(app)[-1].endswith("line 119"))
        first.append(line("stale"))
        second.append(line("fresh"))
        await until(lambda: rows(app)[-1].endswith("fresh"))


async def test_a_source_says_its_own_prefix_in_its_own_colour() -> None:
    def prefix(kept: Line) -> list[tuple[str, str]]:
        return [("web/app ", "source-1"), ("INFO ", "debug")]

    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 5)):
        app.view.prefix = prefix
        ring.append(line("ready"))
        await until(lambda: rows(app)[0].endswith(" web/app INFO ready"))
        colours = {
            segment.text: segment.style.color.name
            for segment in app.view.render_line(0)
            if segment.style is not None and segment.style.color is not None
        }
        assert colours["web/app "] == "#6cb6ff"
        app.theme = "textual-light"
        await until(lambda: any("#0b5bb5" in str(segment.style) for segment in app.view.render_line(0)))


async def test_only_the_word_for_a_bad_level_has_a_colour() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)):
        for level, text in (
            (Level.ERROR, "FATAL no ERROR here"),
            (Level.WARN, "a Warning"),
            (Level.INFO, "INFO error"),
        ):
            ring.append(replace(line(text), level=level))
        await until(lambda: "INFO" in "".join(rows(app)))

        def coloured(row: int, role: str) -> list[str]:
            colour = app.view.get_component_rich_style(f"line--{role}").color
            segments = [each for each in app.view.render_line(row) if each.style and each.style.color == colour]
            return [each.text for each in segments]

        assert coloured(0, "error") == ["FATAL"]
        assert coloured(1, "warning") == ["Warning"]
        assert coloured(2, "error") == []


class Pairs:
    """Rows of two characters."""

    def count(self, kept: Line, cells: int) -> int:
        return max(1, -(-len(kept.text) // 2))

    def rows(self, kept: Line, cells: int) -> list[str]:
        return [kept.text[at : at + 2] for at in range(0, len(kept.text), 2)] or [""]


async def test_records_stand_below_one_another_and_are_copied_as_they_stand() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)) as pilot:
        ring.append(line("abcde"))
        ring.append(line("lost", direction=Direction.NOTE))
        ring.append(line("", flags=Flag.PARTIAL))
        app.view.records = Pairs()
        await until(lambda: len([row for row in rows(app) if row]) == 5)
        lead = len(str(line("")))
        assert [row[1 + lead :] for row in rows(app)[:3]] == ["ab", "cd", "e"]
        assert rows(app)[1].strip() == "cd"
        assert rows(app)[3].endswith("--- lost")
        assert rows(app)[4].endswith("…")
        assert next(iter(app.view.saved_lines())) == f"{line('ab')}\n{' ' * lead}cd\n{' ' * lead}e"
        await pilot.press("g", "v", "y")
        await until(lambda: bool(app.copied))
        assert app.copied[0].text.split() == [*str(line("ab")).split(), "cd", "e"]
        app.view.records = None
        await until(lambda: rows(app)[0].endswith("Rx <== abcde"))


async def test_colours_of_a_source_are_drawn_by_the_theme_and_never_made_unreadable() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(80, 10)):
        ring.append(line("\x1b[31mred\x1b[0m \x1b[40;30mdark\x1b[0m \x1b[97;44mboth\x1b[0m"))
        app.view.colouring = lambda kept: runs(kept.raw, kept.text)
        await until(lambda: rows(app)[0].endswith("red dark both"))
        strip = app.view.render_line(0)
        styles = {segment.text: segment.style for segment in strip}
        plain, red, both = styles[" dark "], styles["red"], styles["both"]
        assert plain
        assert red
        assert both
        assert red.color != plain.color
        assert red.bgcolor == plain.bgcolor
        assert both.bgcolor != plain.bgcolor


async def test_lines_of_two_sources_stand_in_two_columns_and_wrap_in_their_own() -> None:
    ring = Ring()
    app = LineApp(ring)
    async with app.run_test(size=(100, 10)) as pilot:
        ring.append(line("from a"))
        ring.append(line("from b", direction=Direction.TX, second=1))
        ring.append(line("z" * 40, second=2))
        app.view.lanes = lambda kept: int(kept.text == "from b")
        app.view.wrap = True
        await until(lambda: "│" in rows(app)[0])
        divider = rows(app)[0].index("│")
        assert rows(app)[0].rstrip(" │").endswith("Rx <== from a")
        assert not rows(app)[1][:divider].strip()
        assert rows(app)[1][divider:].endswith("Tx ==> from b")
        assert rows(app)[3][:divider].strip("z ") == ""
        assert (rows(app)[2] + rows(app)[3]).count("z") == 40, "the long line goes on in its own column"
        await pilot.press("g", "v", "j", "y")
        await until(lambda: bool(app.copied))
        assert app.copied[0].text.count("from") == 2
        assert "│" not in app.copied[0].text
