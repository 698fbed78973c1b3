"""What a user of `content_generation` does, with both packages of Ark's that have it."""

from media_checks import BASE, KEY, OTHER_KEY, check, jobs_of, link_kind, raises, run_checks, same, until

import arkruntime
import volcenginesdkarkruntime
from volcenginesdkarkruntime import _exceptions as sdk

URL = BASE + "/api/v3"
MODEL = "doubao-seedance-1-0-pro-250528"
client = volcenginesdkarkruntime.Ark(base_url=URL, api_key=KEY)


def film(prompt, ark=client, **more):
    return ark.content_generation.tasks.create(
        model=MODEL,
        content=[{"type": "text", "text": prompt}],
        resolution="480p",
        ratio="16:9",
        duration=5,
        **more,
    )


def ended(task, ark=client):
    def look():
        seen = ark.content_generation.tasks.get(task_id=task.id)
        return None if seen.status in ("queued", "running") else seen

    return until(look)


@check
def makes_waits_and_reads_the_files():
    begun = film("ark: a boat", return_last_frame=True)
    done = ended(begun)
    same((done.id, done.status, done.model, done.resolution), (begun.id, "succeeded", MODEL, "480p"))
    assert done.usage.completion_tokens > 0, done
    same(link_kind(done.content.video_url), "video/mp4 mp4")
    same(link_kind(done.content.last_frame_url), "image/png png")
    (job,) = jobs_of("ark", "ark: a boat")
    assert job["id"] != done.id, job


@check
def makes_them_with_the_newer_package_too():
    newer = arkruntime.Ark(base_url=URL, api_key=KEY)
    done = ended(film("ark: newer", newer), newer)
    same((done.status, link_kind(done.content.video_url)), ("succeeded", "video/mp4 mp4"))
    (only,) = newer.content_generation.tasks.list(task_ids=[done.id]).items
    same(only.id, done.id)
    newer.content_generation.tasks.delete(task_id=done.id)
    same(newer.content_generation.tasks.list(task_ids=[done.id]).items, [])


@check
def lists_with_filters_and_deletes():
    tasks = client.content_generation.tasks
    one, two = (ended(film(f"ark: {name}")).id for name in ("one", "two"))
    page = tasks.list(page_num=1, page_size=1, status="succeeded", model=MODEL)
    same((len(page.items), page.items[0].id), (1, two))
    assert page.total >= 2, page
    same(tasks.list(page_num=2, page_size=1, status="succeeded").items[0].id, one)
    same(sorted(item.id for item in tasks.list(task_ids=[one, two]).items), sorted([one, two]))
    tasks.delete(task_id=two)
    gone = raises(sdk.ArkNotFoundError, lambda: tasks.get(task_id=two))
    assert gone.request_id, gone


@check
def stops_what_waits():
    begun = film("sandbox-slow")
    client.content_generation.tasks.delete(task_id=begun.id)
    same(ended(begun).status, "cancelled")


@check
def hears_of_failures_and_refusals():
    failed = ended(film("sandbox-moderate"))
    same((failed.status, failed.error.code), ("failed", "OutputVideoSensitiveContentDetected"))
    refused = raises(sdk.ArkBadRequestError, lambda: film("sandbox-refuse"))
    same(refused.code, "InputTextSensitiveContentDetected")
    wrong = raises(sdk.ArkBadRequestError, lambda: film("x", seed=-7))
    assert "seed" in wrong.message, wrong


@check
def is_refused_with_a_wrong_key_and_shown_nothing_of_others():
    wrong = volcenginesdkarkruntime.Ark(base_url=URL, api_key="gw-wrong")
    raises(sdk.ArkAuthenticationError, lambda: film("x", wrong))
    begun = film("ark: mine")
    other = volcenginesdkarkruntime.Ark(base_url=URL, api_key=OTHER_KEY)
    raises(sdk.ArkNotFoundError, lambda: other.content_generation.tasks.get(task_id=begun.id))
    same(other.content_generation.tasks.list().items, [])
    same(ended(begun).status, "succeeded")


run_checks()
