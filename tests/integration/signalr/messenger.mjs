// What scripts with the official SignalR client have in common: arguments, trust, and users of the messenger.
//
// --connect-to is where the URL's host name is looked for instead of in DNS; TLS still verifies the name.
// --ca is trusted in addition to the public authorities. The invite code comes by environment: arguments show in ps.
import { spawnSync } from "node:child_process";
import { randomInt, randomUUID } from "node:crypto";
import dns from "node:dns";
import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { parseArgs } from "node:util";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";

const PATIENCE = 15_000;

export function fail(reason) {
  console.error(`failed: ${reason}`);
  process.exit(1);
}

export function readArguments(more = {}) {
  const options = { ...more, url: { type: "string" }, "connect-to": { type: "string" }, ca: { type: "string" } };
  const { values } = parseArgs({ options });
  if (!URL.canParse(values.url ?? "")) fail("--url is missing or not a URL");
  if (!process.env.INVITE_CODE) fail("the environment has no INVITE_CODE");
  if (values.ca && !existsSync(values.ca)) fail(`--ca: there is no file ${values.ca}`);
  if (values["connect-to"] && !isIP(values["connect-to"])) fail("--connect-to is not an IP address");
  return { ...values, url: new URL(values.url), address: values["connect-to"] };
}

// Node reads additional authorities when it starts, and only then: start again with them. The client stays as it is.
export function trust(ca) {
  if (!ca || process.env.NODE_EXTRA_CA_CERTS === ca) return;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca };
  const again = spawnSync(process.execPath, process.argv.slice(1), { env, stdio: "inherit" });
  process.exit(again.status ?? 1);
}

// Both of the client's ways out, fetch and WebSocket, resolve names through dns.lookup.
export function resolveTo(host, address) {
  const lookup = dns.lookup;
  dns.lookup = (name, options, callback = options) => {
    if (name !== host) return lookup(name, options, callback);
    const family = isIP(address);
    process.nextTick(() => (options?.all ? callback(null, [{ address, family }]) : callback(null, address, family)));
  };
}

export async function within(step, promise) {
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

export async function call(base, method, path, body, token) {
  const step = `${method} ${path}`;
  const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) };
  const answer = await within(step, fetch(new URL(path, base), { method, headers, body: body && JSON.stringify(body) }));
  const text = await within(step, answer.text());
  if (!answer.ok) throw new Error(`${step}: expected success, got ${answer.status}: ${text.slice(0, 300)}`);
  return text ? JSON.parse(text) : undefined;
}

export async function newUser(base, displayName) {
  const phoneNumber = `+1${String(randomInt(10 ** 10)).padStart(10, "0")}`;
  const password = randomUUID();
  const inviteCode = process.env.INVITE_CODE;
  await call(base, "POST", "/api/auth/register", { phoneNumber, displayName, password, inviteCode });
  const { token } = await call(base, "POST", "/api/auth/login", { phoneNumber, password });
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  return { token, id: claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"] };
}

// Builds a connection of a user; more is done to the builder before.
export function hub(base, user, options, more = (builder) => builder) {
  const builder = new HubConnectionBuilder()
    .withUrl(new URL("/hubs/chat", base).href, { ...options, accessTokenFactory: () => user.token })
    .configureLogging(LogLevel.None); // Its log names URLs, and these hold tokens.
  return more(builder).build();
}
