#!/usr/bin/env node
// Answers the version by itself, as CommonJS since that starts faster; the rest loads when needed.
'use strict';
const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write(`mxd ${require('../package.json').version}\n`);
} else {
  require('node:module').enableCompileCache();
  try {
    require('../dist/main.js');
  } catch (error) {
    process.stderr.write(`mxd: cannot start: ${error.message}\n`);
    process.exitCode = 1;
  }
}
