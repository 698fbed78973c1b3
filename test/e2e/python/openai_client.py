"""What a user of the PyPI package `openai` does; prints one JSON line for each check.

Arguments by environment: BASE (the gateway's url), KEY, KEY_FEW (one model only), KEY_ONCE (one
request a minute), KEY_BROKE (no money), MODEL, THINKER.
"""

import asyncio
import base64
import json
import os
import time
import traceback

import openai
from openai import AsyncOpenAI, OpenAI

BASE = os.environ["BASE"]
MODEL = os.environ["MODEL"]
THINKER = os.environ["THINKER"]
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def make_client(key, path="/v1"):
    # Retries are off: each fault is to be seen as it is.
    return OpenAI(base_url=BASE + path, api_key=os.environ.get(key, key), max_retries=0)


client = make_client("KEY")


def user(text):
    return [{"role": "user", "content": text}]


def chat(model, text="Hi there", **more):
    return client.chat.completions.create(model=model, messages=user(text), **more)


def same(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
NUMBERS = ", ".join(str(number) for number in range(1, 31))


@check
def lists_models():
    ids = [model.id for model in client.models.list()]
    assert MODEL in ids and len(ids) > 50, ids
    same(client.models.retrieve(MODEL).id, MODEL)
    same([model.id for model in make_client("KEY_FEW").models.list()], [THINKER])


@check
def chats():
    answer = chat(MODEL, "Say good morning")
    same(answer.choices[0].message.content, "good morning")
    assert answer.usage.total_tokens > 0
    assert answer._request_id.startswith("req_")


@check
def streams_with_usage_only_when_asked():
    for asked in (False, True):
        more = {"stream_options": {"include_usage": True}} if asked else {}
        text, usages = "", 0
        for chunk in chat(MODEL, "Count to 30", stream=True, **more):
            if chunk.choices:
                text += chunk.choices[0].delta.content or ""
            usages += chunk.usage is not None
        same(text, NUMBERS)
        same(usages, 1 if asked else 0)


@check
def chats_asynchronously():
    async def run():
        async with AsyncOpenAI(base_url=BASE + "/v1", api_key=os.environ["KEY"]) as many:
            asked = [
                many.chat.completions.create(model=MODEL, messages=user(f"Say number {at}"))
                for at in range(20)
            ]
            return [answer.choices[0].message.content for answer in await asyncio.gather(*asked)]

    same(asyncio.run(run()), [f"number {at}" for at in range(20)])


@check
def calls_a_tool():
    messages = user("What is the weather in Paris?")
    first = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    message = first.choices[0].message
    same(first.choices[0].finish_reason, "tool_calls")
    call = message.tool_calls[0]
    same(json.loads(call.function.arguments), {"city": "Paris"})
    answer = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    messages = [*messages, message, answer]
    second = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    assert "sunny" in second.choices[0].message.content


@check
def calls_a_tool_in_a_stream():
    asked = user("What is the weather in Paris?")
    with client.chat.completions.stream(model=MODEL, messages=asked, tools=[WEATHER]) as stream:
        final = stream.get_final_completion()
    call = final.choices[0].message.tool_calls[0]
    same(call.function.name, "get_weather")
    same(json.loads(call.function.arguments), {"city": "Paris"})


@check
def fills_a_json_schema():
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "p", "strict": True, "schema": schema}}
    answer = chat(MODEL, 'Describe "Alice", who is 7', response_format=form)
    person = json.loads(answer.choices[0].message.content)
    same(sorted(person), ["age", "name"])
    assert isinstance(person["age"], int) and isinstance(person["name"], str)


@check
def sends_an_image():
    url = "data:image/png;base64," + base64.b64encode(b"not a picture").decode()
    content = [
        {"type": "text", "text": "What is on it?"},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    answer = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": content}]
    )
    assert "I received 1 image (image/png)" in answer.choices[0].message.content


@check
def reads_reasoning():
    answer = chat(THINKER, "Say six", extra_body={"thinking": {"type": "enabled"}})
    same(answer.choices[0].message.content, "six")
    assert answer.choices[0].message.reasoning_content
    assert answer.usage.completion_tokens_details.reasoning_tokens > 0
    thought = ""
    for chunk in chat(THINKER, "Say six", stream=True):
        if chunk.choices:
            thought += getattr(chunk.choices[0].delta, "reasoning_content", None) or ""
    assert "I am the sandbox" in thought, thought


def raises(kind, status, made):
    try:
        made()
    except openai.APIStatusError as error:
        same(type(error), kind)
        same(error.status_code, status)
        assert error.request_id and error.body["message"], error.body
        return error
    raise AssertionError(f"no {kind.__name__}")


