"use strict";

// Draws openapi.json. Everything is made of nodes and texts, never of markup: what a document says
// cannot become part of the page.

const VERBS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
const $ = (id) => document.getElementById(id);
let api = {};

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null));
  return node;
}

// --- texts: the part of Markdown that comments use ---

function words(text) {
  const nodes = [];
  const pattern = /`([^`]+)`|\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)|<?(https?:\/\/[^\s<>)]+)>?|\*\*([^*]+)\*\*/g;
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    nodes.push(text.slice(last, match.index));
    const [all, code, label, target, address, strong] = match;
    if (code !== undefined) nodes.push(el("code", {}, code));
    else if (strong !== undefined) nodes.push(el("strong", {}, strong));
    else nodes.push(el("a", { href: target || address, rel: "noreferrer" }, label || address));
    last = match.index + all.length;
  }
  nodes.push(text.slice(last));
  return nodes;
}

function markdown(text) {
  const blocks = [];
  let paragraph = [], list = null, fence = null;
  const flush = () => {
    if (paragraph.length) blocks.push(el("p", {}, words(paragraph.join(" "))));
    if (list) blocks.push(el("ul", {}, list.map((item) => el("li", {}, words(item)))));
    paragraph = [];
    list = null;
  };
  for (const line of (text || "").split("\n")) {
    if (fence) {
      if (line.trim().startsWith(fence.mark)) {
        blocks.push(el("pre", {}, el("code", {}, fence.lines.join("\n"))));
        fence = null;
      } else fence.lines.push(line);
      continue;
    }
    const mark = line.trim().match(/^(```+|~~~+)/);
    const item = line.match(/^\s*(?:[-*+]|\d+[.)])\s+(.*)/);
    if (mark) {
      flush();
      fence = { mark: mark[1], lines: [] };
    } else if (item) {
      if (paragraph.length) flush();
      (list = list || []).push(item[1]);
    } else if (!line.trim()) {
      flush();
    } else if (list) {
      list[list.length - 1] += " " + line.trim();
    } else {
      paragraph.push(line.trim());
    }
  }
  flush();
  return blocks;
}

// --- schemas ---

