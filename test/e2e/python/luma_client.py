"""What a user of the PyPI package `lumaai` does."""

from media_checks import BASE, KEY, OTHER_KEY, check, jobs_of, link_kind, raises, run_checks, same, until

import lumaai
from lumaai import LumaAI

URL = BASE + "/luma/dream-machine/v1"
client = LumaAI(auth_token=KEY, base_url=URL)


def draw(prompt):
    return client.generations.create(
        model="ray-2", prompt=prompt, resolution="540p", duration="5s", aspect_ratio="16:9"
    )


def ended(generation):
    def look():
        seen = client.generations.get(generation.id)
        return seen if seen.state in ("completed", "failed") else None

    return until(look)


@check
def makes_a_video_and_reads_its_files():
    begun = draw("luma: a boat")
    same((begun.state, begun.model, begun.assets), ("queued", "ray-2", None))
    done = ended(begun)
    same(done.state, "completed")
    same(link_kind(done.assets.video), "video/mp4 mp4")
    same(link_kind(done.assets.image), "image/png png")
    same(done.request.prompt, "luma: a boat")
    (job,) = jobs_of("luma", "luma: a boat")
    assert job["id"] != done.id, job


@check
def goes_on_from_it_enlarges_it_and_gives_it_sound():
    first = ended(draw("luma: first"))
    frames = {"frame0": {"type": "generation", "id": first.id}}
    more = client.generations.video.create(
        model="ray-2", prompt="on", resolution="540p", duration="5s", keyframes=frames
    )
    large = client.generations.upscale(first.id, resolution="1080p")
    loud = client.generations.audio(first.id, prompt="waves")
    same([ended(one).state for one in (more, large, loud)], ["completed"] * 3)


@check
def lists_by_pages_and_deletes():
    for prompt in ("luma: one", "luma: two"):
        ended(draw(prompt))
    page = client.generations.list(limit=1)
    same((page.count, page.has_more, page.generations[0].request.prompt), (1, True, "luma: two"))
    client.generations.delete(page.generations[0].id)
    raises(lumaai.NotFoundError, lambda: client.generations.get(page.generations[0].id))
    same(client.generations.list(limit=1).generations[0].request.prompt, "luma: one")


@check
def cannot_stop_what_the_vendor_cannot_stop():
    begun = draw("luma: not to be stopped")
    raises(lumaai.ConflictError, lambda: client.generations.delete(begun.id))
    same(ended(begun).state, "completed")


@check
def hears_of_failures_and_refusals():
    failed = ended(draw("sandbox-moderate"))
    same((failed.state, failed.assets), ("failed", None))
    same(failed.failure_reason, "Content was flagged by moderation")
    refused = raises(lumaai.BadRequestError, lambda: draw("sandbox-refuse"))
    same(refused.body, {"detail": "Prompt was flagged by moderation"})


@check
def is_refused_with_a_wrong_key_and_shown_nothing_of_others():
    wrong = LumaAI(auth_token="gw-wrong", base_url=URL)
    raises(lumaai.AuthenticationError, wrong.generations.list)
    begun = draw("luma: mine")
    other = LumaAI(auth_token=OTHER_KEY, base_url=URL)
    raises(lumaai.NotFoundError, lambda: other.generations.get(begun.id))
    same(other.generations.list().generations, [])
    ended(begun)


run_checks()
