"""What a user of the PyPI package `anthropic` does; see tries.py."""

from anthropic import Anthropic

from tries import BASE, CITY_SCHEMA, KEY, NUMBERS, PERSON_SCHEMA, PNG, TOOLS_SAID, TWO_TOOLS
from tries import both_are_asked, both_are_read, person_is, pieces_are, same, try_all

client = Anthropic(base_url=BASE, api_key=KEY, max_retries=0)
TOKENS = 2000
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": CITY_SCHEMA,
}
TIME = {
    "name": "get_time",
    "description": "The time in a city",
    "input_schema": CITY_SCHEMA,
}


def user(content):
    return {"role": "user", "content": content}


def ask(model, content, **more):
    more.setdefault("max_tokens", TOKENS)
    return client.messages.create(model=model, messages=[user(content)], **more)


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def call_of(message):
    return next(block for block in message.content if block.type == "tool_use")


def a_text(model):
    message = ask(model, "Say good morning")
    same(text_of(message), "good morning")
    same(message.stop_reason, "end_turn")
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    assert message._request_id.startswith("req_")


def a_stream(model):
    messages = [user("Count to 30")]
    with client.messages.stream(model=model, max_tokens=TOKENS, messages=messages) as stream:
        pieces_are(list(stream.text_stream), NUMBERS)
        usage = stream.get_final_message().usage
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0


def a_system_text(model):
    same(text_of(ask(model, "Say hello", system="Be brief.")), "hello")


def a_tool(model):
    question = "What is the weather in Paris?"
    asked = ask(model, question, tools=[WEATHER])
    same(asked.stop_reason, "tool_use")
    call = call_of(asked)
    same(call.input["city"], "Paris")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    told = client.messages.create(
        model=model,
        max_tokens=TOKENS,
        tools=[WEATHER],
        messages=[
            user(question),
            {"role": "assistant", "content": asked.content},
            user([result]),
        ],
    )
    assert "sunny" in text_of(told), told


def a_tool_in_a_stream(model):
    messages = [user("What is the weather in Paris?")]
    with client.messages.stream(
        model=model, max_tokens=TOKENS, messages=messages, tools=[WEATHER]
    ) as stream:
        message = stream.get_final_message()
    call = call_of(message)
    same((call.name, call.input["city"]), ("get_weather", "Paris"))


def two_tools(model):
    first = [user(TWO_TOOLS)]
    more = {"model": model, "max_tokens": TOKENS, "tools": [WEATHER, TIME]}
    with client.messages.stream(messages=first, **more) as stream:
        asked = stream.get_final_message()
    calls = [block for block in asked.content if block.type == "tool_use"]
    both_are_asked([(call.name, call.input) for call in calls])
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": TOOLS_SAID[call.name]}
        for call in calls
    ]
    said = {"role": "assistant", "content": asked.content}
    told = client.messages.create(messages=[*first, said, user(results)], **more)
    both_are_read(text_of(told))


def an_image(model):
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    content = [
        {"type": "image", "source": source},
        {"type": "text", "text": "What is on it?"},
    ]
    text = text_of(ask(model, content))
    assert "I received 1 image (image/png" in text, text


def a_schema(model):
    output = {"format": {"type": "json_schema", "schema": PERSON_SCHEMA}}
    person_is(text_of(ask(model, "Describe somebody who is 7", output_config=output)))


def a_schema_in_a_stream(model):
    with client.messages.stream(
        model=model,
        max_tokens=TOKENS,
        messages=[user("Describe somebody who is 7")],
        output_config={"format": {"type": "json_schema", "schema": PERSON_SCHEMA}},
    ) as stream:
        person_is(text_of(stream.get_final_message()))


def a_limit(model):
    same(ask(model, "Count to 500", max_tokens=16).stop_reason, "max_tokens")


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
