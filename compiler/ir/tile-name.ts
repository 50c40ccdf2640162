// Names of tiles: the node that was divided, which of its tiles, of how many.

/** `/conv1/Conv[2/4]`: the second of four tiles of a node. Operations of no node stay so. */
export function tileName(name: string, tile: number, tiles: number): string {
  return name === '' ? '' : `${name}[${tile + 1}/${tiles}]`;
}

/** The node that a tile is of, or the name itself if it is not one of a tile. */
export function untiledName(name: string): string {
  return name.replace(/\[\d{1,9}\/\d{1,9}\]$/, '');
}
