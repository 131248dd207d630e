"""`LineView`: the pane on which all lines are drawn.

From the inside out: `layout`, `wrap` and `index` say which lines are shown and in which rows; `stamps`, `words`,
`records`, `content`, `colours`, `device_colours` and `painter` what a row looks like; `pace` and `feed` when the pane
looks at its ring; `pane` puts these together, `cursor`, `keys` and `moving` let a reader move in it, and `view` is
the whole, with what can be taken from it.
"""

from opsterm.widgets.line_view.view import LineView

__all__ = ["LineView"]
