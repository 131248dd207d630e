"""Why a device file does not let this user in, and what changes that."""

from __future__ import annotations

import grp
import os
import pwd
import stat

_READ_WRITE = stat.S_IRGRP | stat.S_IWGRP


def owners(path: str) -> str:
    """Owner and group of the file as `root:dialout`; empty where it cannot be looked at."""
    try:
        about = os.stat(path)
    except OSError:
        return ""
    return f"{_user(about.st_uid)}:{_group(about.st_gid)}"


def remedy(path: str) -> str:
    """What to do to get into `path`, in one sentence that names its real group; empty where nothing is known."""
    try:
        about = os.stat(path)
    except OSError:
        return ""
    group = _group(about.st_gid)
    if about.st_gid == 0 or about.st_mode & _READ_WRITE != _READ_WRITE:
        return "Only its owner may use it: a udev rule can give it a group, unless it is the system's console."
    if about.st_gid in (os.getegid(), *os.getgroups()):
        return "Its group may use it, and you are in it: look for an access list or a sandbox."
    if _is_member(about.st_gid):
        return f"You are in group {group}, but this login is older than that: log in again."
    return f"Run: sudo usermod -aG {group} $USER, then log in again."


def missing_access(path: str) -> str:
    """In a few words why this user may not read and write `path`; empty when it is allowed."""
    if os.access(path, os.R_OK | os.W_OK):
        return ""
    try:
        about = os.stat(path)
    except OSError:
        return "not there"
    if about.st_gid == 0 or about.st_mode & _READ_WRITE != _READ_WRITE:
        return "no permission"
    return f"no permission: join group {_group(about.st_gid)}"


def _is_member(gid: int) -> bool:
    try:
        user = pwd.getpwuid(os.getuid())
        return user.pw_gid == gid or user.pw_name in grp.getgrgid(gid).gr_mem
    except KeyError:
        return False


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
