"""Clients, retrying as they do by default, at a vendor that takes a job and loses its answer.

By environment, beside that of media_checks: ASKS, a JSON list of [client, model, prompt]. Prints one
JSON line for each.
"""

import json
import os
import traceback
from concurrent.futures import ThreadPoolExecutor

from media_checks import BASE, KEY

import arkruntime
from lumaai import LumaAI
from openai import OpenAI
from replicate.client import Client as Replicate
from runwayml import RunwayML


def luma(model, prompt):
    client = LumaAI(auth_token=KEY, base_url=BASE + "/luma/dream-machine/v1")
    client.generations.create(model=model, prompt=prompt, resolution="540p", duration="5s")


def runway(model, prompt):
    client = RunwayML(api_key=KEY, base_url=BASE + "/runway")
    client.text_to_video.create(model=model, prompt_text=prompt, ratio="1280:720", duration=8)


def videos(model, prompt):
    OpenAI(api_key=KEY, base_url=BASE + "/v1").videos.create(model=model, prompt=prompt)


def ark(model, prompt):
    client = arkruntime.Ark(api_key=KEY, base_url=BASE + "/api/v3")
    content = [{"type": "text", "text": prompt}]
    client.content_generation.tasks.create(model=model, content=content)


def replicate(model, prompt):
    client = Replicate(api_token=KEY, base_url=BASE + "/replicate")
    client.models.predictions.create(model, input={"prompt": prompt})


CLIENTS = {
    "lumaai": luma,
    "runwayml": runway,
    "openai": videos,
    "arkruntime": ark,
    "replicate": replicate,
}


def ask(one):
    client, model, prompt = one
    try:
        CLIENTS[client](model, prompt)
        return {"prompt": prompt, "failure": None}
    except BaseException:
        return {"prompt": prompt, "failure": traceback.format_exc()}


with ThreadPoolExecutor(max_workers=16) as pool:
    for said in pool.map(ask, json.loads(os.environ["ASKS"])):
        print(json.dumps(said), flush=True)
