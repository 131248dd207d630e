"""Names of keys, as Textual writes them, to the bytes that xterm sends for them."""

from __future__ import annotations

_MODIFIERS = {"shift": 1, "alt": 2, "ctrl": 4}

_PLAIN = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "space": " ",
    "backspace": "\x7f",
    "shift+tab": "\x1b[Z",
    "ctrl+space": "\x00",
    "ctrl+backslash": "\x1c",
}

_LETTERED = {"up": "A", "down": "B", "right": "C", "left": "D", "end": "F", "home": "H"}
_LETTERED |= {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}

_NUMBERED = {"insert": 2, "delete": 3, "pageup": 5, "pagedown": 6, "f5": 15, "f6": 17, "f7": 18, "f8": 19, "f9": 20}
_NUMBERED |= {"f10": 21, "f11": 23, "f12": 24}


def encode(name: str) -> str:
    """What xterm sends for the key `name`: `enter`, `f2`, `ctrl+q`, `shift+up`, `ctrl+pagedown`, `alt+x`, `?`.
    Raises KeyError for a name that it does not know.
    """
    if name in _PLAIN:
        return _PLAIN[name]
    *prefixes, key = name.split("+") if name != "+" else [name]
    modifier = sum(_MODIFIERS[prefix] for prefix in prefixes)
    if key in _LETTERED:
        if modifier:
            return f"\x1b[1;{modifier + 1}{_LETTERED[key]}"
        return ("\x1bO" if key.startswith("f") else "\x1b[") + _LETTERED[key]
    if key in _NUMBERED:
        return f"\x1b[{_NUMBERED[key]}" + (f";{modifier + 1}~" if modifier else "~")
    sent = _PLAIN.get(key, key)
    if len(sent) != 1 or modifier & _MODIFIERS["shift"]:
        raise KeyError(name)
    if modifier & _MODIFIERS["ctrl"]:
        if not ("a" <= sent <= "z"):
            raise KeyError(name)
        sent = chr(ord(sent) & 0x1F)
    return "\x1b" + sent if modifier & _MODIFIERS["alt"] else sent


def click(x: int, y: int) -> str:
    """The left button pressed and released in the cell `x`, `y`, counted from 0, as mode 1006 reports it."""
    return f"\x1b[<0;{x + 1};{y + 1}M\x1b[<0;{x + 1};{y + 1}m"
