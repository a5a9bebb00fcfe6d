/** `array`, or a wider copy of it in which `index` exists; new cells are 0. */
export function withRoom(
  array: Float64Array<ArrayBuffer>,
  index: number,
): Float64Array<ArrayBuffer> {
  if (index < array.length) return array;
  const wider = new Float64Array(Math.max(64, 2 ** Math.ceil(Math.log2(index + 1))));
  wider.set(array);
  return wider;
}
