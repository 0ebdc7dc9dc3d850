"""Judges OpenAPI documents, and makes one strict.

    openapi.py judge FILE...       fails unless each is OpenAPI 3.1 with JSON Schema 2020-12
    openapi.py strict URL FILE     writes the document at URL without what lets anything pass
    openapi.py page URL            fails unless the page at URL is whole, and answers who has it already
"""

import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

import jsonschema
import openapi_spec_validator


def judge(document, name):
    assert document["openapi"].startswith("3.1."), name
    openapi_spec_validator.validate(document)
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    ids = [
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
    ]
    assert len(ids) == len(set(ids)), f"{name}: two operations are called the same"
    # Every reference leads somewhere, those of extensions too.
    for reference in references(document):
        target = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in target, f"{name}: {reference} leads nowhere"
            target = target[part]
    print(f"{name}: {len(ids)} operations, {len(schemas)} schemas")


def references(node):
    children = node.values() if isinstance(node, dict) else node
    for key, child in node.items() if isinstance(node, dict) else enumerate(children):
        if key == "$ref":
            yield child
        elif isinstance(child, (dict, list)):
            yield from references(child)


def strict(document):
    """Without `default`, which documents every answer; and without streams, which do not end."""
    for item in document["paths"].values():
        for verb, operation in list(item.items()):
            answers = operation.get("responses", {})
            answers.pop("default", None)
            if "text/event-stream" in answers.get("200", {}).get("content", {}):
                del item[verb]
    return document


def page(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        policy = answer.headers["content-security-policy"]
        text = answer.read().decode()
    assert "default-src 'none'" in policy and "unsafe" not in policy, policy
    parts = re.findall(r'(?:href|src)="([^"#]+)"', text)
    assert len(parts) >= 3, parts
    for part in parts:
        part = urllib.parse.urljoin(url, part)
        assert urllib.parse.urlsplit(part).netloc == urllib.parse.urlsplit(url).netloc, part
        with urllib.request.urlopen(part, timeout=10) as answer:
            tag = answer.headers["etag"]
        known = urllib.request.Request(part, headers={"if-none-match": tag})
        try:
            urllib.request.urlopen(known, timeout=10)
            raise AssertionError(f"{part} is sent again")
        except urllib.error.HTTPError as answer:
            assert answer.code == 304, answer


if __name__ == "__main__":
    if sys.argv[1] == "page":
        page(sys.argv[2])
    elif sys.argv[1] == "judge":
        for file in sys.argv[2:]:
            with open(file) as content:
                judge(json.load(content), file)
    else:
        with urllib.request.urlopen(sys.argv[2], timeout=10) as answer:
            assert answer.headers["content-type"] == "application/json"
            document = json.load(answer)
        judge(document, sys.argv[2])
        with open(sys.argv[3], "w") as file:
            json.dump(strict(document), file)
