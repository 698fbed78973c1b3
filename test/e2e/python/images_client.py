"""Makes and edits pictures with the PyPI package `openai`; prints one JSON line for each check.

Arguments by environment: BASE (the gateway's url), KEY, KEY_FREE (an account without limit), ROWS
and EDITORS (JSON, as in images-place.ts).
"""

import base64
import io
import json
import os
import struct
import traceback
import urllib.request

import openai
from openai import OpenAI

BASE = os.environ["BASE"]
ROWS = json.loads(os.environ["ROWS"])
EDITORS = json.loads(os.environ["EDITORS"])
MODEL = "gpt-image-2.6-flare"


def client_of(row):
    key = os.environ["KEY_FREE" if row.get("free") else "KEY"]
    return OpenAI(base_url=BASE + "/v1", api_key=key, max_retries=0)


def same(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def size_of(data):
    same(data[1:4], b"PNG")
    return "%dx%d" % struct.unpack(">II", data[16:24])


def own_png():
    made = client_of({}).images.generate(model=MODEL, prompt="one to edit", size="1024x1024")
    return base64.b64decode(made.data[0].b64_json)


def generates(row):
    shape = dict(row["shape"])
    size = shape.pop("size", openai.omit)
    made = client_of(row).images.generate(
        model=row["model"], prompt="a boat", size=size, extra_body=shape
    )
    same(size_of(base64.b64decode(made.data[0].b64_json)), row["size"])


def links(row):
    shape = row["shape"]
    made = client_of(row).images.generate(
        model=row["model"], prompt="a link", response_format="url", extra_body=shape
    )
    with urllib.request.urlopen(made.data[0].url) as answer:
        same(size_of(answer.read()), row["size"])


def is_moderated(row):
    try:
        client_of(row).images.generate(
            model=row["model"], prompt=row["refuse"], extra_body=row["shape"]
        )
    except openai.BadRequestError as error:
        same(error.status_code, 400)
        return
    raise AssertionError("it was not refused")


def edits(row):
    file = io.BytesIO(own_png())
    file.name = "boat.png"
    made = client_of(row).images.edit(model=row["model"], prompt="another sky", image=file)
    assert "x" in size_of(base64.b64decode(made.data[0].b64_json))


def edits_several_under_a_mask():
    png = own_png()
    files = [(f"{at}.png", png, "image/png") for at in range(3)]
    made = client_of({}).images.edit(
        model=MODEL, prompt="all in one", image=files, mask=("mask.png", png, "image/png"), n=2
    )
    same(len(made.data), 2)
    same(made.usage.input_tokens_details.image_tokens, 4 * 323)


def streams():
    events = list(
        client_of({}).images.generate(model=MODEL, prompt="streamed", size="1024x1024", stream=True)
    )
    same([event.type for event in events], ["image_generation.completed"])
    same(size_of(base64.b64decode(events[0].b64_json)), "1024x1024")
    assert events[0].usage.output_tokens > 0


def tells_what_is_wrong():
    for fields, param in [({"n": 11}, "n"), ({"style": "vivid"}, "style")]:
        try:
            client_of({}).images.generate(model=MODEL, prompt="x", **fields)
        except openai.BadRequestError as error:
            same(error.param, param)
        else:
            raise AssertionError(f"{param} was not refused")
    try:
        client_of({}).images.generate(model="no-such-model", prompt="x")
    except openai.NotFoundError as error:
        same(error.code, "model_not_found")


CHECKS = [
    *((f"{check.__name__} {row['vendor']}", check, row) for row in ROWS
      for check in (generates, links, is_moderated)),
    *((f"edits {row['vendor']}", edits, row) for row in EDITORS),
    ("edits several under a mask", lambda _: edits_several_under_a_mask(), {}),
    ("streams", lambda _: streams(), {}),
    ("tells what is wrong", lambda _: tells_what_is_wrong(), {}),
]

for name, check, row in CHECKS:
    failure = None
    try:
        check(row)
    except Exception:
        failure = traceback.format_exc()
    print(json.dumps({"check": name, "failure": failure}), flush=True)
