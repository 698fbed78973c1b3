"""What a user of the PyPI package `openai` does with responses; see tries.py."""

import json

from openai import OpenAI

from tries import BASE, CITY_SCHEMA, KEY, NUMBERS, PERSON_SCHEMA, PNG, TOOLS_SAID, TWO_TOOLS
from tries import both_are_asked, both_are_read, person_is, pieces_are, same, try_all

client = OpenAI(base_url=BASE + "/v1", api_key=KEY, max_retries=0)
TOKENS = 2000
PERSON = {
    "format": {"type": "json_schema", "name": "person", "strict": True, "schema": PERSON_SCHEMA}
}


def tool(name, description):
    return {
        "type": "function",
        "name": name,
        "description": description,
        "parameters": CITY_SCHEMA,
        "strict": False,
    }


WEATHER = tool("get_weather", "The weather of a city")
TIME = tool("get_time", "The time in a city")


def ask(model, given, **more):
    more.setdefault("max_output_tokens", TOKENS)
    return client.responses.create(model=model, input=given, **more)


def streamed(model, given, **more):
    with client.responses.stream(model=model, input=given, **more) as stream:
        return stream.get_final_response()


def calls_of(answer):
    calls = [item for item in answer.output if item.type == "function_call"]
    return [(call.name, json.loads(call.arguments)) for call in calls]


def results_of(answer):
    return [
        {
            "type": "function_call_output",
            "call_id": item.call_id,
            "output": TOOLS_SAID[item.name],
        }
        for item in answer.output
        if item.type == "function_call"
    ]


def a_text(model):
    answer = ask(model, "Say good morning")
    same((answer.output_text, answer.status), ("good morning", "completed"))
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert answer._request_id.startswith("req_")


def a_stream(model):
    pieces, numbers = [], []
    with client.responses.stream(model=model, input="Count to 30") as stream:
        for event in stream:
            numbers.append(event.sequence_number)
            if event.type == "response.output_text.delta":
                pieces.append(event.delta)
        usage = stream.get_final_response().usage
    pieces_are(pieces, NUMBERS)
    same(numbers, list(range(len(numbers))))
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0


def a_system_text(model):
    same(ask(model, "Say hello", instructions="Be brief.").output_text, "hello")
    for role in ("system", "developer"):
        given = [
            {"role": role, "content": "Be brief."},
            {"role": "user", "content": "Say hello"},
        ]
        same(ask(model, given).output_text, "hello")


# Nothing is kept: the answer's own items go back, with what the tool said.
def a_tool(model):
    question = "What is the weather in Paris?"
    more = {
        "tools": [WEATHER],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    asked = ask(model, question, **more)
    same([(name, given["city"]) for name, given in calls_of(asked)], [("get_weather", "Paris")])
    given = [{"role": "user", "content": question}, *asked.output, *results_of(asked)]
    told = ask(model, given, **more)
    assert "sunny" in told.output_text, told


def a_tool_in_a_stream(model):
    asked = streamed(model, "What is the weather in Paris?", tools=[WEATHER])
    same([(name, given["city"]) for name, given in calls_of(asked)], [("get_weather", "Paris")])


# What came before is kept here: only what the tools said goes back.
def two_tools(model):
    tools = [WEATHER, TIME]
    asked = streamed(model, TWO_TOOLS, tools=tools)
    both_are_asked(calls_of(asked))
    told = ask(model, results_of(asked), tools=tools, previous_response_id=asked.id)
    both_are_read(told.output_text)


def an_image(model):
    content = [
        {"type": "input_text", "text": "What is on it?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
    ]
    text = ask(model, [{"role": "user", "content": content}]).output_text
    assert "I received 1 image (image/png" in text, text


def a_schema(model):
    person_is(ask(model, "Describe somebody who is 7", text=PERSON).output_text)


def a_schema_in_a_stream(model):
    person_is(streamed(model, "Describe somebody who is 7", text=PERSON).output_text)


def a_limit(model):
    cut = ask(model, "Count to 500", max_output_tokens=16)
    same((cut.status, cut.incomplete_details.reason), ("incomplete", "max_output_tokens"))


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
