/** Server costs. */
export interface DatastoreProfile {
  readonly name: string;
}
