"""Which device a lasting name means, now and after it was away."""

from __future__ import annotations

import pytest

from opsterm.services.serial.errors import BadSettingError, NoSuchPortError
from opsterm.services.serial.links import find
from opsterm.services.serial.links.find import Finder
from opsterm.services.serial.ports import Presence

Ports = list[Presence]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Ports:
    """The ports there are, for the test to change."""
    ports: Ports = []
    monkeypatch.setattr(find, "present_ports", lambda: list(ports))
    monkeypatch.setattr(find.os.path, "exists", lambda path: any(port.device == path for port in ports))
    return ports


_made = iter(range(1, 1_000_000))


def adapter(device: str, serial: str = "", usb: str = "usb:0403:6001", interface: str = "") -> Presence:
    """A port that has just appeared."""
    number = next(_made)
    return Presence(f"/dev/{device}", f"{usb}:{serial}" if serial else usb, interface, serial, (number, number))


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("usb:0403:6001:A1", "/dev/ttyUSB0"),
        ("usb:0403:6001:B2", "/dev/ttyUSB1"),
        ("usb:10C4:EA60", "/dev/ttyUSB2"),
        ("usb:0403:6001", "/dev/ttyUSB0"),
    ],
)
def test_an_adapter_is_found_by_its_id(there: Ports, name: str, device: str) -> None:
    there += [adapter("ttyUSB0", "A1"), adapter("ttyUSB1", "B2"), adapter("ttyUSB2", usb="usb:10c4:ea60")]
    assert Finder(name).find() == device


def test_a_serial_number_is_not_mistaken_for_the_beginning_of_another(there: Ports) -> None:
    there.append(adapter("ttyUSB0", "A12"))
    with pytest.raises(NoSuchPortError, match=r"No such adapter: usb:0403:6001:A1\. Available: usb:0403:6001:A12"):
        Finder("usb:0403:6001:A1").find()
    there.clear()
    with pytest.raises(NoSuchPortError, match=r"No USB serial ports found\."):
        Finder("usb:0403:6001:A1").find()


@pytest.mark.parametrize("name", ["usb:", "usb:0403", "usb:0403:6001:", "usb:xxxx:6001", "auto:", "auto:old"])
def test_a_name_written_wrongly_is_refused(name: str) -> None:
    with pytest.raises(BadSettingError, match=f"Invalid name '{name}'"):
        Finder(name)


def test_the_next_new_port_is_none_of_the_present_ones(there: Ports) -> None:
    there.append(adapter("ttyUSB0"))
    finder = Finder("auto:new")
    for _ in range(2):
        with pytest.raises(NoSuchPortError, match="No new port yet"):
            finder.find()
    there.append(adapter("ttyUSB1"))
    assert finder.find() == "/dev/ttyUSB1"


def test_a_port_plugged_in_again_is_new(there: Ports) -> None:
    there.append(adapter("ttyUSB0"))
    finder = Finder("auto:new")
    with pytest.raises(NoSuchPortError):
        finder.find()
    there[:] = [adapter("ttyUSB0")]
    assert finder.find() == "/dev/ttyUSB0"


def test_the_latest_port_is_the_one_that_appeared_last(there: Ports) -> None:
    there += [adapter("ttyUSB2"), adapter("ttyUSB0"), adapter("ttyUSB1")]
    there.sort(key=lambda port: port.device)
    assert Finder("auto:latest").find() == "/dev/ttyUSB1"


@pytest.mark.parametrize("name", ["auto:new", "auto:latest"])
def test_an_automatic_choice_stays_with_what_it_chose(there: Ports, name: str) -> None:
    there.append(adapter("ttyUSB0"))
    finder = Finder(name)
    if name == "auto:new":
        with pytest.raises(NoSuchPortError):
            finder.find()
    chosen = adapter("ttyACM0", "C3")
    there.append(chosen)
    assert finder.find() == "/dev/ttyACM0"
    finder.opened("/dev/ttyACM0")
    assert finder.find() == "/dev/ttyACM0"
    there.remove(chosen)
    with pytest.raises(NoSuchPortError):  # never one of those that were there all the time
        finder.find()
    there += [adapter("ttyACM1", "C3"), adapter("ttyACM2", "D4")]
    assert finder.find() == "/dev/ttyACM1"


def test_the_adapter_of_a_path_is_found_under_another_name(there: Ports) -> None:
    there.append(adapter("ttyUSB0", "0001"))
    finder = Finder("/dev/ttyUSB0")
    finder.opened(finder.find())
    assert finder.moved == ""
    there[:] = [adapter("ttyUSB2", "0002"), adapter("ttyUSB1", "0001")]
    assert finder.find() == "/dev/ttyUSB1"
    finder.opened("/dev/ttyUSB1")
    assert finder.moved == "as /dev/ttyUSB1 (same serial 0001)"
    finder.opened("/dev/ttyUSB1")
    assert finder.moved == ""


def test_the_path_itself_comes_first(there: Ports) -> None:
    there.append(adapter("ttyUSB0", "0001"))
    finder = Finder("/dev/ttyUSB0")
    finder.opened(finder.find())
    there[:] = [adapter("ttyUSB0", "0002"), adapter("ttyUSB1", "0001")]
    assert finder.find() == "/dev/ttyUSB0"


def test_the_ports_of_one_adapter_are_told_apart(there: Ports) -> None:
    there += [adapter("ttyUSB0", "0001", interface="1.0"), adapter("ttyUSB1", "0001", interface="1.1")]
    finder = Finder("/dev/ttyUSB1")
    finder.opened(finder.find())
    there[:] = [adapter("ttyUSB2", "0001", interface="1.0"), adapter("ttyUSB3", "0001", interface="1.1")]
    assert finder.find() == "/dev/ttyUSB3"


def test_an_adapter_without_a_serial_number_is_not_guessed(there: Ports) -> None:
    there.append(adapter("ttyUSB0"))
    finder = Finder("/dev/ttyUSB0")
    finder.opened(finder.find())
    there[:] = [adapter("ttyUSB1")]
    assert finder.find() == "/dev/ttyUSB0"
