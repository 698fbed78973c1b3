"""What a user of the PyPI package `google-genai` does; see tries.py."""

import base64

from google import genai
from google.genai import types

from tries import BASE, CITY_SCHEMA, KEY, NUMBERS, PERSON_SCHEMA, PNG, TOOLS_SAID, TWO_TOOLS
from tries import both_are_asked, both_are_read, person_is, pieces_are, same, try_all

client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=BASE))
WEATHER = types.FunctionDeclaration(
    name="get_weather",
    description="The weather of a city",
    parameters_json_schema=CITY_SCHEMA,
)
TIME = types.FunctionDeclaration(
    name="get_time",
    description="The time in a city",
    parameters_json_schema=CITY_SCHEMA,
)
TOOLS = [types.Tool(function_declarations=[WEATHER])]
BY_HAND = types.AutomaticFunctionCallingConfig(disable=True)


def ask(model, contents, **config):
    settings = types.GenerateContentConfig(**config) if config else None
    return client.models.generate_content(model=model, contents=contents, config=settings)


def usage_is_told(answer):
    assert answer.usage_metadata.prompt_token_count > 0
    assert answer.usage_metadata.candidates_token_count > 0


def a_text(model):
    answer = ask(model, "Say good morning")
    same(answer.text, "good morning")
    same(answer.candidates[0].finish_reason, types.FinishReason.STOP)
    usage_is_told(answer)


def a_stream(model):
    pieces, last = [], None
    for piece in client.models.generate_content_stream(model=model, contents="Count to 30"):
        last = piece
        if piece.text:
            pieces.append(piece.text)
    pieces_are(pieces, NUMBERS)
    usage_is_told(last)


def a_system_text(model):
    same(ask(model, "Say hello", system_instruction="Be brief.").text, "hello")


def question():
    return types.UserContent("What is the weather in Paris?")


def a_tool(model):
    config = {"tools": TOOLS, "automatic_function_calling": BY_HAND}
    asked = ask(model, [question()], **config)
    call = asked.function_calls[0]
    same((call.name, call.args["city"]), ("get_weather", "Paris"))
    response = types.FunctionResponse(
        id=call.id, name="get_weather", response={"output": "sunny"}
    )
    result = types.UserContent(types.Part(function_response=response))
    told = ask(model, [question(), asked.candidates[0].content, result], **config)
    assert "sunny" in told.text, told


def a_tool_in_a_stream(model):
    calls = []
    for piece in client.models.generate_content_stream(
        model=model,
        contents=question(),
        config=types.GenerateContentConfig(tools=TOOLS, automatic_function_calling=BY_HAND),
    ):
        calls.extend(piece.function_calls or [])
    same([(call.name, call.args["city"]) for call in calls], [("get_weather", "Paris")])


def two_tools(model):
    first = types.UserContent(TWO_TOOLS)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[WEATHER, TIME])],
        automatic_function_calling=BY_HAND,
    )
    parts = []
    for piece in client.models.generate_content_stream(
        model=model, contents=[first], config=config
    ):
        parts.extend(piece.candidates[0].content.parts or [])
    calls = [part.function_call for part in parts if part.function_call]
    both_are_asked([(call.name, call.args) for call in calls])
    results = [
        types.Part(
            function_response=types.FunctionResponse(
                id=call.id, name=call.name, response={"output": TOOLS_SAID[call.name]}
            )
        )
        for call in calls
    ]
    contents = [first, types.ModelContent(parts), types.UserContent(results)]
    told = client.models.generate_content(model=model, contents=contents, config=config)
    both_are_read(told.text)


def an_image(model):
    image = types.Part.from_bytes(data=base64.b64decode(PNG), mime_type="image/png")
    text = ask(model, [image, "What is on it?"]).text
    assert "I received 1 image (image/png" in text, text


def a_schema(model):
    answer = ask(
        model,
        "Describe somebody who is 7",
        response_mime_type="application/json",
        response_json_schema=PERSON_SCHEMA,
    )
    person_is(answer.text)


def a_schema_in_a_stream(model):
    text = ""
    for piece in client.models.generate_content_stream(
        model=model,
        contents="Describe somebody who is 7",
        config=types.GenerateContentConfig(
            response_mime_type="application/json", response_json_schema=PERSON_SCHEMA
        ),
    ):
        text += piece.text or ""
    person_is(text)


def a_limit(model):
    answer = ask(model, "Count to 500", max_output_tokens=16)
    same(answer.candidates[0].finish_reason, types.FinishReason.MAX_TOKENS)


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
