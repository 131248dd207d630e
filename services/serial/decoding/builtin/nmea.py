"""NMEA 0183 sentences of receivers for GPS and its like, in words, their checksums verified.

The fields are those of the NMEA 0183 standard as gpsd describes them (https://gpsd.io/NMEA.html).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from operator import xor

from opsterm.services.lines import Level, Line

_SENTENCE = re.compile(r"[$!]([^*]+)(?:\*([0-9A-Fa-f]{2}))?\s*")
_TALKERS = ("GP", "GL", "GA", "GB", "BD", "GN", "GQ", "QZ", "GI", "SB")
_QUALITIES = ("none", "GPS", "DGPS", "PPS", "RTK", "float RTK", "dead reckoning", "manual", "simulated")
_QUALITY = {str(number): name for number, name in enumerate(_QUALITIES)}
_MODES = {"1": "none", "2": "2D", "3": "3D"}

Fields = list[str]


def decode(line: Line) -> Line:
    """Such as `GGA 12:35:19 48.1173 N 11.5167 E fix GPS 8 satellites 545.4 m`.

    A sentence with a wrong checksum is marked as a warning. What is no sentence, or one not known here, stays.
    """
    found = _SENTENCE.fullmatch(line.text)
    if found is None:
        return line
    body, given = found[1], found[2]
    if given and int(given, 16) != checksum(body):
        line.level = Level.WARN
        line.text += f"  bad checksum, {checksum(body):02X} expected"
        return line
    name, *fields = body.split(",")
    kind = name[2:] if name.startswith(_TALKERS) else ""
    if kind in _KINDS:
        try:
            words = _KINDS[kind](fields)
        except (IndexError, ValueError):
            line.level = Level.WARN
            line.text += f"  malformed {kind}"
            return line
        line.text = " ".join([kind, *filter(None, words)])
    return line


def checksum(body: str) -> int:
    """Of what stands between `$` and `*`: all bytes, exclusive or."""
    return reduce(xor, body.encode(), 0)


def _gga(f: Fields) -> Fields:
    return [
        _time(f[0]),
        *_place(f[1:5]),
        f"fix {_QUALITY.get(f[5], f[5])}",
        _amount(f[6], "satellites"),
        _amount(f[8], "m"),
    ]


def _rmc(f: Fields) -> Fields:
    return [_date(f[8]), _time(f[0]), _valid(f[1]), *_place(f[2:6]), _amount(f[6], "kn"), _amount(f[7], "°")]


def _gll(f: Fields) -> Fields:
    return [_time(f[4]), _valid(f[5]), *_place(f[0:4])]


def _gsa(f: Fields) -> Fields:
    used = [satellite for satellite in f[2:14] if satellite]
    figures = [f"{name} {value}" for name, value in zip(("PDOP", "HDOP", "VDOP"), f[14:17], strict=True) if value]
    return [f"fix {_MODES.get(f[1], f[1])}", "satellites " + " ".join(used) if used else "no satellites", *figures]


def _gsv(f: Fields) -> Fields:
    """In view: number, and strength in dB where it is received; four in a sentence."""
    seen = [f[at : at + 4] for at in range(3, len(f) - 3, 4)]  # the number of a signal may follow
    strengths = [f"{number}:{strength or '-'}" for number, _, _, strength in seen if number]
    return [f"{int(f[1])}/{int(f[0])}", f"{int(f[2])} satellites in view", *strengths]


def _vtg(f: Fields) -> Fields:
    return [_amount(f[0], "°"), _amount(f[4], "kn"), _amount(f[6], "km/h")]


def _zda(f: Fields) -> Fields:
    return ["-".join((f[3], f[2], f[1])) if f[1] else "", _time(f[0])]


def _hdt(f: Fields) -> Fields:
    return [_amount(f[0], "°")]


def _txt(f: Fields) -> Fields:
    return [",".join(f[3:])]


_KINDS: dict[str, Callable[[Fields], Fields]] = {
    "GGA": _gga,
    "RMC": _rmc,
    "GLL": _gll,
    "GSA": _gsa,
    "GSV": _gsv,
    "VTG": _vtg,
    "ZDA": _zda,
    "HDT": _hdt,
    "TXT": _txt,
}


def _time(field: str) -> str:
    """`123519.00` as `12:35:19`; the fraction stays where it is not zero."""
    if not field:
        return ""
    if not field[:6].isdecimal() or len(field) < 6:
        raise ValueError(field)
    return f"{field[:2]}:{field[2:4]}:{field[4:].rstrip('0').rstrip('.') if '.' in field else field[4:]}"


def _date(field: str) -> str:
    """`230394` as `94-03-23`: the century is not said."""
    return f"{field[4:6]}-{field[2:4]}-{field[:2]}" if field else ""


def _place(fields: Fields) -> Fields:
    latitude, north, longitude, east = fields
    if not (latitude and longitude):
        return ["no position"]
    return [f"{_degrees(latitude)} {north}", f"{_degrees(longitude)} {east}"]


def _degrees(field: str) -> str:
    """`4807.038`, degrees and minutes, as `48.1173` degrees; as many digits as the minutes had, and one."""
    whole, _, fraction = field.partition(".")
    degrees = int(whole[:-2] or 0) + float(f"{whole[-2:]}.{fraction or 0}") / 60
    return f"{degrees:.{len(fraction) + 1}f}"


def _valid(field: str) -> str:
    return {"A": "valid", "V": "not valid"}.get(field, field)


def _amount(field: str, unit: str) -> str:
    if not field:
        return ""
    float(field)  # anything else is no figure
    whole, dot, fraction = field.partition(".")
    figure = f"{whole.lstrip('0') or '0'}{dot}{fraction}"
    return f"{figure}{'' if unit == '°' else ' '}{unit}"
