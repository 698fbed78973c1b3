"""What a user of the official SDKs of Ark does; prints one JSON line for each check.

By environment: BASE (the gateway's url), KEY, OTHER_KEY (of another account), AK, SK, ENDPOINT (an
endpoint of the first account, whose vendor takes contexts and batches).
"""

import asyncio
import base64
import json
import math
import os
import tempfile
import time
import traceback
import urllib.request

import arkruntime
import volcenginesdkcore
from volcenginesdkarkruntime import Ark, AsyncArk
from volcenginesdkarkruntime import _exceptions as sdk
from volcenginesdkarkruntime.types.images.images import SequentialImageGenerationOptions

BASE = os.environ["BASE"]
DATA = BASE + "/api/v3"
KEY = os.environ["KEY"]
ENDPOINT = os.environ["ENDPOINT"]
MODEL = "doubao-seed-1-6-251015"
EMBED = "doubao-embedding-large-text-250515"
VISION = "doubao-embedding-vision-251215"
IMAGE = "doubao-seedream-4-5-251128"
CHECKS = []

# The control plane is asked for temporary keys: only its host is another one.
configuration = volcenginesdkcore.Configuration()
configuration.host = BASE
volcenginesdkcore.Configuration.set_default(configuration)

client = Ark(base_url=DATA, api_key=KEY, max_retries=0)
other = Ark(base_url=DATA, api_key=os.environ["OTHER_KEY"], max_retries=0)


def check(function):
    CHECKS.append(function)
    return function


def user(text):
    return [{"role": "user", "content": text}]


def same(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def raises(kind, code, function):
    try:
        function()
    except kind as error:
        same(error.code, code)
        assert error.request_id, "the error knows no request id"
        assert "Request id: " in error.message, error.message
        return error
    raise AssertionError(f"no {kind.__name__}")


def near(left, right):
    return sum(a * b for a, b in zip(left, right))


@check
def chats():
    made = client.chat.completions.create(model=MODEL, messages=user("Say yes"))
    same(made.choices[0].message.content, "yes")
    assert "Say yes" in made.choices[0].message.reasoning_content
    same((made.model, made.service_tier), (MODEL, "default"))
    assert made.usage.completion_tokens_details.reasoning_tokens > 0
    quiet = client.chat.completions.create(
        model=MODEL, messages=user("Say yes"), thinking={"type": "disabled"}
    )
    same(quiet.usage.completion_tokens_details.reasoning_tokens, 0)


@check
def chats_with_any_vendor_behind_the_model():
    for model in ("deepseek/deepseek-v4-pro", "gpt-5.4", "glm-4.7", "kimi-k3"):
        made = client.chat.completions.create(model=model, messages=user("Say yes"))
        same(made.choices[0].message.content, "yes")


@check
def streams():
    text, usage, thought = "", None, ""
    stream = client.chat.completions.create(
        model=MODEL,
        messages=user("Count to 9"),
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            thought += choice.delta.reasoning_content or ""
    same(text, "1, 2, 3, 4, 5, 6, 7, 8, 9")
    assert usage.total_tokens > 10 and thought
    bare = client.chat.completions.create(model=MODEL, messages=user("Say a"), stream=True)
    same([chunk.usage for chunk in bare if chunk.usage], [])


@check
def a_cut_stream_is_an_error():
    text = ""
    try:
        for chunk in client.chat.completions.create(
            model="ark/sandbox-cut-middle", messages=user("Hi"), stream=True
        ):
            text += chunk.choices[0].delta.content or ""
    except sdk.ArkAPIError as error:
        same(error.code, "InternalServiceError")
        assert text
        return
    raise AssertionError("the stream ended without an error")


@check
def structured_output():
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    }
    named = {"name": "trip", "schema": schema, "strict": True}
    made = client.chat.completions.create(
        model=MODEL,
        messages=user("Three days in Paris"),
        response_format={"type": "json_schema", "json_schema": named},
    )
    same(sorted(json.loads(made.choices[0].message.content)), ["city", "days"])


@check
def tools():
    function = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}
    made = client.chat.completions.create(
        model=MODEL,
        messages=user("weather?"),
        tools=[{"type": "function", "function": function}],
    )
    same(made.choices[0].message.tool_calls[0].function.name, "get_weather")


