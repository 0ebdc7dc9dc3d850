"""Holds messages against their rules by protovalidate.

The arguments are a file with a FileDescriptorSet and one with messages, each its name and its bytes
with their lengths in front (four bytes, big-endian). For each message a line of JSON is printed: what
it violates, as path, id and words, or why that could not be told.
"""

import json
import struct
import sys

import protovalidate
from protobuf import wkt


def read(path):
    with open(path, "rb") as file:
        return file.read()


def parts(data):
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        at += 4
        yield data[at : at + length]
        at += length


def path(field):
    elements = []
    for element in field.elements if field is not None else []:
        subscript = element.subscript
        elements.append([element.field_name, None if subscript is None else subscript.value])
    return elements


def main():
    registry = wkt.FileDescriptorSet.from_binary(read(sys.argv[1])).to_registry()
    validator = protovalidate.Validator(registry=registry)
    pieces = parts(read(sys.argv[2]))
    for name, data in zip(pieces, pieces):
        message = wkt.Any(type_url="/" + name.decode(), value=data)
        message = message.unpack(registry.message(name.decode()))
        try:
            violations = validator.collect_violations(message)
        except Exception as error:
            print(json.dumps({"error": str(error)}))
            continue
        told = [[path(v.proto.field), v.proto.rule_id, v.proto.message] for v in violations]
        print(json.dumps({"violations": told}))


main()
