"""Tries every feature with one client on every upstream; prints one JSON line for each.

Arguments by environment: BASE (the gateway's url), KEY, UPSTREAMS and FEATURES (JSON, as in
clients/matrix.ts), PNG (base64).
"""

import json
import os
import traceback

BASE = os.environ["BASE"]
KEY = os.environ["KEY"]
PNG = os.environ["PNG"]
NUMBERS = ", ".join(str(number) for number in range(1, 31))
# Asks for get_weather and for get_time; TOOLS_SAID is what they answer.
TWO_TOOLS = "What are the weather and the time in Paris?"
TOOLS_SAID = {"get_weather": "sunny", "get_time": "noon"}
CITY_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
PERSON_SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def same(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def pieces_are(pieces, whole):
    same("".join(pieces), whole)
    assert len(pieces) > 3, f"only {len(pieces)} pieces"


def both_are_asked(calls):
    """Calls as (name, arguments)."""
    cities = [(name, arguments["city"]) for name, arguments in calls]
    same(cities, [("get_weather", "Paris"), ("get_time", "Paris")])


def both_are_read(text):
    for said in TOOLS_SAID.values():
        assert said in text, text


def person_is(text):
    person = json.loads(text)
    same(person["age"], 7)
    same(sorted(person), ["age", "name"])


def try_all(tries):
    features = json.loads(os.environ["FEATURES"])
    same(sorted(tries), sorted(features))
    for upstream, model in json.loads(os.environ["UPSTREAMS"]).items():
        for feature in features:
            failure = None
            try:
                tries[feature](model)
            except Exception:
                failure = traceback.format_exc()
            line = {"upstream": upstream, "feature": feature, "failure": failure}
            print(json.dumps(line), flush=True)