function follow(node) {
  if (!node || !node.$ref) return node || {};
  const parts = node.$ref.replace(/^#\//, "").split("/");
  return parts.reduce((at, part) => (at || {})[decodeURIComponent(part)], api) || {};
}

const nameOf = (schema) => schema.$ref && schema.$ref.split("/").pop();
const isNull = (schema) => schema.type === "null";

// The schema without the null beside it.
function core(schema) {
  const others = (schema.anyOf || []).filter((one) => !isNull(one));
  return schema.anyOf && others.length === 1 ? { ...schema, anyOf: undefined, ...others[0] } : schema;
}

function typeOf(schema) {
  const own = core(schema);
  const name = nameOf(own);
  if (name) return [el("a", { href: "#schema-" + name }, name)];
  if (own.type === "array") return ["list of ", ...typeOf(own.items || {})];
  if (own.type === "object" && typeof own.additionalProperties === "object") {
    return ["map to ", ...typeOf(own.additionalProperties)];
  }
  const ways = own.anyOf || own.oneOf;
  if (!own.type && ways) return ways.flatMap((way, at) => (at ? [" or ", ...typeOf(way)] : typeOf(way)));
  if (own.enum) return [own.enum.map((one) => JSON.stringify(one)).join(" | ")];
  if (own.contentMediaType) return [own.contentMediaType.replace("application/proto", "protobuf")];
  const types = [own.type || "anything"].flat().filter((type) => type !== "null");
  return [types.join(" or ") + (own.format ? " (" + own.format + ")" : "")];
}

const RULES = {
  const: "is", minimum: "≥", exclusiveMinimum: ">", maximum: "≤", exclusiveMaximum: "<",
  minLength: "at least this long:", maxLength: "at most this long:", pattern: "matches",
  minItems: "items ≥", maxItems: "items ≤", minProperties: "entries ≥", maxProperties: "entries ≤",
  default: "default",
};
const WIDTHS = { int32: [-2147483648, 2147483647], uint32: [0, 4294967295] };

function rules(schema) {
  const [least, most] = WIDTHS[schema.format] || [];
  const told = Object.entries(RULES).filter(([key]) => {
    const isWidth = (key === "minimum" && schema[key] === least) || (key === "maximum" && schema[key] === most);
    const isText = key === "pattern" && /^u?int64$/.test(schema.format || "");
    return schema[key] !== undefined && !isWidth && !isText;
  });
  const lines = told.map(([key, say]) => say + " " + JSON.stringify(schema[key]));
  if (schema.uniqueItems) lines.push("no two alike");
  if (schema.not && (schema.not.enum || schema.not.const !== undefined)) {
    lines.push("not " + JSON.stringify(schema.not.enum || schema.not.const));
  }
  const one = schema.type && schema.enum && typeOf(schema)[0] !== schema.enum.map((x) => JSON.stringify(x)).join(" | ");
  if (one || (schema.$ref && schema.enum)) lines.push("one of " + JSON.stringify(schema.enum));
  if (schema.examples) lines.push("for example " + schema.examples.map((x) => JSON.stringify(x)).join(", "));
  return lines.length ? [el("p", { class: "dim" }, lines.join("; "))] : [];
}

const mark = (text, must) => el("span", { class: must ? "mark must" : "mark" }, text);

function field(name, schema, required) {
  const marks = [];
  if (required) marks.push(mark("required", true));
  if (schema.deprecated) marks.push(mark("deprecated"));
  if (schema.readOnly) marks.push(mark("only in answers"));
  if (schema.writeOnly) marks.push(mark("only in requests"));
  if (schema["x-immutable"]) marks.push(mark("never changes"));
  const inner = core(schema);
  const parts = [...markdown(schema.description), ...rules(inner)];
  if (inner.type === "object" && inner.properties) parts.push(fields(inner));
  return [
    el("dt", {}, el("code", {}, name), " ", el("span", { class: "type" }, typeOf(schema)), marks),
    el("dd", {}, parts),
  ];
}

function fields(schema) {
  const required = schema.required || [];
  const rows = Object.entries(schema.properties || {});
  const list = el("dl", { class: "fields" }, rows.flatMap(([name, one]) => field(name, one, required.includes(name))));
  const choices = (schema.allOf || []).filter((one) => one.oneOf && one.title).map((one) => {
    const names = one.oneOf.flatMap((way) => way.required || []);
    const count = one.oneOf.some((way) => way.not) ? "At most one of " : "Exactly one of ";
    return el("p", { class: "dim" }, count, names.flatMap((name, at) => (at ? [", ", el("code", {}, name)] : [el("code", {}, name)])), ".");
  });
  return el("div", {}, rows.length ? list : el("p", { class: "dim" }, "No fields."), choices);
}

function shape(schema) {
  const name = nameOf(core(schema));
  const full = name ? follow(core(schema)) : schema;
  if (full.type === "object" && full.properties) {
    return [name ? el("p", {}, typeOf(schema)) : undefined, fields(full)];
  }
  return [el("p", { class: "type" }, typeOf(schema)), ...rules(full)];
}

// What a value could be.
function sample(schema, depth = 0, within = []) {
  const own = core(schema);
  const name = nameOf(own);
  const full = name ? { ...follow(own), examples: own.examples || follow(own).examples } : own;
  if (full.examples && full.examples.length) return full.examples[0];
  if (full.const !== undefined) return full.const;
  if (full.default !== undefined) return full.default;
  if (full.enum) return full.enum.find((one) => !String(one).endsWith("_UNSPECIFIED")) ?? full.enum[0];
  if (full.type === "object" || full.properties) {
    if (name && within.includes(name)) return undefined;
    const value = {};
    const choices = (full.allOf || []).filter((one) => one.oneOf);
    const skipped = new Set(choices.flatMap((one) => one.oneOf.flatMap((way) => way.required || []).slice(1)));
    for (const [key, one] of Object.entries(full.properties || {})) {
      if (one.readOnly || one.deprecated || skipped.has(key)) continue;
      const inner = depth < 5 ? sample(one, depth + 1, name ? [...within, name] : within) : undefined;
      if (inner !== undefined) value[key] = inner;
    }
    return value;
  }
  if (full.type === "array") {
    const item = sample(full.items || {}, depth + 1, within);
    return item === undefined ? [] : [item];
  }
  const type = [full.type].flat().find((one) => one !== "null");
  if (!type && full.anyOf) return sample(full.anyOf[0], depth, within);
  if (type === "integer" || type === "number") return Math.max(full.minimum ?? 0, (full.exclusiveMinimum ?? -1) + 1, 0);
  if (type === "boolean") return false;
  if (type === "null" || !type) return null;
  const texts = {
    "date-time": "2026-01-31T12:00:00Z", byte: "", int64: "0", uint64: "0", email: "ada@example.com",
    uuid: "00000000-0000-4000-8000-000000000000", uri: "https://example.com", ipv4: "192.0.2.1",
    ipv6: "2001:db8::1", hostname: "example.com",
  };
  return texts[full.format] ?? "";
}

const pretty = (value) => JSON.stringify(value, null, 2);

// --- operations ---

function media(content, label) {
  const kinds = Object.keys(content || {});
  if (!kinds.length) return [];
  // The same again under other names is not drawn again.
  const drawn = new Map();
  for (const kind of kinds) {
    const key = JSON.stringify(content[kind]);
    drawn.set(key, [...(drawn.get(key) || []), kind]);
  }
  return [...drawn].map(([key, names]) => {
    const one = JSON.parse(key);
    const item = one["x-itemSchema"];
    const examples = Object.entries(one.examples || {}).map(([name, example]) => [
      el("p", {}, el("code", {}, name), " ", example.summary || ""),
      el("pre", {}, pretty(example.value)),
    ]);
    return el("div", {}, el("h4", {}, label, " ", names.join(", ")), item ? ["Each message: ", shape(item)] : shape(one.schema || {}), examples.flat());
  });
}

function answers(operation) {
  return Object.entries(operation.responses || {}).map(([status, told]) => {
    const answer = follow(told);
    const good = status.startsWith("2");
    const head = el("summary", {}, el("strong", { class: good ? "ok" : "fault" }, status), " ", ...words(answer.description || ""));
    return el("details", { class: "schema", open: good }, head, el("div", { class: "inside" }, media(answer.content, "As")));
  });
}

function parametersOf(operation) {
  const all = operation.parameters || [];
  return all.length
    ? [el("h4", {}, "Parameters"), el("dl", { class: "fields" }, all.flatMap((one) => field(one.name, { ...one.schema, description: one.description || (one.schema || {}).description, deprecated: one.deprecated }, one.required).map((node, at) => {
        if (at === 0) node.append(mark(one.in));
        return node;
      })))]
    : [];
}

function control(parameter) {
  const schema = follow(core(parameter.schema || {}));
  const id = { name: parameter.name, "data-in": parameter.in, required: parameter.required && parameter.in === "path" };
  const own = schema.enum || (schema.type === "boolean" ? [true, false] : null);
  const input = own
    ? el("select", id, el("option", { value: "" }, ""), own.map((one) => el("option", { value: one }, String(one))))
    : schema.type === "array" || schema.type === "object"
      ? el("textarea", { ...id, "data-many": schema.type, placeholder: schema.type === "array" ? "one in each line" : "key=value in each line" })
      : el("input", { ...id, type: "text", autocomplete: "off" });
  return el("label", {}, parameter.name + (id.required ? " (required)" : ""), input);
}

// The address that a form's parameters make.
function address(path, form) {
  const query = new URLSearchParams();
  let target = path;
  for (const input of form.querySelectorAll("[data-in]")) {
    const { name, value } = input;
    if (input.dataset.in === "path") {
      target = target.replace("{" + name + "}", value.split("/").map(encodeURIComponent).join("/"));
    } else if (value !== "" && input.dataset.many) {
      for (const line of value.split("\n").filter(Boolean)) {
        const [key, ...rest] = line.split("=");
        if (input.dataset.many === "array") query.append(name, line);
        else query.append(name + "[" + key + "]", rest.join("="));
      }
    } else if (value !== "") {
      query.append(name, value);
    }
  }
  // Relative, so that it also holds where a proxy puts the service below a path of its own.
  return "." + target + (query.size ? "?" + query : "");
}

function attempt(verb, path, operation) {
  const body = operation.requestBody && operation.requestBody.content;
  const texts = Object.keys(body || {}).filter((kind) => /json$/.test(kind));
  const answer = follow((operation.responses || {})["200"]).content || {};
  const kind = texts.length ? el("select", {}, texts.map((one) => el("option", {}, one))) : null;
  const input = texts.length ? el("textarea", { spellcheck: "false" }, pretty(sample(body[texts[0]].schema || {}))) : null;
  const file = body && !texts.length ? el("input", { type: "file" }) : null;
  const accept = el("select", {}, Object.keys(answer).map((one) => el("option", {}, one)));
  const send = el("button", { type: "submit" }, "Send");
  const stop = el("button", { type: "button", disabled: true }, "Stop");
  const told = el("div", { "aria-live": "polite" });
  let current = null;
  stop.addEventListener("click", () => current && current.abort());
  const form = el("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      current = new AbortController();
      send.disabled = true;
      stop.disabled = false;
      const headers = { accept: accept.value || "*/*" };
      const token = form.querySelector("[data-token]").value.trim();
      if (token) headers.authorization = token;
      const content = input ? input.value : file && file.files[0] ? file.files[0] : undefined;
      if (input) headers["content-type"] = kind.value;
      const output = el("pre", { tabindex: "0" });
      const begun = performance.now();
      try {
        const url = address(path, form);
        const response = await fetch(url, { method: verb.toUpperCase(), headers, body: content, signal: current.signal });
        const type = response.headers.get("content-type") || "";
        told.replaceChildren(
          el("p", {}, el("strong", { class: response.ok ? "ok" : "fault" }, response.status + " " + response.statusText), " " + Math.round(performance.now() - begun) + " ms, " + (type || "no content") + ", ", el("code", {}, verb.toUpperCase() + " " + url.slice(1))),
          output,
        );
        await show(response, type, output);
      } catch (error) {
        if (error.name !== "AbortError") told.replaceChildren(el("p", { class: "fault" }, String(error)));
        else output.append("\n(stopped)");
      } finally {
        send.disabled = false;
        stop.disabled = true;
      }
    },
  },
    (operation.parameters || []).map(control),
    input && [el("label", {}, "Content type", kind), el("label", {}, "Body", input)],
    file && el("label", {}, "Body", file),
    Object.keys(answer).length ? el("label", {}, "Accept", accept) : null,
    el("label", {}, "Authorization (sent if it is not empty)", el("input", { "data-token": true, type: "text", autocomplete: "off", placeholder: "Bearer …" })),
    el("div", { class: "buttons" }, send, stop),
    told,
  );
  return form;
}