@check
def responses():
    made = client.responses.create(model=MODEL, input="Say yes")
    same(made.output[-1].content[0].text, "yes")
    same((made.status, made.store), ("completed", True))
    read = client.responses.retrieve(made.id)
    same(read.output[-1].content[0].text, "yes")
    more = client.responses.create(model=MODEL, input="Say no", previous_response_id=made.id)
    assert more.usage.input_tokens > made.usage.input_tokens
    later = int(time.time()) + 600
    short = client.responses.create(model=MODEL, input="Say a", expire_at=later, store=True)
    same(short.expire_at, later)
    request = urllib.request.Request(
        f"{DATA}/responses/{made.id}/input_items", headers={"authorization": f"Bearer {KEY}"}
    )
    with urllib.request.urlopen(request) as reply:
        same(json.load(reply)["data"][0]["role"], "user")
    raises(sdk.ArkNotFoundError, "NotFound", lambda: other.responses.retrieve(made.id))
    raises(
        sdk.ArkBadRequestError,
        "InvalidParameter",
        lambda: client.responses.create(model=MODEL, input="x", expire_at=int(time.time()) + 10**7),
    )
    client.responses.delete(made.id)
    raises(sdk.ArkNotFoundError, "NotFound", lambda: client.responses.retrieve(made.id))


@check
def responses_in_a_stream():
    text, types, numbers = "", [], []
    for event in client.responses.create(model=MODEL, input="Count to 5", stream=True):
        types.append(event.type)
        numbers.append(event.sequence_number)
        if event.type == "response.output_text.delta":
            text += event.delta
    same(text, "1, 2, 3, 4, 5")
    same((types[0], types[-1]), ("response.created", "response.completed"))
    same(numbers, list(range(len(numbers))))


@check
def responses_by_any_vendor():
    for model in ("deepseek/deepseek-v4-pro", "glm-4.7"):
        made = client.responses.create(model=model, input="Say yes")
        same(made.output[-1].content[0].text, "yes")


@check
def embeddings():
    texts = ["the cat sat on the mat", "a cat on a mat", "quarterly interest rates"]
    made = client.embeddings.create(model=EMBED, input=texts, encoding_format="float")
    cat, mat, rates = [one.embedding for one in made.data]
    assert near(cat, mat) > near(cat, rates) + 0.2
    assert made.usage.prompt_tokens > 5
    coded = client.embeddings.create(model=EMBED, input=texts[:1], encoding_format="base64")
    assert len(coded.data) == 1


@check
def multimodal_embeddings():
    made = client.multimodal_embeddings.create(
        model=VISION,
        input=[
            {"type": "text", "text": "a cat"},
            {"type": "image_url", "image_url": {"url": "https://pictures.example/cat.png"}},
        ],
    )
    same(len(made.data.embedding), 2048)
    assert math.isclose(near(made.data.embedding, made.data.embedding), 1, rel_tol=1e-3)
    assert made.usage["prompt_tokens_details"]["image_tokens"] > 0


@check
def images():
    made = client.images.generate(model=IMAGE, prompt="a cat", size="2K")
    with urllib.request.urlopen(made.data[0].url) as reply:
        png = reply.read()
    same((png[:4], int.from_bytes(png[16:20], "big")), (b"\x89PNG", 2048))
    same(made.usage.generated_images, 1)
    inline = client.images.generate(model=IMAGE, prompt="a cat", response_format="b64_json")
    same(base64.b64decode(inline.data[0].b64_json)[:4], b"\x89PNG")


@check
def images_in_a_stream():
    seen = []
    for event in client.images.generate(
        model=IMAGE,
        prompt="3 pictures of a cat",
        sequential_image_generation="auto",
        sequential_image_generation_options=SequentialImageGenerationOptions(max_images=4),
        stream=True,
    ):
        seen.append(event.type)
    same(seen, ["image_generation.partial_succeeded"] * 3 + ["image_generation.completed"])


@check
def images_that_fail_are_told():
    raises(
        sdk.ArkBadRequestError,
        "OutputImageSensitiveContentDetected",
        lambda: client.images.generate(model=IMAGE, prompt="a cat; fail 1"),
    )
    raises(
        sdk.ArkBadRequestError,
        "InvalidParameter",
        lambda: client.images.generate(model=IMAGE, prompt="a cat", size="512x512"),
    )


