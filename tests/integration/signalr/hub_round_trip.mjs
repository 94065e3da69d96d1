// Proves a messenger with the official SignalR client: two users register, log in, share a chat and a hub, and the second
// receives what the first sends. Prints one line of JSON about what it saw; otherwise a reason on stderr, and exit 1.
//
//   INVITE_CODE=… node hub_round_trip.mjs --url https://messenger.example:8443 [--connect-to 127.0.0.1] [--ca ca.pem]
import { randomUUID } from "node:crypto";
import { HttpTransportType } from "@microsoft/signalr";
import { call, fail, hub, newUser, readArguments, resolveTo, trust, within } from "./messenger.mjs";

const TRANSPORTS = {
  webSockets: { transport: HttpTransportType.WebSockets, skipNegotiation: true },
  negotiated: {},
};

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

main().then(() => process.exit(0), (error) => fail(`hub round trip: ${error.message}`));
