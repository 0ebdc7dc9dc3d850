"""The interoperability service with Python's grpcio. Prints its port; ends when standard input does."""

import sys
import time
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

sys.path.insert(0, sys.argv[1])
from testing import empty_pb2, messages_pb2, test_pb2, test_pb2_grpc  # noqa: E402


def echo(context):
    metadata = dict(context.invocation_metadata())
    if "x-grpc-test-echo-initial" in metadata:
        value = metadata["x-grpc-test-echo-initial"]
        context.send_initial_metadata((("x-grpc-test-echo-initial", value),))
    if "x-grpc-test-echo-trailing-bin" in metadata:
        value = metadata["x-grpc-test-echo-trailing-bin"]
        context.set_trailing_metadata((("x-grpc-test-echo-trailing-bin", value),))


def asked_status(request, context):
    if request.HasField("response_status") and request.response_status.code:
        code = next(c for c in grpc.StatusCode if c.value[0] == request.response_status.code)
        context.abort(code, request.response_status.message)


def payload(size):
    return messages_pb2.Payload(body=bytes(size))


def outputs(request):
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1e6)
        yield messages_pb2.StreamingOutputCallResponse(payload=payload(parameters.size))


class Service(test_pb2_grpc.TestServiceServicer):
    def EmptyCall(self, request, context):
        echo(context)
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        echo(context)
        asked_status(request, context)
        return messages_pb2.SimpleResponse(payload=payload(request.response_size))

    def StreamingOutputCall(self, request, context):
        echo(context)
        asked_status(request, context)
        yield from outputs(request)

    def StreamingInputCall(self, requests, context):
        size = sum(len(request.payload.body) for request in requests)
        return messages_pb2.StreamingInputCallResponse(aggregated_payload_size=size)

    def FullDuplexCall(self, requests, context):
        echo(context)
        for request in requests:
            asked_status(request, context)
            yield from outputs(request)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), compression=grpc.Compression.Gzip)
test_pb2_grpc.add_TestServiceServicer_to_server(Service(), server)
status = health.HealthServicer()
status.set("", health_pb2.HealthCheckResponse.SERVING)
health_pb2_grpc.add_HealthServicer_to_server(status, server)
reflection.enable_server_reflection(
    ("grpc.testing.TestService", reflection.SERVICE_NAME, health.SERVICE_NAME), server
)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
for line in sys.stdin:
    if line.strip() == "not serving":
        status.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    if line.strip() == "serving":
        status.set("", health_pb2.HealthCheckResponse.SERVING)
server.stop(None)
