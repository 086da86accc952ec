import { describe, expect, it } from "vitest";

import { linkTo, readLink } from "./link";

const SCENARIO = "eNqrVkpOLEnMyU9XsoqO1VEqTi7KLCiBslNTU5SsTEGMkpLMvPRiJatqpcSc1KKS4viC1KJ4IN9cz7QWAMkakA";
const MOMENT = { atMs: 110_000, digest: "1f2e3d4c5b6a7980" };
const SHARED = new URL(linkTo(SCENARIO, MOMENT)).hash;

/** The link with each of its characters from *begin* on changed, *count* of them. */
function changed(begin: number, count: number): string {
  const other = (char: string) => (char === "7" ? "8" : "7");
  return (
    SHARED.slice(0, begin) +
    SHARED.slice(begin, begin + count).replace(/./g, other) +
    SHARED.slice(begin + count)
  );
}

describe("a shared link", () => {
  it("comes back whole", () => {
    expect(readLink(SHARED)).toEqual({ scenario: SCENARIO, moment: MOMENT, damage: null });
    expect(readLink(new URL(linkTo(SCENARIO)).hash)).toEqual({
      scenario: SCENARIO,
      moment: null,
      damage: null,
    });
    expect(readLink("#/simulation")).toEqual({ scenario: "", moment: null, damage: null });
  });

  it("is refused when ten of its characters were changed, wherever they are", () => {
    const values = ["c", "s", "t", "d"].map((name) => SHARED.indexOf(`${name}=`) + 2);
    for (const begin of values) {
      for (
        let at = begin;
        at < SHARED.length - 10 &&
        !changed(at, 10)
          .slice(at, at + 10)
          .includes("&");
        at++
      ) {
        if (SHARED.slice(at, at + 10).includes("&")) break;
        expect(readLink(changed(at, 10)).damage, changed(at, 10)).toMatch(/damaged/);
        expect(readLink(changed(at, 10)).moment).toBeNull();
      }
    }
    expect(readLink(SHARED.replace("t=110000", "t=120000")).damage).toMatch(/damaged/);
  });

  it("is refused when its end was cut off, wherever", () => {
    for (let end = SHARED.indexOf("s=") + 2; end < SHARED.length; end++) {
      expect(readLink(SHARED.slice(0, end)).damage, SHARED.slice(0, end)).toMatch(/damaged/);
    }
  });

  it("of a former version is taken without a checksum, if it is well formed", () => {
    const former = `#/simulation?s=${SCENARIO}&t=110000&d=1f2e`;
    expect(readLink(former)).toEqual({
      scenario: SCENARIO,
      moment: { atMs: 110_000, digest: "1f2e" },
      damage: null,
    });
    expect(readLink(former.replace("110000", "1100O0")).damage).toMatch(/damaged/);
    expect(readLink(former.replace("&d=1f2e", "")).damage).toMatch(/damaged/);
  });
});
