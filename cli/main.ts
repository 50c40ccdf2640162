#!/usr/bin/env node
// zkmlc on the command line: parses arguments, runs one command, turns errors into messages and exit codes.
import { run } from './program.ts';

process.exitCode = await run(process.argv.slice(2));
// Libraries of provers may leave handles open; everything that matters is written by now.
process.exit();
