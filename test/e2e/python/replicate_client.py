"""What a user of the PyPI package `replicate` does; prints one JSON line for each check.

Arguments by environment: BASE (the gateway's url), KEY, SANDBOX (the vendor's).
"""

import io
import json
import os
import traceback
import urllib.request

from replicate.client import Client
from replicate.exceptions import ModelError, ReplicateError

SCHNELL = "black-forest-labs/flux-schnell"
SDXL = "stability-ai/sdxl:7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"
BASE = os.environ["BASE"]
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


client = Client(api_token=os.environ["KEY"], base_url=BASE + "/replicate")


@check
def runs_an_official_model_and_reads_its_file():
    (link,) = client.run(SCHNELL, input={"prompt": "a boat"}, use_file_output=False)
    assert link.startswith(BASE), link
    with urllib.request.urlopen(link) as answer:
        assert answer.read()[:4] == b"\x89PNG"


@check
def runs_a_version_whose_schema_it_asks_for():
    (link,) = client.run(SDXL, input={"prompt": "a boat"}, use_file_output=False)
    assert link.startswith(BASE), link


@check
def polls_reloads_and_lists():
    begun = client.models.predictions.create(SCHNELL, input={"prompt": "a boat"})
    begun.wait()
    assert (begun.status, len(begun.output)) == ("succeeded", 1), begun
    assert client.predictions.get(begun.id).output is not None
    assert begun.id in [one.id for one in client.predictions.list()]


@check
def stops_a_prediction():
    version = SDXL.split(":")[1]
    begun = client.predictions.create(version=version, input={"prompt": "sandbox-slow"})
    begun.cancel()
    begun.wait()
    assert begun.status == "canceled", begun


@check
def hands_in_a_file():
    image = io.BytesIO(b"\x89PNG and more")
    image.name = "wave.png"
    run_with = {"prompt": "a wave", "first_frame_image": image}
    link = client.run("minimax/video-01-live", input=run_with, use_file_output=False)
    with urllib.request.urlopen(link) as answer:
        assert answer.read()[4:8] == b"ftyp"
    (job, *_) = json.load(urllib.request.urlopen(os.environ["SANDBOX"] + "/sandbox/jobs"))["jobs"]
    with urllib.request.urlopen(job["request"]["input"]["first_frame_image"]) as answer:
        assert answer.read() == b"\x89PNG and more"


@check
def hears_why_it_failed():
    try:
        client.run(SCHNELL, input={"prompt": "sandbox-moderate"})
    except ModelError as error:
        assert "NSFW" in str(error), error
    else:
        raise AssertionError("it did not fail")


@check
def hears_what_is_wrong_with_an_input():
    try:
        client.run(SCHNELL, input={"prompt": "x", "num_outputs": 9})
    except ReplicateError as error:
        assert (error.status, error.title) == (422, "Input validation failed"), error
        assert "num_outputs" in error.detail, error
    else:
        raise AssertionError("it was not refused")


for each in CHECKS:
    try:
        each()
        failure = None
    except BaseException:
        failure = traceback.format_exc()
    print(json.dumps({"check": each.__name__, "failure": failure}), flush=True)
