// Text from models in HTML and SVG: nothing that a file names can become markup.
import { printable } from '../../compiler/index.ts';

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

/** Longest name that the page shows (characters): names of hostile files have no bound. */
const MOST_CHARACTERS = 200;

/** A text for elements and quoted attributes; control and direction characters become visible. */
export function escapeText(text: string): string {
  return printable(text).replace(/[&<>"']/g, (c) => ENTITIES.get(c)!);
}

/** A text of at most so many characters, the middle left out. */
export function shorten(text: string, most: number): string {
  const characters = [...text];
  if (characters.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  return `${characters.slice(0, most - 1 - tail).join('')}…${characters.slice(characters.length - tail).join('')}`;
}

/** A name as the page shows it. */
export function escapeName(name: string): string {
  // The head first: a name can be as long as a file.
  return escapeText(
    name.length > 2 * MOST_CHARACTERS ? `${name.slice(0, MOST_CHARACTERS - 1)}…` : shorten(name, MOST_CHARACTERS),
  );
}