@check
def files():
    with tempfile.NamedTemporaryFile(suffix=".mp4") as film:
        film.write(b"not really a film")
        film.flush()
        with open(film.name, "rb") as content:
            made = client.files.create(
                file=content, purpose="user_data", preprocess_configs={"video": {"fps": 1}}
            )
    same(made.status, "processing")
    ready = client.files.wait_for_processing(made.id, poll_interval=0.2)
    same((ready.status, ready.bytes), ("active", 17))
    second = client.files.create(file=("b.txt", b"text"), purpose="user_data")
    listed = client.files.list(limit=1)
    same((listed.data[0].id, listed.has_more), (second.id, True))
    same([one.id for one in client.files.list(after=second.id).data], [made.id])
    content = [{"type": "video_url", "video_url": {"file_id": made.id}}]
    messages = [{"role": "user", "content": content}]
    client.chat.completions.create(model=MODEL, messages=messages)
    for mine in (
        lambda: other.files.retrieve(made.id),
        lambda: other.files.delete(made.id),
        lambda: other.chat.completions.create(model=MODEL, messages=messages),
    ):
        raises(sdk.ArkNotFoundError, "NotFound.File", mine)
    same(list(other.files.list().data), [])
    assert client.files.delete(made.id).deleted
    raises(sdk.ArkNotFoundError, "NotFound.File", lambda: client.files.retrieve(made.id))


@check
def tokenization():
    made = client.tokenization.create(model=MODEL, text=["你好 ab"])
    same((made.data[0].total_tokens, len(made.data[0].token_ids)), (3, 3))


@check
def contexts():
    made = client.context.create(
        model=ENDPOINT, messages=[{"role": "system", "content": "Be kind."}], mode="session", ttl=3600
    )
    assert made.id.startswith("ctx-")
    answers = [
        client.context.completions.create(
            context_id=made.id, model=ENDPOINT, messages=user(f"Say {word}")
        )
        for word in ("one", "two")
    ]
    same([one.choices[0].message.content for one in answers], ["one", "two"])
    first, second = [one.usage.prompt_tokens_details.cached_tokens for one in answers]
    assert 0 < first < second, (first, second)
    streamed = client.context.completions.create(
        context_id=made.id, model=ENDPOINT, messages=user("Say three"), stream=True
    )
    text = "".join(c.delta.content or "" for chunk in streamed for c in chunk.choices)
    same(text, "three")
    for someone, context in ((other, made.id), (client, "ctx-none")):
        raises(
            sdk.ArkNotFoundError,
            "NotFound.Context",
            lambda: someone.context.completions.create(
                context_id=context, model=MODEL, messages=user("x")
            ),
        )


@check
def batches():
    made = client.batch.chat.completions.create(model=ENDPOINT, messages=user("Say yes"))
    same(made.choices[0].message.content, "yes")


@check
def bots():
    made = client.bot_chat.completions.create(model="bot-support", messages=user("Say yes"))
    same(made.choices[0].message.content, "yes")
    assert made.bot_usage.model_usage[0].prompt_tokens > 0
    assert made.references[0].title
    last = None
    for chunk in client.bot_chat.completions.create(
        model="bot-support", messages=user("Say yes"), stream=True
    ):
        last = getattr(chunk, "bot_usage", None) or last
    assert last.model_usage[0].prompt_tokens > 0


@check
def access_key_and_endpoint():
    signed = Ark(base_url=DATA, ak=os.environ["AK"], sk=os.environ["SK"], max_retries=0)
    made = signed.chat.completions.create(model=ENDPOINT, messages=user("Say yes"))
    same((made.choices[0].message.content, made.model), ("yes", MODEL))
    text = ""
    for chunk in signed.chat.completions.create(
        model=ENDPOINT, messages=user("Say yes"), stream=True
    ):
        text += chunk.choices[0].delta.content or ""
    same(text, "yes")


@check
def access_key_and_bot():
    signed = Ark(base_url=DATA, ak=os.environ["AK"], sk=os.environ["SK"], max_retries=0)
    made = signed.bot_chat.completions.create(model="bot-support", messages=user("Say yes"))
    same(made.choices[0].message.content, "yes")
    vectors = signed.embeddings.create(
        model=EMBED, input=["a"], extra_headers={"X-Project-Name": "default"}
    )
    same(len(vectors.data), 1)