// Writes an answer as it comes; JSON that is whole is set in lines.
async function show(response, type, output) {
  const isText = /json|text|xml|javascript|urlencoded/.test(type);
  if (!isText) {
    const bytes = await response.arrayBuffer();
    output.append(bytes.byteLength + " bytes");
    return;
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let all = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const text = decoder.decode(value, { stream: true });
    all += text;
    if (all.length < 1 << 20) output.append(text);
  }
  try {
    output.textContent = pretty(JSON.parse(all));
  } catch { /* lines or events: they stand as they came */ }
}

function socket(path, operation) {
  const input = el("textarea", { spellcheck: "false" }, pretty(sample(operation.sends || {})));
  const output = el("pre", { tabindex: "0", "aria-live": "polite" });
  const [connect, send, end, close] = ["Connect", "Send", "No more", "Close"].map((text) => el("button", { type: "button", disabled: text !== "Connect" }, text));
  let line = null;
  const state = (open) => {
    connect.disabled = open;
    [send, end, close].forEach((button) => { button.disabled = !open; });
  };
  const form = el("form", { onsubmit: (event) => event.preventDefault() },
    (operation.parameters || []).map(control), el("label", {}, "Message", input),
    el("div", { class: "buttons" }, connect, send, end, close), output);
  connect.addEventListener("click", () => {
    const url = new URL(address(path, form), location.href);
    url.protocol = url.protocol.replace("http", "ws");
    line = new WebSocket(url);
    output.textContent = "";
    line.onopen = () => state(true);
    line.onmessage = ({ data }) => output.append(data.replace("\u001e", "␞") + "\n");
    line.onclose = ({ code, reason }) => {
      output.append("closed: " + code + " " + reason + "\n");
      state(false);
    };
  });
  send.addEventListener("click", () => line.send(JSON.stringify(JSON.parse(input.value))));
  end.addEventListener("click", () => line.send("\u001eend"));
  close.addEventListener("click", () => line.close(1000));
  return form;
}

