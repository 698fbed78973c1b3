"""What the scripts of media clients share: checks by name, and files known by their own structure.

By environment: BASE (the gateway's url), KEY, OTHER_KEY (of another account), SANDBOX (the vendors').
"""

import json
import os
import struct
import time
import traceback
import urllib.request

BASE = os.environ["BASE"]
KEY = os.environ["KEY"]
OTHER_KEY = os.environ["OTHER_KEY"]
SANDBOX = os.environ["SANDBOX"]
WAIT_S = 20
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def run_checks():
    for each in CHECKS:
        try:
            each()
            failure = None
        except BaseException:
            failure = traceback.format_exc()
        print(json.dumps({"check": each.__name__, "failure": failure}), flush=True)


def same(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def raises(kind, function):
    try:
        function()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def until(ready):
    """What `ready` answers once that is something."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"in {WAIT_S} s it did not come to be")


def boxes_of(data):
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name
        at += max(8, size)
    assert at == len(data), "the last box is cut"


def kind_of(data):
    """What a file is, read from its first byte to its last."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        assert data.endswith(b"IEND\xaeB`\x82"), "the picture is cut"
        return "png"
    boxes = list(boxes_of(data))
    assert boxes[0] == b"ftyp" and b"moov" in boxes and b"mdat" in boxes, boxes
    return "mp4"


def link_kind(link):
    assert link.startswith(BASE), link
    with urllib.request.urlopen(link) as answer:
        return f"{answer.headers['content-type']} {kind_of(answer.read())}"


def jobs_of(vendor, prompt=None):
    """What the vendor was really asked to do: with this prompt, or all of it."""
    with urllib.request.urlopen(SANDBOX + "/sandbox/jobs") as answer:
        jobs = json.load(answer)["jobs"]
    theirs = [job for job in jobs if job["vendor"] == vendor]
    return [job for job in theirs if prompt is None or job["prompt"] == prompt]
