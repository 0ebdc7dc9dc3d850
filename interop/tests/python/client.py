"""Calls the interoperability service with Python's grpcio: every kind of method, metadata, deadlines,
cancellation, errors, compression, health and reflection. Prints a line for each promise kept."""

import sys
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from google.protobuf.descriptor_pool import DescriptorPool

sys.path.insert(0, sys.argv[1])
from testing import empty_pb2, messages_pb2, test_pb2_grpc  # noqa: E402

target = sys.argv[2]
channel = grpc.insecure_channel(target)
stub = test_pb2_grpc.TestServiceStub(channel)


def check(what, held):
    print(("ok " if held else "FAILED ") + what, flush=True)
    if not held:
        sys.exit(1)


def sizes(*wanted, interval_us=0):
    return messages_pb2.StreamingOutputCallRequest(
        response_parameters=[
            messages_pb2.ResponseParameters(size=size, interval_us=interval_us) for size in wanted
        ]
    )


METADATA = (
    ("x-grpc-test-echo-initial", "initial value"),
    ("x-grpc-test-echo-trailing-bin", b"\x0a\x0b\xff"),
)


def headers_and_trailers(call):
    return dict(call.initial_metadata()), dict(call.trailing_metadata())


def told_along(call):
    headers, trailers = headers_and_trailers(call)
    return (
        headers.get("x-grpc-test-echo-initial") == "initial value"
        and trailers.get("x-grpc-test-echo-trailing-bin") == b"\x0a\x0b\xff"
    )


check("empty unary", stub.EmptyCall(empty_pb2.Empty()) == empty_pb2.Empty())

large = messages_pb2.SimpleRequest(
    response_size=314159, payload=messages_pb2.Payload(body=bytes(271828))
)
reply, call = stub.UnaryCall.with_call(large, metadata=METADATA)
check("large unary", len(reply.payload.body) == 314159)
check("metadata of a unary call", told_along(call))

reply = stub.UnaryCall(large, compression=grpc.Compression.Gzip)
check("a compressed request", len(reply.payload.body) == 314159)

call = stub.StreamingOutputCall(sizes(31415, 9, 2653, 58979), metadata=METADATA)
got = [len(message.payload.body) for message in call]
check("server stream", got == [31415, 9, 2653, 58979])
check("metadata of a stream", told_along(call))

inputs = [27182, 8, 1828, 45904]
reply = stub.StreamingInputCall(
    messages_pb2.StreamingInputCallRequest(payload=messages_pb2.Payload(body=bytes(size)))
    for size in inputs
)
check("client stream", reply.aggregated_payload_size == sum(inputs))

call = stub.FullDuplexCall(iter([sizes(31415), sizes(9), sizes(2653)]), metadata=METADATA)
got = [len(message.payload.body) for message in call]
check("both ways", got == [31415, 9, 2653])
check("metadata both ways", told_along(call))
check("an empty stream", list(stub.FullDuplexCall(iter([]))) == [])

for code, message in [(2, "test status message"), (5, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n")]:
    request = messages_pb2.SimpleRequest(
        response_status=messages_pb2.EchoStatus(code=code, message=message)
    )
    try:
        stub.UnaryCall(request)
        check("a status", False)
    except grpc.RpcError as error:
        check(f"status {code}", error.code().value[0] == code and error.details() == message)

try:
    stub.UnimplementedCall(empty_pb2.Empty())
    check("a missing method", False)
except grpc.RpcError as error:
    check("a missing method", error.code() == grpc.StatusCode.UNIMPLEMENTED)
try:
    test_pb2_grpc.UnimplementedServiceStub(channel).UnimplementedCall(empty_pb2.Empty())
    check("a missing service", False)
except grpc.RpcError as error:
    check("a missing service", error.code() == grpc.StatusCode.UNIMPLEMENTED)

begun = time.time()
try:
    list(stub.StreamingOutputCall(sizes(1, 1, interval_us=30_000_000), timeout=0.3))
    check("a deadline", False)
except grpc.RpcError as error:
    early = time.time() - begun < 5
    check("a deadline", early and error.code() == grpc.StatusCode.DEADLINE_EXCEEDED)

call = stub.FullDuplexCall(iter([sizes(1), sizes(1, interval_us=30_000_000)]))
check("the first of a stream", len(next(call).payload.body) == 1)
call.cancel()
try:
    next(call)
    check("cancellation", False)
except grpc.RpcError as error:
    check("cancellation", error.code() == grpc.StatusCode.CANCELLED)

oversize = messages_pb2.SimpleRequest(payload=messages_pb2.Payload(body=bytes(5 << 20)))
try:
    stub.UnaryCall(oversize)
    check("an oversize message", False)
except grpc.RpcError as error:
    check("an oversize message", error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED)
check("a call after it", stub.EmptyCall(empty_pb2.Empty()) == empty_pb2.Empty())

health = health_pb2_grpc.HealthStub(channel)
SERVING = health_pb2.HealthCheckResponse.SERVING
for service in ["", "grpc.testing.TestService"]:
    reply = health.Check(health_pb2.HealthCheckRequest(service=service))
    check(f"health of {service or 'the whole app'}", reply.status == SERVING)
try:
    health.Check(health_pb2.HealthCheckRequest(service="nobody"))
    check("health of nobody", False)
except grpc.RpcError as error:
    check("health of nobody", error.code() == grpc.StatusCode.NOT_FOUND)
watch = health.Watch(health_pb2.HealthCheckRequest(service=""))
check("watched health", next(watch).status == SERVING)
watch.cancel()
watch = health.Watch(health_pb2.HealthCheckRequest(service="nobody"))
unknown = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
check("watched health of nobody", next(watch).status == unknown)
watch.cancel()

database = ProtoReflectionDescriptorDatabase(channel)
check("reflection lists services", "grpc.testing.TestService" in database.get_services())
pool = DescriptorPool(database)
service = pool.FindServiceByName("grpc.testing.TestService")
check("reflection describes them", "FullDuplexCall" in service.methods_by_name)
stub = reflection_pb2_grpc.ServerReflectionStub(channel)
asked = [reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.such.Thing")]
answer = next(stub.ServerReflectionInfo(iter(asked)))
check("reflection of nothing", answer.error_response.error_code == 5)