function operationNode(path, verb, operation) {
  const id = "operation-" + operation.operationId;
  const isSocket = verb === "x-websocket";
  const head = el("summary", {},
    el("span", { class: "verb " + verb }, isSocket ? "WS" : verb.toUpperCase()),
    el("span", { class: "path" }, path),
    operation.deprecated ? mark("deprecated") : undefined,
    el("span", { class: "sum" }, operation.summary || ""));
  const node = el("details", { class: operation.deprecated ? "operation old" : "operation", id }, head);
  node.dataset.words = [verb, path, operation.operationId, operation["x-operation"], operation.summary, operation.description].join(" ").toLowerCase();
  // Drawn when it is opened: large documents have thousands of fields.
  node.addEventListener("toggle", () => {
    if (!node.open || node.querySelector(".inside")) return;
    const security = (operation.security || []).flatMap((one) => Object.keys(one));
    node.append(el("div", { class: "inside" },
      markdown(operation.description || operation.summary),
      el("p", { class: "dim" }, "Operation ", el("code", {}, operation["x-operation"] || operation.operationId), security.length ? "; needs " + security.join(" or ") : ""),
      parametersOf(operation),
      operation.requestBody ? [markdown(operation.requestBody.description), media(operation.requestBody.content, "Body as")] : [],
      isSocket ? [el("h4", {}, "Sends"), shape(operation.sends || {}), el("h4", {}, "Receives"), shape(operation.receives || {})] : [el("h4", {}, "Answers"), answers(operation)],
      el("h4", {}, "Try it"),
      isSocket ? socket(path, operation) : attempt(verb, path, operation)));
  });
  return node;
}

