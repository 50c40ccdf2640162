#!/usr/bin/env node
// zkmlc on the command line: parses arguments, runs one command, turns errors into messages and exit codes.
import { run } from './program.ts';

// A reader that has seen enough (`zkmlc ops | head`) is no error.
process.stdout.on('error', () => process.exit());
process.exitCode = await run(process.argv.slice(2));
// Libraries of provers may leave handles open; everything that matters is written once this empty text is.
process.stdout.write('', () => process.exit());