@check
def sees_faults_as_their_own_exceptions():
    raises(openai.BadRequestError, 400, lambda: chat("sandbox-400"))
    raises(openai.NotFoundError, 404, lambda: chat("no-such-model"))
    raises(openai.AuthenticationError, 401, lambda: make_client("sk-nobody").models.list())
    for model in ("500", "503", "200-error", "empty-choices", "malformed", "cut-middle"):
        raises(openai.InternalServerError, 502, lambda: chat(f"sandbox-{model}"))
    raises(openai.InternalServerError, 504, lambda: chat("sandbox-hang"))
    few = make_client("KEY_FEW").chat.completions
    error = raises(
        openai.PermissionDeniedError, 403, lambda: few.create(model=MODEL, messages=user("Hi"))
    )
    same((error.code, error.param), ("model_not_allowed", "model"))
    broke = make_client("KEY_BROKE").chat.completions
    error = raises(
        openai.APIStatusError, 402, lambda: broke.create(model=MODEL, messages=user("Hi"))
    )
    same(error.code, "budget_exceeded")


@check
def sees_the_strict_contract():
    strict = make_client("KEY", "/api/doubao/v1").chat.completions
    error = raises(
        openai.UnprocessableEntityError,
        422,
        lambda: strict.create(model=MODEL, messages=user("Hi")),
    )
    same(error.param, "stream")
    raises(
        openai.BadRequestError,
        400,
        lambda: strict.create(model=MODEL, messages=user("Hi"), stream=False, temperature=1),
    )


@check
def sees_limits_with_the_time_to_wait():
    error = raises(openai.RateLimitError, 429, lambda: chat("sandbox-429-long"))
    same(error.response.headers["retry-after"], "120")
    once = make_client("KEY_ONCE").chat.completions
    once.create(model=MODEL, messages=user("Hi"))
    error = raises(
        openai.RateLimitError, 429, lambda: once.create(model=MODEL, messages=user("Hi"))
    )
    assert 1 <= int(error.response.headers["retry-after"]) <= 61
    same(error.code, "rate_limit_exceeded")


@check
def does_not_take_a_cut_stream_for_a_whole_one():
    for model in ("cut-middle", "cut-clean", "hang-middle", "error-middle", "malformed"):
        text = ""
        try:
            for chunk in chat(f"sandbox-{model}", stream=True):
                if chunk.choices:
                    text += chunk.choices[0].delta.content or ""
        except openai.APIError as error:
            assert str(error.code).startswith("vendor_"), (model, error)
            assert text, model
            continue
        raise AssertionError(f"{model} ended without an error: {text!r}")


# One vendor that is asked in this format, and one that is asked in chat.
RESPONDERS = ("openai/gpt-5.4-mini", "qwen/qwen3.7-max")
FLAT_WEATHER = {"type": "function", "strict": False, **WEATHER["function"]}


@check
def asks_for_responses_and_goes_on_from_them():
    for model in RESPONDERS:
        first = client.responses.create(model=model, input="Say good morning")
        same(first.output_text, "good morning")
        following = client.responses.create(
            model=model, input="Say good night", previous_response_id=first.id
        )
        same(following.output_text, "good night")
        assert following.usage.input_tokens > first.usage.input_tokens
        same(client.responses.retrieve(following.id).previous_response_id, first.id)
        listed = list(client.responses.input_items.list(first.id))
        same([item.content[0].text for item in listed], ["Say good morning"])
        client.responses.delete(first.id)
        raises(openai.NotFoundError, 404, lambda: client.responses.retrieve(first.id))
        error = raises(
            openai.BadRequestError,
            400,
            lambda: client.responses.create(
                model=model, input="Hi", previous_response_id=following.id
            ),
        )
        same(error.code, "previous_response_not_found")


@check
def streams_responses():
    for model in RESPONDERS:
        text = ""
        numbers = []
        with client.responses.stream(model=model, input="Count to 30") as stream:
            for event in stream:
                numbers.append(event.sequence_number)
                if event.type == "response.output_text.delta":
                    text += event.delta
            same(stream.get_final_response().output_text, NUMBERS)
        same(text, NUMBERS)
        same(numbers, list(range(len(numbers))))


@check
def calls_tools_in_responses():
    for model in RESPONDERS:
        asked = client.responses.create(
            model=model, input="What is the weather in Paris?", tools=[FLAT_WEATHER]
        )
        call = next(item for item in asked.output if item.type == "function_call")
        same(json.loads(call.arguments), {"city": "Paris"})
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        answered = client.responses.create(
            model=model, input=[result], tools=[FLAT_WEATHER], previous_response_id=asked.id
        )
        assert "sunny" in answered.output_text, answered.output_text


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