// --- the page ---

function draw() {
  const { title = "API", version = "", description } = api.info || {};
  document.title = title;
  $("title").textContent = title + " " + version;
  $("about").replaceChildren(...markdown(description));
  const groups = new Map((api.tags || []).map((tag) => [tag.name, { tag, rows: [] }]));
  for (const [path, item] of Object.entries(api.paths || {})) {
    const own = VERBS.concat("x-websocket").filter((verb) => item[verb]).map((verb) => [verb, item[verb]]);
    const more = Object.entries(item["x-additionalOperations"] || {});
    for (const [verb, operation] of own.concat(more)) {
      const name = (operation.tags || ["Operations"])[0];
      if (!groups.has(name)) groups.set(name, { tag: { name }, rows: [] });
      groups.get(name).rows.push([path, verb, operation]);
    }
  }
  const [main, contents] = [$("main"), $("contents")];
  $("state").hidden = true;
  for (const { tag, rows } of groups.values()) {
    contents.append(el("h2", {}, tag.name), el("ul", {}, rows.map(([path, verb, operation]) =>
      el("li", { "data-for": operation.operationId }, el("a", { href: "#operation-" + operation.operationId }, el("span", { class: "verb " + verb }, verb === "x-websocket" ? "WS" : verb.toUpperCase()), operation.summary || path)))));
    main.append(el("section", {}, el("h2", {}, tag.name), markdown(tag.description), rows.map((row) => operationNode(...row))));
  }
  const schemas = Object.entries((api.components || {}).schemas || {});
  if (schemas.length) {
    main.append(el("section", {}, el("h2", {}, "Schemas"), schemas.map(([name, schema]) => {
      const node = el("details", { class: "schema", id: "schema-" + name }, el("summary", {}, el("code", {}, name)));
      node.addEventListener("toggle", () => {
        if (node.open && !node.querySelector(".inside")) node.append(el("div", { class: "inside" }, markdown(schema.description), shape(schema)));
      });
      return node;
    })));
  }
  reveal();
}

// Opens what the address names.
function reveal() {
  const node = location.hash && $(decodeURIComponent(location.hash.slice(1)));
  if (node && node.tagName === "DETAILS") {
    node.open = true;
    node.scrollIntoView();
  }
}

function filter() {
  const wanted = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const node of document.querySelectorAll("details.operation")) {
    const hidden = !wanted.every((word) => node.dataset.words.includes(word));
    node.hidden = hidden;
    const entry = document.querySelector('[data-for="' + CSS.escape(node.id.slice("operation-".length)) + '"]');
    if (entry) entry.hidden = hidden;
  }
}

async function start() {
  $("filter").addEventListener("input", filter);
  window.addEventListener("hashchange", reveal);
  $("state").textContent = "Reading openapi.json …";
  try {
    const response = await fetch("openapi.json");
    if (!response.ok) throw new Error("openapi.json: " + response.status);
    api = await response.json();
    draw();
  } catch (error) {
    $("state").textContent = "Cannot draw the API: " + error;
  }
}

start();
