/** Orders texts by code unit, as Go orders the bytes of the names and addresses met here. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