@check
def a_wrong_secret_is_refused():
    signed = Ark(base_url=DATA, ak=os.environ["AK"], sk="d3Jvbmc=", max_retries=0)
    try:
        signed.chat.completions.create(model=ENDPOINT, messages=user("Hi"))
    except Exception as error:
        assert "SignatureDoesNotMatch" in str(error), error
        return
    raise AssertionError("a wrong secret was taken")


@check
def a_wrong_key_is_refused():
    wrong = Ark(base_url=DATA, api_key="wrong", max_retries=0)
    calls = (
        lambda: wrong.chat.completions.create(model=MODEL, messages=user("Hi")),
        lambda: wrong.images.generate(model=IMAGE, prompt="a cat"),
        lambda: wrong.files.list(),
    )
    for call in calls:
        error = raises(sdk.ArkAuthenticationError, "AuthenticationError", call)
        same((error.status_code, error.type, error.param), (401, "Unauthorized", ""))


@check
def bad_requests_are_refused():
    def chat(**more):
        return lambda: client.chat.completions.create(
            **{"model": MODEL, "messages": user("Hi"), **more}
        )

    bad = sdk.ArkBadRequestError
    developer = [{"role": "developer", "content": "x"}]
    raises(bad, "InvalidParameter", chat(messages=developer))
    raises(bad, "InvalidParameter", chat(max_tokens=5, max_completion_tokens=5))
    raises(bad, "InvalidParameter", chat(thinking={"type": "loud"}))
    raises(bad, "InvalidParameter", chat(service_tier="gold"))
    raises(
        bad,
        "InvalidParameter",
        chat(thinking={"type": "disabled"}, reasoning_effort="high"),
    )
    raises(sdk.ArkNotFoundError, "InvalidEndpointOrModel.NotFound", chat(model="no-such"))
    raises(bad, "InvalidParameter", chat(model=EMBED))


@check
def vendor_trouble_has_its_own_classes():
    def chat(name):
        return lambda: client.chat.completions.create(
            model=f"ark/sandbox-{name}", messages=user("Hi")
        )

    raises(sdk.ArkRateLimitError, "ServerOverloaded", chat("429"))
    raises(sdk.ArkInternalServerError, "InternalServiceError", chat("500"))
    raises(sdk.ArkInternalServerError, "InternalServiceError", chat("403-account"))


@check
def nulls_are_absent():
    body = {
        "model": MODEL,
        "messages": user("Say yes"),
        **dict.fromkeys(["stop", "tools", "function_call", "stream", "max_tokens", "user"]),
    }
    request = urllib.request.Request(
        DATA + "/chat/completions",
        data=json.dumps(body).encode(),
        headers={
            "authorization": f"Bearer {KEY}",
            "content-type": "application/json",
            "x-client-request-id": "20261126000000abc",
        },
    )
    with urllib.request.urlopen(request) as reply:
        same(reply.headers["x-client-request-id"], "20261126000000abc")
        same(json.load(reply)["choices"][0]["message"]["content"], "yes")


@check
def the_asynchronous_client():
    async def run():
        async with AsyncArk(base_url=DATA, api_key=KEY, max_retries=0) as ark:
            made = await ark.chat.completions.create(model=MODEL, messages=user("Say yes"))
            same(made.choices[0].message.content, "yes")
            vectors = await ark.embeddings.create(model=EMBED, input=["a"])
            same(len(vectors.data), 1)

    asyncio.run(run())


@check
def the_newer_package():
    ark = arkruntime.Ark(base_url=DATA, api_key=KEY, max_retries=0)
    made = ark.chat.completions.create(model=MODEL, messages=user("Say yes"))
    same(made.choices[0].message.content, "yes")
    text = ""
    for chunk in ark.chat.completions.create(model=MODEL, messages=user("Say yes"), stream=True):
        for choice in chunk.choices:
            text += choice.delta.content or ""
    same(text, "yes")
    picture = ark.images.generate(model=IMAGE, prompt="a cat")
    same(picture.usage.generated_images, 1)


def main():
    for function in CHECKS:
        started = time.monotonic()
        failure = None
        try:
            function()
        except Exception:
            failure = traceback.format_exc()
        seconds = round(time.monotonic() - started, 2)
        print(json.dumps({"check": function.__name__, "failure": failure, "seconds": seconds}))


main()
