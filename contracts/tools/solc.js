#!/usr/bin/env node
// What forge asks of a solc executable, answered by the compiler of the npm package `solc`:
// its version, and one compilation from standard JSON on stdin to standard JSON on stdout.
"use strict";

const fs = require("node:fs");
const solc = require("solc");

if (process.argv.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")));
} else {
  process.stderr.write("tools/solc.js answers --version and --standard-json only\n");
  process.exit(2);
}
