// Dividing layers into tiles.
export { type SlicedModule, sliceInTiles } from './slice-in-tiles.ts';
export { tile } from './tile.ts';
export { evenSizes, type TileChoice, tileGroups } from './tile-groups.ts';
