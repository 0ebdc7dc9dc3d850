// What a page does with the service: by two gRPC-Web clients, by EventSource and by WebSocket. What
// came of it is put where the test waits for it.
import { createClient, ConnectError } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { create, createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import grpcweb from "grpc-web";

// The page itself is from 127.0.0.1; by another name the same server is another origin.
const here = location.origin;
const there = here.replace("127.0.0.1", "localhost");

const bytes = await (await fetch(`${here}/v1/files/descriptors`)).arrayBuffer();
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, new Uint8Array(bytes)));
const service = registry.getService("files.v1.Files");

const failed = (error) => {
  const { code, rawMessage, details } = ConnectError.from(error);
  return { code, message: rawMessage, details: details.map((detail) => detail.type) };
};

const connect = async (baseUrl, useBinaryFormat) => {
  const client = createClient(service, createGrpcWebTransport({ baseUrl, useBinaryFormat, jsonOptions: { registry } }));
  const told = {};
  const headers = { "x-md-global-who": "page" };
  const got = await client.get({ name: "hi" }, { headers, onTrailer: (trailers) => (told.status = trailers.get("grpc-status")) });
  told.unary = new TextDecoder().decode(got.data);
  told.stream = [];
  for await (const counted of client.count({ upto: 3 })) told.stream.push(counted.number);
  told.before = [];
  try {
    for await (const counted of client.count({ upto: 9, failAt: 3 })) told.before.push(counted.number);
  } catch (error) {
    told.middle = failed(error);
  }
  try {
    await client.get({ name: "none" });
  } catch (error) {
    told.error = failed(error);
  }
  try {
    await client.get({ name: "slow" }, { timeoutMs: 100 });
  } catch (error) {
    told.late = failed(error).code;
  }
  return told;
};

// Google's own client, which reads text as it comes.
const google = (format, base) =>
  new Promise((done) => {
    const client = new grpcweb.GrpcWebClientBase({ format });
    const { input, output } = service.method.count;
    const method = new grpcweb.MethodDescriptor(
      "/files.v1.Files/Count", "server_streaming", Object, Object,
      (request) => toBinary(input, create(input, request)),
      (data) => fromBinary(output, data),
    );
    const numbers = [];
    const stream = client.serverStreaming(`${base}/files.v1.Files/Count`, { upto: 4, failAt: 4 }, {}, method);
    stream.on("data", (counted) => numbers.push(counted.number));
    stream.on("error", (error) => done({ numbers, code: error.code, message: error.message }));
    stream.on("end", () => done({ numbers }));
  });

const events = () =>
  new Promise((done) => {
    const told = { numbers: [], ids: [], opened: 0 };
    const source = new EventSource(`${here}/v1/events/4?failAt=3&stay=true`);
    source.onopen = () => (told.opened += 1);
    source.onmessage = (event) => {
      told.numbers.push(JSON.parse(event.data).number);
      told.ids.push(event.lastEventId);
      if (told.numbers.length === 4) {
        source.close();
        done(told);
      }
    };
    source.addEventListener("error", (event) => {
      if (event.data) told.error = JSON.parse(event.data).reason;
    });
  });

const socket = (last) =>
  new Promise((done) => {
    const told = { heard: [] };
    const socket = new WebSocket(`${here.replace("http", "ws")}/v1/rooms/7/chat?who=page`);
    socket.onopen = () => {
      socket.send(JSON.stringify({ text: "one" }));
      socket.send(JSON.stringify({ text: "two" }));
      socket.send(last);
    };
    socket.onmessage = (event) => told.heard.push(event.data);
    socket.onclose = (event) => done({ ...told, code: event.code });
  });

const attempt = async (work) => {
  try {
    return await work();
  } catch (error) {
    return { threw: String(error), stack: error.stack };
  }
};

const told = {
  binary: await attempt(() => connect(here, true)),
  json: await attempt(() => connect(here, false)),
  elsewhere: window.CROSS ? await attempt(() => connect(there, true)) : null,
  text: await attempt(() => google("text", here)),
  bytes: await attempt(() => google("binary", here)),
  events: await attempt(events),
  socket: await attempt(() => socket("\x1eend")),
  refused: await attempt(() => socket(JSON.stringify({ text: "bye" }))),
};
await fetch(`${here}/v1/files/told`, { method: "PUT", body: JSON.stringify(told) });
