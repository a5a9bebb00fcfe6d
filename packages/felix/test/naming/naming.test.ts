import { describe, expect, test } from "vitest";
import { vtepMac, workloadInterfaceName } from "../../src/naming/interface-name.js";
import { sha1Hex } from "../../src/naming/sha1.js";

describe("names that Calico derives by SHA-1", () => {
  test.each([
    ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
    ],
    ["a".repeat(1_000), "291e9a6c66994949b57ba5e650361e98fc36b1ba"],
  ])("SHA-1 agrees with FIPS 180-4 and others for a text of this length: %#", (text, digest) => {
    expect(sha1Hex(text)).toBe(digest);
  });

  test("an interface is called after namespace and pod (node-behaviour §4.3)", () => {
    expect(workloadInterfaceName("default", "pod-1")).toBe("cali83dbd022cd5");
    expect(workloadInterfaceName("namespace", "podname")).toBe("cali82111e10a96");
  });

  test("a VTEP's MAC is called after its node (node-behaviour §3.7)", () => {
    expect(vtepMac("localhostname")).toBe("66:48:f6:56:dc:f1");
    expect(vtepMac("node1")).toBe("66:f9:37:c3:7e:94");
    expect(vtepMac("node1", 6)).toBe("66:0f:35:f2:60:df");
  });
});
