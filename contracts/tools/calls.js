#!/usr/bin/env node
// Adds up what the runs of an invariant campaign called and got done (cache/calls.txt: "action calls done" in each
// line), prints it, and fails when an action has not really happened: then the invariants would say little.
"use strict";

const fs = require("node:fs");

const ACTIONS = [
  "bond", "withdrawBond", "open", "topUp", "close", "announce", "settle", "withdrawStream", "release",
  "withdrawStalled", "releaseAbandoned", "claim", "claimPay", "donate", "wait", "post", "veto", "stall", "setTable",
  "equivocate", "settlePending", "settleVetoed", "settleLies", "openWrongly", "postWrongly", "takeReserved", "releaseEarly",
];
const LEAST_DONE_OF_EACH = 0.3;
const LEAST_DONE_OF_ALL = 0.85;

const calls = new Map(ACTIONS.map((action) => [action, { called: 0, done: 0 }]));
for (const line of fs.readFileSync("cache/calls.txt", "utf8").split("\n")) {
  const [action, called, done] = line.split(" ");
  if (!action) continue;
  if (!calls.has(action)) throw new Error(`tools/calls.js does not know the action ${action}`);
  calls.get(action).called += Number(called);
  calls.get(action).done += Number(done);
}

const all = { called: 0, done: 0 };
const short = [];
console.log("action                calls     done  share");
for (const [action, { called, done }] of calls) {
  all.called += called;
  all.done += done;
  const share = called === 0 ? 0 : done / called;
  console.log(`${action.padEnd(18)}${String(called).padStart(9)}${String(done).padStart(9)}  ${(100 * share).toFixed(0)} %`);
  if (share < LEAST_DONE_OF_EACH) short.push(action);
}
const share = all.done / all.called;
console.log(`${"all".padEnd(18)}${String(all.called).padStart(9)}${String(all.done).padStart(9)}  ${(100 * share).toFixed(0)} %`);
if (short.length > 0 || !(share >= LEAST_DONE_OF_ALL)) {
  console.error(`Too little was done: ${short.join(", ") || "of all calls"}`);
  process.exit(1);
}
