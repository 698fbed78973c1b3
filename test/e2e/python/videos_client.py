"""What a user of the videos of the PyPI package `openai` does, over models of two vendors."""

import base64
import warnings

from media_checks import BASE, KEY, OTHER_KEY, check, jobs_of, kind_of, raises, run_checks, same

import openai
from openai import OpenAI

# OpenAI's own service has ended; its client lives on.
warnings.simplefilter("ignore", DeprecationWarning)

SEEDANCE = "doubao-seedance-1-0-pro-250528"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
client = OpenAI(api_key=KEY, base_url=BASE + "/v1")


def film(prompt, model=SEEDANCE, **more):
    return client.videos.create_and_poll(
        model=model, prompt=prompt, seconds="5", size="1280x720", poll_interval_ms=100, **more
    )


@check
def makes_polls_and_downloads_with_a_model_of_either_vendor():
    for model in (SEEDANCE, "ray-2"):
        done = film("videos: a boat", model)
        same((done.status, done.progress, done.model), ("completed", 100, model))
        same(kind_of(client.videos.download_content(done.id).read()), "mp4")
    cover = client.videos.download_content(done.id, variant="thumbnail")
    same(kind_of(cover.read()), "png")


@check
def waits_as_long_as_it_is_told_between_polls():
    begun = client.videos.create(model=SEEDANCE, prompt="videos: told", seconds="5")
    told = client.videos.with_raw_response.retrieve(begun.id).headers["openai-poll-after-ms"]
    assert int(told) > 0, told
    same(client.videos.poll(begun.id).status, "completed")


@check
def begins_with_a_picture_that_is_a_file():
    done = film("videos: it moves", input_reference=("first.png", PIXEL, "image/png"))
    same(done.status, "completed")
    jobs = [job for job in jobs_of("ark") if "videos: it moves" in job["prompt"]]
    picture = "data:image/png;base64," + base64.b64encode(PIXEL).decode()
    sent = [part["image_url"]["url"] for part in jobs[0]["request"]["content"] if "image_url" in part]
    same((len(jobs), sent), (1, [picture]))


@check
def lists_by_pages_and_deletes():
    ids = [film(f"videos: {name}").id for name in ("one", "two")]
    all_ids = [video.id for video in client.videos.list(limit=2)]
    same(all_ids[:2], ids[::-1])
    same(client.videos.delete(ids[0]).deleted, True)
    raises(openai.NotFoundError, lambda: client.videos.retrieve(ids[0]))


@check
def hears_of_failures_and_refusals():
    failed = film("sandbox-moderate", "ray-2")
    same((failed.status, failed.error.code), ("failed", "vendor_rejected"))
    raises(openai.NotFoundError, lambda: client.videos.download_content(failed.id))
    refused = raises(openai.BadRequestError, lambda: film("sandbox-refuse"))
    same(refused.code, "InputTextSensitiveContentDetected")


@check
def does_not_download_or_delete_what_is_not_ready():
    begun = client.videos.create(model=SEEDANCE, prompt="videos: not yet", seconds="5")
    raises(openai.ConflictError, lambda: client.videos.download_content(begun.id))
    raises(openai.ConflictError, lambda: client.videos.delete(begun.id))
    same(client.videos.poll(begun.id, poll_interval_ms=100).status, "completed")


@check
def is_refused_with_a_wrong_key_and_shown_nothing_of_others():
    wrong = OpenAI(api_key="gw-wrong", base_url=BASE + "/v1")
    raises(openai.AuthenticationError, wrong.videos.list)
    mine = film("videos: mine")
    other = OpenAI(api_key=OTHER_KEY, base_url=BASE + "/v1")
    raises(openai.NotFoundError, lambda: other.videos.retrieve(mine.id))
    same(other.videos.list().data, [])


run_checks()
