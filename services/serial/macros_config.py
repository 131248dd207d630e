"""Macros as the configuration has them: a table of tables, every key of which is known."""

from __future__ import annotations

from typing import Any

from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.macros import KEYS, BadMacroError, Macro, Mode, parse_texts
from opsterm.services.text import clean

_KNOWN = ("key", "send", "mode", "every_ms")
_LEAST_MS = 10
_MOST_MS = 24 * 3_600_000


def parse_macros(tables: dict[str, Any]) -> tuple[Macro, ...]:
    """The macros in their order; `status = {send = "AT+STATUS", key = "F7"}` is one. Raises BadMacroError."""
    macros = tuple(_macro(name, table) for name, table in tables.items())
    owners: dict[str, str] = {}
    for macro in macros:
        if macro.key and (owner := owners.setdefault(macro.key, macro.name)) != macro.name:
            raise BadMacroError(f"{macro.name}.key: {macro.key} is the key of {owner}.")
    return macros


def _macro(name: str, table: Any) -> Macro:
    if not name.strip() or clean(name) != name:
        raise BadMacroError(f"{clean(name)!r} is no name for a macro.")
    if not isinstance(table, dict):
        raise BadMacroError(f'{name}: a table such as {{ send = "AT" }}, not {table!r}.')
    if unknown := table.keys() - set(_KNOWN):
        raise BadMacroError(f"{name}: unknown key '{min(unknown)}': {', '.join(_KNOWN)}.")
    key = table.get("key", "")
    if not isinstance(key, str) or (key and key.upper() not in KEYS):
        raise BadMacroError(f"{name}.key: {key!r} is none of {KEYS[0]} to {KEYS[-1]}.")
    mode = table.get("mode", Mode.TEXT.value)
    if mode not in [each.value for each in Mode]:
        raise BadMacroError(f"{name}.mode: {mode!r} is none of {', '.join(each.value for each in Mode)}.")
    every_ms = table.get("every_ms", 0)
    if (
        not isinstance(every_ms, int)
        or isinstance(every_ms, bool)
        or (every_ms and not _LEAST_MS <= every_ms <= _MOST_MS)
    ):
        raise BadMacroError(
            f"{name}.every_ms: {every_ms!r} is no number of milliseconds from {_LEAST_MS} to {_MOST_MS}."
        )
    return Macro(name, _sent(name, table.get("send"), Mode(mode)), Mode(mode), key.upper(), every_ms)


def _sent(name: str, send: Any, mode: Mode) -> tuple[Any, ...]:
    texts = [send] if isinstance(send, str) else send
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise BadMacroError(f"{name}.send: a text or a list of texts.")
    try:
        return parse_texts(texts, mode)
    except BadSettingError as error:
        raise BadMacroError(f"{name}.send: {error.reason.removeprefix('Not sent: ')}") from None
