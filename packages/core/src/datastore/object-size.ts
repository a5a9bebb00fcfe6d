/** Object sizes. */
export interface SizeProfile {
  readonly name: string;
}
