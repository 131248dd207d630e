"""Kubeconfig files: which one wins, and what is said about a fault in one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opsterm.services.kube.config import load, paths
from opsterm.services.kube.connection import connect
from opsterm.services.kube.errors import BadConfigError, NoConfigError


def write(file: Path, name: str, *, current: str = "", user: dict[str, Any] | None = None, **cluster: Any) -> Path:
    """A kubeconfig with one cluster, user and context, all called `name`."""
    document = {
        "current-context": current,
        "clusters": [{"name": name, "cluster": {"server": f"https://{file.name}:6443", **cluster}}],
        "users": [{"name": name, "user": user or {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"in-{name}"}}],
    }
    file.write_text(yaml.safe_dump(document))
    return file


def test_files_are_those_of_the_environment_or_the_usual_one() -> None:
    assert paths({"KUBECONFIG": "/a::/b"}) == [Path("/a"), Path("/b")]
    assert paths({}) == paths({"KUBECONFIG": ""}) == [Path("~/.kube/config").expanduser()]


def test_the_first_file_to_name_something_wins(tmp_path: Path) -> None:
    one = write(tmp_path / "one", "dev")
    two = write(tmp_path / "two", "dev", current="prod")
    three = write(tmp_path / "three", "prod", current="dev")
    found = load([tmp_path / "missing", one, two, three])
    assert (found.current, list(found.contexts), found.problems) == ("prod", ["dev", "prod"], ())
    assert found.choose("dev").cluster["server"] == "https://one:6443"
    assert (found.choose().name, found.choose().namespace) == ("prod", "in-prod")


def test_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(NoConfigError, match="No kubeconfig: looked at"):
        load([tmp_path / "none"])


def test_relative_paths_are_beside_their_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    found = load([write(tmp_path / "config", "dev", **{"certificate-authority": "ca.pem"})])
    assert found.choose("dev").cluster["certificate-authority"] == str(tmp_path / "ca.pem")


GOOD = (
    "clusters:\n"
    "- name: dev\n"
    "  cluster:\n"
    "    server: https://dev\n"
    "users:\n"
    "- name: me\n"
    "  user: {token: x}\n"
    "contexts:\n"
    "- name: dev\n"
    "  context: {cluster: dev, user: me}\n"
)


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "why"),
    [
        ("https://dev", "dev:6443", 4, "clusters[0].cluster.server", "not a URL"),
        ("    server: https://dev", "    name: x", 4, "clusters[0].cluster", "no server"),
        ("{token: x}", "{client-key: none.pem}", 7, "users[0].user.client-key", "no such file"),
        ("{token: x}", "[x]", 7, "users[0].user", "not a mapping"),
        ("cluster: dev,", "cluster: prod,", 10, "contexts[0].context.cluster", "no cluster named prod"),
        ("user: me}", "user: you}", 10, "contexts[0].context.user", "no user named you"),
    ],
)
def test_a_fault_is_named_by_line_and_field(
    tmp_path: Path, old: str, new: str, line: int, field: str, why: str
) -> None:
    file = tmp_path / "config"
    file.write_text(GOOD.replace(old, new))
    found = load([file, write(tmp_path / "other", "other")])
    with pytest.raises(BadConfigError) as failed:
        found.choose("dev")
    assert (failed.value.line, failed.value.field) == (line, field)
    assert why in failed.value.reason
    assert str(file) in failed.value.reason
    assert failed.value.hint == "Other contexts work."
    assert found.choose("other").error is None


@pytest.mark.parametrize(
    ("text", "said"), [("a: [", "line 1: no YAML"), ("- a", "line 1: no mapping"), ("clusters: 3", "not a list")]
)
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(BadConfigError, match=said):
        load([file]).choose()


@given(
    st.text(max_size=60) | st.builds(lambda at, text: GOOD[:at] + text + GOOD[at:], st.integers(0, 180), st.text())
)
def test_whatever_a_file_holds_it_is_read_or_refused_in_one_line(text: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "config"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        found = load([file])
        assert all(len(str(problem).splitlines()) == 1 for problem in found.problems)
        with suppress(BadConfigError):
            found.choose()


async def test_a_token_file_is_read_again_when_the_server_refuses(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one\n")
    file = write(tmp_path / "config", "dev", user={"tokenFile": "token"}, server="http://dev")
    connection = await connect(load([file]).choose("dev"))
    assert await connection.headers(False) == {"Authorization": "Bearer one"}
    token.write_text("two\n")
    assert await connection.headers(False) == {"Authorization": "Bearer one"}
    assert await connection.headers(True) == {"Authorization": "Bearer two"}


async def test_token_and_password_become_a_header(tmp_path: Path) -> None:
    file = write(tmp_path / "config", "dev", user={"token": "secret"}, server="http://dev")
    assert await (await connect(load([file]).choose("dev"))).headers(False) == {"Authorization": "Bearer secret"}
    file = write(tmp_path / "config", "dev", user={"username": "me", "password": "x"}, server="http://dev")
    assert await (await connect(load([file]).choose("dev"))).headers(False) == {"Authorization": "Basic bWU6eA=="}
