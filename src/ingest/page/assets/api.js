// The server: JSON, pictures and the live stream, with a token that only this
// module's memory holds.

let token = null;

/** What to do when a token is refused. */
let onRefused = () => {};

/** An answer other than success, in the server's words. */
export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function signOut() {
  token = null;
}

export function whenRefused(act) {
  onRefused = act;
}

/** Tries a token, and keeps it if the server takes it. */
export async function signIn(candidate) {
  // A header takes visible ASCII alone.
  if (!/^[\x21-\x7e]+$/.test(candidate)) throw new Problem(401, "invalid");
  const reply = await ask("/api/v1/status", { headers: { authorization: `Bearer ${candidate}` } });
  if (!reply.ok) throw await problemOf(reply);
  await reply.arrayBuffer();
  token = candidate;
}

/** The JSON of a route, read by a parser of one's choice. */
export async function get(path, parameters, signal, parse = JSON.parse) {
  const reply = await request(path, parameters, signal);
  return parse(await reply.text());
}

/** A picture, of the one kind that the server keeps. */
export async function picture(path, parameters, signal) {
  const reply = await request(path, parameters, signal);
  const blob = await reply.blob();
  if (blob.type !== "image/png") throw new Problem(reply.status, "not a picture");
  return blob;
}

async function request(path, parameters, signal, extra = {}) {
  const query = new URLSearchParams(parameters).toString();
  const headers = { ...extra };
  if (token) headers.authorization = `Bearer ${token}`;
  const reply = await ask(query ? `${path}?${query}` : path, { headers, signal });
  if (reply.ok) return reply;
  const problem = await problemOf(reply);
  if (reply.status === 401) onRefused(problem);
  throw problem;
}

async function ask(url, options) {
  try {
    return await fetch(url, { cache: "no-store", credentials: "omit", redirect: "error", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "the server cannot be reached");
  }
}

async function problemOf(reply) {
  const body = await reply.json().catch(() => ({}));
  return new Problem(reply.status, body.error ?? `the server answered ${reply.status}`);
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/**
 * Follows the live stream until told to stop: behind the last event that was
 * seen, however often the connection breaks. EventSource could not send the
 * token. `take` gets {id, kind, data} with the data as text; `tell` gets
 * "connecting", "live" or "waiting", and how long.
 */
export async function follow(parameters, { signal, take, tell }) {
  let lastId = null;
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    tell("connecting");
    try {
      const extra = lastId === null ? {} : { "last-event-id": lastId };
      const reply = await request("/api/v1/logs/stream", parameters, signal, extra);
      tell("live");
      for await (const event of events(reply.body, signal)) {
        wait = FIRST_WAIT;
        if (event.id !== null) lastId = event.id;
        take(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      const isFinal = error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429;
      if (isFinal) throw error;
    }
    if (signal.aborted) return;
    tell("waiting", wait);
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

/** The events of a body of server-sent events, each once it is whole. */
async function* events(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  signal.addEventListener("abort", () => reader.cancel().catch(() => {}), { once: true });
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    // An event may come in many pieces: only what is new can hold its end.
    let from = Math.max(0, text.length - 1);
    text += value;
    let begin = 0;
    for (;;) {
      const end = text.indexOf("\n\n", from);
      if (end < 0) break;
      const event = eventOf(text.slice(begin, end));
      if (event) yield event;
      begin = end + 2;
      from = begin;
    }
    text = text.slice(begin);
  }
}

function eventOf(block) {
  const event = { id: null, kind: "message", data: null };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const value = line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    switch (line.slice(0, colon)) {
      case "id": event.id = value; break;
      case "event": event.kind = value; break;
      case "data": event.data = event.data === null ? value : `${event.data}\n${value}`; break;
    }
  }
  return event.data === null ? null : event;
}
