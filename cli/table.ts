// Columns of text for people.

/**
 * Rows as aligned lines; the first row is the header.
 * @param right indices of columns that are aligned to the right
 */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => r[i]!.length)));
  return rows
    .map((r) =>
      r
        .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Rows as a Markdown table; the first row is the header. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const line = (r: readonly string[]): string => `| ${r.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const [header = [], ...rest] = rows;
  return [line(header), line(header.map(() => '---')), ...rest.map(line)].join('\n');
}

/** A size for people: `1.2 MB`, with 1 MB = 10^6 bytes. */
export function showBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toPrecision(3)} ${units[unit]}`;
}

/** Up to `most` numbers with six digits, the rest counted. */
export function showNumbers(values: ArrayLike<number>, most = 10): string {
  const shown = Array.from({ length: Math.min(most, values.length) }, (_, i) =>
    String(Number(values[i]!.toPrecision(6))),
  );
  const more = values.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? `, ... ${more} more` : ''}`;
}
