"""What a user of `VisualService` of the PyPI package `volcengine` does. Its KEY has no limit."""

import ast
import base64
import json
import os

from media_checks import BASE, check, jobs_of, kind_of, link_kind, raises, run_checks, same, until

from volcengine.visual.VisualService import VisualService

PICTURE = "iVBORw0KGgo="


def service_of(key):
    # One instance serves the whole program: a second one is the first.
    service = VisualService()
    service.set_ak(key)
    service.set_sk("not used here")
    service.set_host(BASE.removeprefix("http://"))
    service.set_scheme("http")
    # The package has no setting for a path before the query.
    for api in service.api_info.values():
        api.path = "/volcv/v1"
    return service


client = service_of(os.environ["UNLIMITED_KEY"])


def refusal(function):
    """The body of an answer that is not 200: the package throws its bytes as they print."""
    error = raises(Exception, function)
    return json.loads(ast.literal_eval(str(error)))


def over(key, task_id, ask=client.cv_sync2async_get_result, **more):
    def look():
        said = ask({"req_key": key, "task_id": task_id, **more})
        status = (said.get("data") or {}).get("status")
        return None if status in ("in_queue", "generating") else said

    return until(look)


@check
def edits_a_picture_while_one_waits():
    said = client.cv_process(
        {"req_key": "byteedit_v2.0", "prompt": "visual: night", "binary_data_base64": [PICTURE]}
    )
    same(said["code"], 10000)
    same(kind_of(base64.b64decode(said["data"]["binary_data_base64"][0])), "png")


@check
def draws_a_picture_in_its_own_time():
    key = "jimeng_t2i_v40"
    begun = client.cv_sync2async_submit_task({"req_key": key, "prompt": "visual: a harbour"})
    same(begun["code"], 10000)
    task_id = begun["data"]["task_id"]
    linked = over(key, task_id, req_json=json.dumps({"return_url": True}))
    same(linked["data"]["status"], "done")
    same(link_kind(linked["data"]["image_urls"][0]), "image/png png")
    bare = over(key, task_id)
    same(kind_of(base64.b64decode(bare["data"]["binary_data_base64"][0])), "png")
    (job,) = jobs_of("volc-visual", "visual: a harbour")
    assert job["id"] != task_id, job


@check
def makes_a_speaker_with_the_other_pair_of_actions():
    key = "jimeng_realman_avatar_picture_omni_v15"
    place = {"image_url": "https://images.test/a.png", "audio_url": "https://sounds.test/a.mp3"}
    begun = client.cv_submit_task({"req_key": key, **place})
    said = over(key, begun["data"]["task_id"], client.cv_get_result)
    same(link_kind(said["data"]["video_url"]), "video/mp4 mp4")


@check
def hears_of_failures_and_refusals():
    key = "jimeng_t2i_v40"
    submit = client.cv_sync2async_submit_task
    refused = refusal(lambda: submit({"req_key": key, "prompt": "sandbox-refuse"}))
    same((refused["code"], refused["data"]), (50412, None))
    begun = submit({"req_key": key, "prompt": "sandbox-moderate"})
    same(refusal(lambda: over(key, begun["data"]["task_id"]))["code"], 50511)
    same(refusal(lambda: submit({"prompt": "x"}))["code"], 50200)


@check
def is_refused_with_a_wrong_key_and_shown_nothing_of_others():
    key = "jimeng_t2i_v40"
    begun = client.cv_sync2async_submit_task({"req_key": key, "prompt": "visual: mine"})
    question = {"req_key": key, "task_id": begun["data"]["task_id"]}
    client.set_ak(os.environ["OTHER_KEY"])
    same(client.cv_sync2async_get_result(question)["data"]["status"], "not_found")
    client.set_ak("AKLTnobody")
    said = refusal(lambda: client.cv_sync2async_get_result(question))
    same(said["ResponseMetadata"]["Error"]["Code"], "InvalidAccessKey")
    client.set_ak(os.environ["UNLIMITED_KEY"])
    same(over(key, question["task_id"])["code"], 10000)


run_checks()
