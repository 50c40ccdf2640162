// The version of the package, from its package.json: beside the sources, or one level above the compiled files.
import { readFileSync } from 'node:fs';

export function packageVersion(): string {
  for (const candidate of ['../package.json', '../../package.json']) {
    try {
      const json: unknown = JSON.parse(readFileSync(new URL(candidate, import.meta.url), 'utf8'));
      if (typeof json === 'object' && json !== null && 'name' in json && json.name === 'zkmlc' && 'version' in json) return String(json.version);
    } catch {
      // The other place has it.
    }
  }
  return 'unknown';
}
