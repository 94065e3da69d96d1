// Users of a messenger who chat in pairs with the official SignalR client, and stay while it is deployed.
//
//   INVITE_CODE=… node hub_crowd.mjs --url https://messenger.example [--connect-to ADDRESS] [--ca ca.pem] [--pairs 10]
//
// For each line it reads, it prints a line of JSON about the time since the one before: reconnects, how long somebody was away, and what
// became of each numbered message by the database's account. It begins with a line when all are connected, and ends with its input.
import { createInterface } from "node:readline";
import { call, fail, hub, newUser, readArguments, resolveTo, trust } from "./messenger.mjs";

const EVERY = 500;
// What one page of messages holds.
const PAGE = 100;

class Member {
  reconnects = 0;
  longest = 0;
  gone = false;

  constructor(base, user, chatId) {
    this.user = user;
    this.connection = hub(base, user, {}, (builder) => builder.withAutomaticReconnect());
    this.connection.onreconnecting(() => (this.left = Date.now()));
    this.connection.onreconnected(() => {
      this.reconnects += 1;
      this.longest = Math.max(this.longest, Date.now() - this.left);
      return this.connection.invoke("JoinChat", chatId);
    });
    // After its last attempt a client gives up.
    this.connection.onclose(() => (this.gone = true));
    this.chatId = chatId;
  }

  async start() {
    await this.connection.start();
    await this.connection.invoke("JoinChat", this.chatId);
  }
}

class Pair {
  number = 0;
  acknowledged = new Set();
  unknown = new Set();

  static async of(base, number) {
    const [first, second] = [await newUser(base, `Crowd ${number} a`), await newUser(base, `Crowd ${number} b`)];
    const chat = await call(base, "POST", "/api/chats", { title: `Crowd ${number}`, participantIds: [second.id] }, first.token);
    const pair = new Pair();
    pair.base = base;
    pair.chatId = chat.id;
    pair.members = [new Member(base, first, chat.id), new Member(base, second, chat.id)];
    for (const member of pair.members) await member.start();
    pair.timer = setInterval(() => pair.send(), EVERY);
    return pair;
  }

  // One message at a time, whoever's turn it is; one that ends in an error may have been written or not.
  async send() {
    const member = this.members[this.number % 2];
    if (this.busy || member.connection.state !== "Connected") return;
    this.busy = true;
    this.number += 1;
    const content = `message ${this.number}`;
    try {
      await member.connection.invoke("SendMessage", { chatId: this.chatId, type: 0, content });
      this.acknowledged.add(content);
    } catch {
      this.unknown.add(content);
    } finally {
      this.busy = false;
    }
  }

  // Return the ids under which each message is stored.
  async stored() {
    const ids = new Map();
    for (let skip = 0; ; skip += PAGE) {
      const path = `/api/messages/${this.chatId}?skip=${skip}&take=${PAGE}`;
      const page = await call(this.base, "GET", path, undefined, this.members[0].user.token);
      // Of the same one twice, since pages move on as messages come, nothing follows.
      for (const { content, id } of page) ids.set(content, (ids.get(content) ?? new Set()).add(id));
      if (page.length < PAGE) return ids;
    }
  }
}

async function report(pairs) {
  const members = pairs.flatMap((pair) => pair.members);
  const told = { clients: members.length, sent: 0, lost: 0, twice: 0, unknown: 0 };
  for (const pair of pairs) {
    // What is acknowledged before the question has to be in the answer.
    const acknowledged = [...pair.acknowledged];
    const ids = await pair.stored();
    told.sent += acknowledged.length;
    told.lost += acknowledged.filter((content) => !ids.has(content)).length;
    told.twice += [...ids.values()].filter((one) => one.size > 1).length;
    told.unknown += pair.unknown.size;
    pair.acknowledged.clear();
    pair.unknown.clear();
  }
  told.reconnects = members.reduce((sum, member) => sum + member.reconnects, 0);
  told.reconnectsOfOne = Math.max(...members.map((member) => member.reconnects));
  told.longestAway = Math.max(...members.map((member) => member.longest));
  told.gone = members.filter((member) => member.gone).length;
  for (const member of members) [member.reconnects, member.longest] = [0, 0];
  return told;
}

async function main() {
  const { url, address, ca, pairs: count } = readArguments({ pairs: { type: "string", default: "10" } });
  trust(ca);
  if (address) resolveTo(url.hostname, address);
  const pairs = [];
  for (let number = 1; number <= Number(count); number += 1) pairs.push(await Pair.of(url, number));
  console.log("connected");
  for await (const _line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await report(pairs)));
}

main().then(() => process.exit(0), (error) => fail(`hub crowd: ${error.message}`));
