/** What can be wrong with a fabric or a request to it; `code` is for programs. */
export type FabricFault =
  | { readonly code: "UNKNOWN_NODE"; readonly node: string | number }
  | { readonly code: "UNKNOWN_SWITCH"; readonly name: string; readonly known: readonly string[] }
  | { readonly code: "UNKNOWN_LINK"; readonly link: string | number }
  | { readonly code: "DUPLICATE_NAME"; readonly name: string }
  | { readonly code: "DUPLICATE_LINK"; readonly between: readonly [string, string] }
  | { readonly code: "INVALID_LINK"; readonly link: string; readonly reason: string }
  | { readonly code: "INVALID_SUBNET"; readonly owner: string; readonly subnet: string }
  | { readonly code: "TOO_MANY_SWITCHES"; readonly switches: number; readonly switchesMax: number };

/** A fabric cannot be built as specified, or was asked about something it does not have. Nothing was changed. */
export class FabricError extends Error {
  override readonly name = "FabricError";
  /** What is wrong, for programs. */
  readonly code: FabricFault["code"];
  /** What is wrong, with its particulars. */
  readonly fault: FabricFault;

  constructor(fault: FabricFault) {
    super(`${describe(fault)} [${fault.code}]`);
    this.code = fault.code;
    this.fault = fault;
  }
}

function describe(fault: FabricFault): string {
  switch (fault.code) {
    case "UNKNOWN_NODE":
      return typeof fault.node === "number"
        ? `the fabric has no node with the id ${fault.node}`
        : `the fabric has no node named "${fault.node}"`;
    case "UNKNOWN_SWITCH":
      return `the fabric has no rack or router named "${fault.name}"; it has ${list(fault.known)}`;
    case "UNKNOWN_LINK":
      return `the fabric has no link ${fault.link}`;
    case "DUPLICATE_NAME":
      return `the name "${fault.name}" is taken: nodes, racks and routers share one set of names`;
    case "DUPLICATE_LINK":
      return `"${fault.between[0]}" and "${fault.between[1]}" are linked twice; write parallel links as one, with their joint bandwidth`;
    case "INVALID_LINK":
      return `link ${fault.link}: ${fault.reason}`;
    case "INVALID_SUBNET":
      return `the subnet "${fault.subnet}" of "${fault.owner}" is not a CIDR such as 10.0.1.0/24`;
    case "TOO_MANY_SWITCHES":
      return `${fault.switches} racks and routers exceed ${fault.switchesMax}; let nodes that share no subnet hang from one router, as leafSpine does`;
  }
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(", ");
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown || "none";
}
