"""What a user of the PyPI package `runwayml` does."""

from media_checks import BASE, KEY, OTHER_KEY, check, jobs_of, link_kind, raises, run_checks, same, until

import runwayml
from runwayml import RunwayML, TaskFailedError
from runwayml.lib import polling

URL = BASE + "/runway"
# It would sleep for six seconds before it asks.
polling.POLL_TIME, polling.POLL_JITTER = 0.2, 0
client = RunwayML(api_key=KEY, base_url=URL)


def film(prompt, duration=5):
    return client.text_to_video.create(
        model="gen4.5", prompt_text=prompt, ratio="1280:720", duration=duration
    )


def ended(task):
    def look():
        seen = client.tasks.retrieve(task.id)
        return seen if seen.status in ("SUCCEEDED", "FAILED", "CANCELLED") else None

    return until(look)


@check
def makes_waits_and_reads_the_file():
    done = film("runway: a boat").wait_for_task_output(timeout=30)
    same(done.status, "SUCCEEDED")
    (link,) = done.output
    same(link_kind(link), "video/mp4 mp4")
    (job,) = jobs_of("runway", "runway: a boat")
    assert job["id"] != done.id, job


@check
def makes_one_of_a_picture_and_deletes_it():
    frames = [{"uri": "https://images.test/a.png", "position": "first"}]
    begun = client.image_to_video.create(
        model="gen4_turbo", prompt_image=frames, prompt_text="x", ratio="1280:720", duration=5
    )
    same(ended(begun).status, "SUCCEEDED")
    client.tasks.delete(begun.id)
    raises(runwayml.NotFoundError, lambda: client.tasks.retrieve(begun.id))


@check
def stops_what_runs():
    begun = film("sandbox-slow")
    client.tasks.delete(begun.id)
    same(ended(begun).status, "CANCELLED")


@check
def hears_of_failures_and_refusals():
    failed = ended(film("sandbox-fail"))
    same((failed.status, failed.failure_code), ("FAILED", "INTERNAL.BAD_OUTPUT.CODE01"))
    refused = raises(TaskFailedError, lambda: film("sandbox-moderate").wait_for_task_output())
    same(refused.task_details.failure_code, "SAFETY.INPUT.TEXT")
    wrong = raises(runwayml.BadRequestError, lambda: film("x", duration=99))
    same(wrong.body, {"error": "Validation of body failed: duration"})


@check
def is_refused_with_a_wrong_key_and_shown_nothing_of_others():
    wrong = RunwayML(api_key="gw-wrong", base_url=URL)
    raises(runwayml.AuthenticationError, lambda: wrong.tasks.retrieve("x"))
    begun = film("runway: mine")
    other = RunwayML(api_key=OTHER_KEY, base_url=URL)
    raises(runwayml.NotFoundError, lambda: other.tasks.retrieve(begun.id))
    raises(runwayml.NotFoundError, lambda: other.tasks.delete(begun.id))
    same(ended(begun).status, "SUCCEEDED")


run_checks()
