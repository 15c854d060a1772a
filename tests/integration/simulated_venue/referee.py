"""Holds traffic against the venue's published OpenAPI files: what in it is not as they say."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012


class Fault(NamedTuple):
    """One way in which traffic is not as specified, wherever in lists and however often.

    where: "query", "request" or "response 200". at: the place in it, * for any index or token.
    rule: the violated keyword of JSON Schema; "additionalProperties" for a field, "paths" for a
    path that is not specified.
    """

    operation: str
    where: str
    at: str
    rule: str


@dataclass
class Referee:
    """Judges exchanges by one file. prefix: what the simulated venue puts before its paths."""

    document: dict[str, Any]
    prefix: str = ""
    seen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, file: Path, prefix: str = "") -> "Referee":
        return cls(_closed(yaml.safe_load(file.read_text())), prefix)

    def judge(self, response: httpx.Response) -> set[Fault]:
        """Return what is wrong with a request and its answer, which has been read."""
        request = response.request
        path = request.url.path.removeprefix(self.prefix)
        method = request.method.lower()
        template = self._template(path, method)
        if template is None:
            return {Fault(f"{request.method} {path}", "", "", "paths")}
        operation = f"{request.method} {template}"
        self.seen.add(operation)
        told = self.document["paths"][template][method]
        faults = set(self._query(operation, told, request.url.params))
        if request.content:
            body, where = json.loads(request.content), "request"
            faults |= self._body(operation, where, told.get("requestBody"), body)
        where = f"response {response.status_code}"
        answer = told["responses"].get(str(response.status_code))
        return faults | self._body(operation, where, answer, json.loads(response.content))

    def _template(self, path: str, method: str) -> str | None:
        """Return the file's own path for this one; a literal one before one with parameters."""
        if method in self.document["paths"].get(path, {}):
            return path
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
            if method in operations and re.fullmatch(pattern, path):
                return str(template)
        return None

    def _query(self, operation: str, told: Any, sent: httpx.QueryParams) -> Iterator[Fault]:
        listed = [self._resolved(p) for p in told.get("parameters", [])]
        known = {p["name"]: p for p in listed if p["in"] == "query"}
        for name, parameter in known.items():
            if parameter.get("required") and name not in sent:
                yield Fault(operation, "query", name, "required")
        for name, text in sent.items():
            if name not in known:
                yield Fault(operation, "query", name, "additionalProperties")
                continue
            schema = self._resolved(known[name]["schema"])
            plain = schema.get("type") not in {"integer", "number", "boolean"}
            for error in self._errors(schema, text if plain else json.loads(text)):
                yield Fault(operation, "query", name, str(error.validator))

    def _body(self, operation: str, where: str, told: Any, body: Any) -> set[Fault]:
        content = self._resolved(told or {}).get("content", {})
        if "application/json" not in content:
            return {Fault(operation, where, "", "content")}
        errors = self._errors(content["application/json"]["schema"], body)
        return {
            Fault(operation, where, at, str(error.validator))
            for error in errors
            for at in _places(error)
        }

    def _resolved(self, value: Any) -> Any:
        """Return what a reference within the file stands for, anything else as it is."""
        while isinstance(value, dict) and "$ref" in value:
            found: Any = self.document
            for name in value["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            value = found
        return value

    def _errors(self, schema: Any, value: Any) -> Iterable[ValidationError]:
        document = Resource.from_contents(self.document, default_specification=DRAFT202012)
        registry = Registry().with_resource("urn:file", document)
        absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:file#/'))
        checker = Draft202012Validator(absolute, registry=registry, format_checker=FormatChecker())
        return checker.iter_errors(value)


def _places(error: ValidationError) -> Iterator[str]:
    """Return where it is wrong; for missing and unspecified fields, each field's own place."""
    steps = (str(step) for step in error.absolute_path)
    at = ".".join("*" if step.isdecimal() else step for step in steps)
    named: Any = error.validator_value
    schema: Any = error.schema
    fields: Any = error.instance
    if error.validator == "additionalProperties" and named is False:
        names = [n for n in fields if n not in schema["properties"]]
    elif error.validator == "required":
        names = [n for n in named if n not in fields]
    else:
        names = []
        yield at
    for name in names:
        yield f"{at}.{name}".removeprefix(".")


def _closed(value: Any) -> Any:
    """Return a file in today's JSON Schema, where objects have no fields but those they list."""
    if isinstance(value, list):
        return [_closed(each) for each in value]
    if not isinstance(value, dict):
        return value
    made = {name: _closed(each) for name, each in value.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    if made.pop("nullable", False) is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made
