"""NMEA sentences in words, and their checksums."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.lines import Level, Line
from opsterm.services.serial.decoding.builtin import nmea


def decoded(text: str) -> Line:
    return nmea.decode(Line(text.encode(), text, 1, 2))


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (
            "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
            "GGA 12:35:19 48.1173 N 11.5167 E fix GPS 8 satellites 545.4 m",
        ),
        ("$GPGGA,123519.00,,,,,0,00,99.99,,,,,,*6B", "GGA 12:35:19 no position fix none 0 satellites"),
        (
            "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A",
            "RMC 94-03-23 12:35:19 valid 48.1173 N 11.5167 E 22.4 kn 84.4°",
        ),
        ("$GPRMC,,V,,,,,,,,,,N*53", "RMC not valid no position"),
        ("$GPGLL,4916.45,N,12311.12,W,225444,A,*1D", "GLL 22:54:44 valid 49.274 N 123.185 W"),
        (
            "$GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1*39",
            "GSA fix 3D satellites 04 05 09 12 24 PDOP 2.5 HDOP 1.3 VDOP 2.1",
        ),
        (
            "$GNGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99,1*33",
            "GSA fix none no satellites PDOP 99.99 HDOP 99.99 VDOP 99.99",
        ),
        (
            "$GPGSV,2,1,08,01,40,083,46,02,17,308,41,12,07,344,39,14,22,228,45*75",
            "GSV 1/2 8 satellites in view 01:46 02:41 12:39 14:45",
        ),
        ("$GPGSV,3,3,09,32,11,110,,0*5D", "GSV 3/3 9 satellites in view 32:-"),
        ("$GPGSV,1,1,00*79", "GSV 1/1 0 satellites in view"),
        ("$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48", "VTG 54.7° 5.5 kn 10.2 km/h"),
        ("$GPZDA,201530.00,04,07,2002,00,00*60", "ZDA 2002-07-04 20:15:30"),
        ("$GPHDT,274.07,T*03", "HDT 274.07°"),
        ("$GPTXT,01,01,02,ANTSTATUS=OK*3B", "TXT ANTSTATUS=OK"),
    ],
)
def test_sentences_in_words(sentence: str, words: str) -> None:
    line = decoded(sentence)
    assert (line.text, line.level) == (words, Level.NONE)
    assert line.raw == sentence.encode()


@pytest.mark.parametrize("text", ["", "$", "hello", "$GPXYZ,1,2", "$PUBX,00*33", "!AIVDM,1,1,,B,1,0*14", "GPGGA,1"])
def test_what_is_no_known_sentence_stays(text: str) -> None:
    line = decoded(text)
    assert (line.text, line.level) == (text, Level.NONE)


def test_a_wrong_checksum_is_marked() -> None:
    line = decoded("$GPHDT,274.07,T*04")
    assert (line.text, line.level) == ("$GPHDT,274.07,T*04  bad checksum, 03 expected", Level.WARN)


@pytest.mark.parametrize("body", ["GPGGA,123519", "GPGGA,12x519,,,,,0,,,,,,,", "GPVTG,a,T,,M,b,N,c,K", "GPGSV,,,"])
def test_a_malformed_sentence_is_marked(body: str) -> None:
    line = decoded(f"${body}")
    assert line.text == f"${body}  malformed {body[2:5]}"
    assert line.level is Level.WARN


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="*"), min_size=1), st.data())
def test_every_single_changed_byte_is_seen(body: str, data: st.DataObject) -> None:
    assert decoded(f"$PX{body}*{nmea.checksum('PX' + body):02X}").level is Level.NONE
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=f"*{body[place]}"))
    changed = body[:place] + other + body[place + 1 :]
    assert decoded(f"$PX{changed}*{nmea.checksum('PX' + body):02X}").level is Level.WARN


FIELD = st.sampled_from(["", "1", "A", "N", "4807.038", "123519", "-1", "nan", "٣", "08", "."]) | st.text(max_size=4)


@given(st.sampled_from(["GGA", "RMC", "GLL", "GSA", "GSV", "VTG", "ZDA", "HDT", "TXT"]), st.lists(FIELD, max_size=20))
def test_any_fields_are_words_or_marked(kind: str, fields: list[str]) -> None:
    body = ",".join([f"GN{kind}", *fields])
    line = decoded(f"${body}")
    assert line.text.startswith(kind) or line.text.startswith(f"${body}")


@given(st.text(max_size=60))
def test_any_text_passes(text: str) -> None:
    assert decoded(f"${text}").text
