"""How the colours that a device gives its text are drawn: by the theme's, and always so that they can be read."""

from __future__ import annotations

from rich.color import Color
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color as Tone

from opsterm.services.sgr import Colour, Sgr

_LEAST_CONTRAST = 3.0
"""Between text and a background that the device chose; with less the background is left out."""
_VISIBLE = 1.5
"""Between text and the pane; text with less has the pane's own colour."""
_ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike")


class DeviceColours:
    """Styles on a pane whose text looks like `text`; slots 0 to 15 are those of `theme`."""

    def __init__(self, theme: TerminalTheme, text: Style) -> None:
        self._theme = theme
        self._text = text

    def style(self, look: Sgr) -> Style:
        """What `look` adds to the style of the text."""
        colour, background = self._colour(look.colour), self._colour(look.background)
        if background is not None and self._contrast(colour or self._text.color, background) < _LEAST_CONTRAST:
            background = None
        if colour is not None and background is None and self._contrast(colour, self._text.bgcolor) < _VISIBLE:
            colour = None
        on = {name: True for name in _ATTRIBUTES if getattr(look, name)}
        return Style(color=colour, bgcolor=background, **on)  # type: ignore[arg-type]  # mypy sees any argument

    def _colour(self, colour: Colour | None) -> Color | None:
        if colour is None:
            return None
        if isinstance(colour, tuple):
            return Color.from_rgb(*colour)
        return Color.from_triplet(Color.from_ansi(colour).get_truecolor(self._theme))

    def _contrast(self, one: Color | None, other: Color | None) -> float:
        if one is None or other is None:
            return _LEAST_CONTRAST  # the terminal's own: unknown here, and made to be read
        lights = sorted((_light(one, self._theme), _light(other, self._theme)))
        return (lights[1] + 0.05) / (lights[0] + 0.05)


def _light(colour: Color, theme: TerminalTheme) -> float:
    """The relative luminance of WCAG 2."""
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in Tone.from_rich_color(colour, theme).normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
