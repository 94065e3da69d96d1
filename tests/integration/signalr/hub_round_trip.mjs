// Proves a messenger with the official SignalR client: two users register, log in, share a chat and a hub, and the second
// receives what the first sends. Prints one line of JSON about what it saw; otherwise a reason on stderr, and exit 1.
//
//   INVITE_CODE=… node hub_round_trip.mjs --url https://messenger.example:8443 [--connect-to 127.0.0.1] [--ca ca.pem]
//
// --connect-to is where the URL's host name is looked for instead of in DNS; TLS still verifies the name.
// --ca is trusted in addition to the public authorities. The invite code comes by environment: arguments show in ps.
import { spawnSync } from "node:child_process";
import { randomInt, randomUUID } from "node:crypto";
import dns from "node:dns";
import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";

const PATIENCE = 15_000;
const TRANSPORTS = {
  webSockets: { transport: HttpTransportType.WebSockets, skipNegotiation: true },
  negotiated: {},
};

function fail(reason) {
  console.error(`hub round trip failed: ${reason}`);
  process.exit(1);
}

function readArguments() {
  const options = { url: { type: "string" }, "connect-to": { type: "string" }, ca: { type: "string" } };
  const { values } = parseArgs({ options });
  if (!URL.canParse(values.url ?? "")) fail("--url is missing or not a URL");
  if (!process.env.INVITE_CODE) fail("the environment has no INVITE_CODE");
  if (values.ca && !existsSync(values.ca)) fail(`--ca: there is no file ${values.ca}`);
  if (values["connect-to"] && !isIP(values["connect-to"])) fail("--connect-to is not an IP address");
  return { url: new URL(values.url), address: values["connect-to"], ca: values.ca };
}

// Node reads additional authorities when it starts, and only then: start again with them. The client stays as it is.
function trust(ca) {
  if (!ca || process.env.NODE_EXTRA_CA_CERTS === ca) return;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca };
  const again = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { env, stdio: "inherit" });
  process.exit(again.status ?? 1);
}

// Both of the client's ways out, fetch and WebSocket, resolve names through dns.lookup.
function resolveTo(host, address) {
  const lookup = dns.lookup;
  dns.lookup = (name, options, callback = options) => {
    if (name !== host) return lookup(name, options, callback);
    const family = isIP(address);
    process.nextTick(() => (options?.all ? callback(null, [{ address, family }]) : callback(null, address, family)));
  };
}

async function within(step, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${PATIENCE / 1000} s`)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } catch (error) {
    const cause = error.cause ? ` (${error.cause.code ?? error.cause.message})` : "";
    throw new Error(`${step}: ${error.message}${cause}`);
  } finally {
    clearTimeout(timer);
  }
}

async function call(base, method, path, body, token) {
  const step = `${method} ${path}`;
  const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) };
  const answer = await within(step, fetch(new URL(path, base), { method, headers, body: body && JSON.stringify(body) }));
  const text = await within(step, answer.text());
  if (!answer.ok) throw new Error(`${step}: expected success, got ${answer.status}: ${text.slice(0, 300)}`);
  return text ? JSON.parse(text) : undefined;
}

async function newUser(base, displayName) {
  const phoneNumber = `+1${String(randomInt(10 ** 10)).padStart(10, "0")}`;
  const password = randomUUID();
  const inviteCode = process.env.INVITE_CODE;
  await call(base, "POST", "/api/auth/register", { phoneNumber, displayName, password, inviteCode });
  const { token } = await call(base, "POST", "/api/auth/login", { phoneNumber, password });
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  return { token, id: claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"] };
}

function hub(base, user, options) {
  return new HubConnectionBuilder()
    .withUrl(new URL("/hubs/chat", base).href, { ...options, accessTokenFactory: () => user.token })
    .configureLogging(LogLevel.None) // Its log names URLs, and these hold tokens.
    .build();
}

// Resolves with the argument of the first such event that is meant.
function event(connection, name, meant) {
  return new Promise((resolve) => connection.on(name, (argument) => meant(argument) && resolve(argument)));
}

async function roundTrip(base, sender, receiver, chatId, name) {
  const began = Date.now();
  const content = `round trip ${randomUUID()}`;
  const from = hub(base, sender, TRANSPORTS[name]);
  const to = hub(base, receiver, TRANSPORTS[name]);
  const connected = event(to, "UserConnected", (id) => id === sender.id);
  const received = event(to, "ReceiveMessage", (message) => message.content === content);
  try {
    await within(`${name}: the receiver connects`, to.start());
    await within(`${name}: the receiver joins the chat`, to.invoke("JoinChat", chatId));
    await within(`${name}: the sender connects`, from.start());
    await within(`${name}: UserConnected of the sender`, connected);
    await within(`${name}: the sender sends`, from.invoke("SendMessage", { chatId, type: 0, content }));
    const message = await within(`${name}: ReceiveMessage`, received);
    if (message.senderId !== sender.id || message.chatId !== chatId) {
      throw new Error(`${name}: ReceiveMessage names the wrong sender or chat: ${JSON.stringify(message)}`);
    }
    return { transport: name, userConnected: sender.id, receiveMessage: message, milliseconds: Date.now() - began };
  } finally {
    await Promise.all([from.stop(), to.stop()]);
  }
}

async function main() {
  const { url, address, ca } = readArguments();
  trust(ca);
  if (address) resolveTo(url.hostname, address);
  const sender = await newUser(url, "Round trip sender");
  const receiver = await newUser(url, "Round trip receiver");
  const chat = await call(url, "POST", "/api/chats", { title: "Round trip", participantIds: [receiver.id] }, sender.token);
  const rounds = [];
  for (const name of Object.keys(TRANSPORTS)) rounds.push(await roundTrip(url, sender, receiver, chat.id, name));
  await call(url, "DELETE", `/api/chats/${chat.id}`, undefined, sender.token);
  console.log(JSON.stringify({ ok: true, url: url.origin, chatId: chat.id, rounds }));
}

main().then(() => process.exit(0), (error) => fail(error.message));
