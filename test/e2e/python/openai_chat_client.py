"""What a user of the PyPI package `openai` does in chat; see tries.py."""

import json

from openai import OpenAI

from tries import BASE, CITY_SCHEMA, KEY, NUMBERS, PERSON_SCHEMA, PNG, TOOLS_SAID, TWO_TOOLS
from tries import both_are_asked, both_are_read, person_is, pieces_are, same, try_all

client = OpenAI(base_url=BASE + "/v1", api_key=KEY, max_retries=0)
TOKENS = 2000
PERSON = {
    "type": "json_schema",
    "json_schema": {"name": "person", "strict": True, "schema": PERSON_SCHEMA},
}


def tool(name, description):
    function = {"name": name, "description": description, "parameters": CITY_SCHEMA}
    return {"type": "function", "function": function}


WEATHER = tool("get_weather", "The weather of a city")
TIME = tool("get_time", "The time in a city")


def user(content):
    return {"role": "user", "content": content}


def ask(model, *messages, **more):
    more.setdefault("max_completion_tokens", TOKENS)
    return client.chat.completions.create(model=model, messages=list(messages), **more)


def streamed(model, content, **more):
    messages = [user(content)]
    with client.chat.completions.stream(model=model, messages=messages, **more) as stream:
        return stream.get_final_completion()


def text_of(answer):
    return answer.choices[0].message.content


def calls_of(answer):
    calls = answer.choices[0].message.tool_calls or []
    return [(call.function.name, json.loads(call.function.arguments)) for call in calls]


def results_of(answer):
    return [
        {"role": "tool", "tool_call_id": call.id, "content": TOOLS_SAID[call.function.name]}
        for call in answer.choices[0].message.tool_calls
    ]


def a_text(model):
    answer = ask(model, user("Say good morning"))
    same(text_of(answer), "good morning")
    same(answer.choices[0].finish_reason, "stop")
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.completion_tokens > 0
    assert answer._request_id.startswith("req_")


def a_stream(model):
    pieces, usages = [], []
    for chunk in ask(
        model, user("Count to 30"), stream=True, stream_options={"include_usage": True}
    ):
        if chunk.choices and chunk.choices[0].delta.content:
            pieces.append(chunk.choices[0].delta.content)
        if chunk.usage:
            usages.append(chunk.usage)
    pieces_are(pieces, NUMBERS)
    same(len(usages), 1)
    assert usages[0].prompt_tokens > 0
    assert usages[0].completion_tokens > 0


def a_system_text(model):
    for role in ("system", "developer"):
        told = ask(model, {"role": role, "content": "Be brief."}, user("Say hello"))
        same(text_of(told), "hello")


def a_tool(model):
    question = user("What is the weather in Paris?")
    asked = ask(model, question, tools=[WEATHER])
    same(asked.choices[0].finish_reason, "tool_calls")
    same([(name, given["city"]) for name, given in calls_of(asked)], [("get_weather", "Paris")])
    told = ask(
        model, question, asked.choices[0].message, *results_of(asked), tools=[WEATHER]
    )
    assert "sunny" in text_of(told), told


def a_tool_in_a_stream(model):
    asked = streamed(model, "What is the weather in Paris?", tools=[WEATHER])
    same([(name, given["city"]) for name, given in calls_of(asked)], [("get_weather", "Paris")])
    same(asked.choices[0].finish_reason, "tool_calls")


def two_tools(model):
    tools = [WEATHER, TIME]
    asked = streamed(model, TWO_TOOLS, tools=tools)
    both_are_asked(calls_of(asked))
    said = asked.choices[0].message
    both_are_read(text_of(ask(model, user(TWO_TOOLS), said, *results_of(asked), tools=tools)))


def an_image(model):
    content = [
        {"type": "text", "text": "What is on it?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ]
    text = text_of(ask(model, user(content)))
    assert "I received 1 image (image/png" in text, text


def a_schema(model):
    person_is(text_of(ask(model, user("Describe somebody who is 7"), response_format=PERSON)))


def a_schema_in_a_stream(model):
    person_is(text_of(streamed(model, "Describe somebody who is 7", response_format=PERSON)))


def a_limit(model):
    answer = ask(model, user("Count to 500"), max_completion_tokens=16)
    same(answer.choices[0].finish_reason, "length")


try_all(
    {
        "a text, with usage": a_text,
        "a stream, with usage": a_stream,
        "a system text": a_system_text,
        "a tool, called and answered": a_tool,
        "a tool, called in a stream": a_tool_in_a_stream,
        "two tools at once, in a stream": two_tools,
        "an image": an_image,
        "a schema": a_schema,
        "a schema, in a stream": a_schema_in_a_stream,
        "the limit of length": a_limit,
    }
)
