"""Bluetooth addresses and UUIDs as somebody types them: each is understood, or refused in words."""

from __future__ import annotations

import uuid
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.serial.errors import BadSettingError
from opsterm.services.serial.links import target_for
from opsterm.services.serial.links.uuids import full_uuid

ADDRESS = st.lists(st.integers(0, 255), min_size=6, max_size=6).map(
    lambda parts: ":".join(f"{part:02X}" for part in parts)
)
TYPED = st.text(max_size=40) | st.text("0123456789abcdefABCDEFx-/?&=:%channelsvcrxtu", max_size=60)


@given(st.sampled_from(["bt://", "bt-server://", "ble://", "bt-server:", "bt:", "ble:"]), TYPED)
def test_whatever_is_typed_is_understood_or_refused_in_words(scheme: str, typed: str) -> None:
    with suppress(BadSettingError):
        assert target_for(scheme + typed).device == scheme + typed
        return
    with pytest.raises(BadSettingError) as caught:
        target_for(scheme + typed)
    assert caught.value.reason.startswith("Invalid address '")
    assert caught.value.hint.startswith("Write ")


@given(ADDRESS, st.integers(1, 30), st.uuids())
def test_what_is_written_as_it_should_be_is_understood(address: str, channel: int, service: uuid.UUID) -> None:
    for port in (
        f"bt://{address}",
        f"bt://{address.lower()}/{channel}",
        f"bt://{address}/{service}",
        f"bt-server://?channel={channel}",
        f"bt-server://?unpaired=yes&channel={channel}",
        f"ble://{address}?svc={service}&tx={service}",
    ):
        assert target_for(port).device == port


@given(st.uuids())
def test_a_whole_uuid_stays_what_it_is(whole: uuid.UUID) -> None:
    assert full_uuid(str(whole).upper()) == str(whole)


@given(st.integers(0, 0xFFFFFFFF))
def test_a_short_uuid_stands_in_the_base_uuid(number: int) -> None:
    whole = f"{number:08x}-0000-1000-8000-00805f9b34fb"
    assert full_uuid(f"{number:08X}") == full_uuid(f"0x{number:08x}") == whole
    if number <= 0xFFFF:
        assert full_uuid(f"{number:04x}") == whole


@pytest.mark.parametrize("text", ["", "1", "ffe", "ffe00", "uart", "6e400001-b5a3", "0x", "ffe0 ", "ﬀe0"])
def test_what_is_no_uuid(text: str) -> None:
    assert full_uuid(text) == ""
