import { describe, expect, test } from "vitest";
import { drillWords, fileName, late, listed, openingWords, sealWords, staleWords, stateWords, triedWords } from "./words";

const share = (n: number, token = false) => ({ share: n, identity: `idn_${n}`, token });

describe("a break-glass kit in words", () => {
  test("what opens it: shares, and hardware tokens alone", () => {
    expect(sealWords({ threshold: 2, holders: [share(1), share(2), share(3)] })).toBe("2 of 3 shares");
    expect(sealWords({ threshold: 2, holders: [share(1), share(2), share(3, true)] })).toBe("2 of 2 shares, or a hardware token alone");
    expect(sealWords({ threshold: 2, holders: [share(1), share(2), share(3, true), share(4, true)] })).toBe("2 of 2 shares, or one of 2 hardware tokens alone");
  });

  test("why it is stale, and what came of the last drill", () => {
    expect(staleWords(["aged", "new"])).toBe("it is older than it is good for, and new");
    expect(staleWords(null)).toBe("");
    expect([drillWords({}), drillWords({ drilled: "2027-03-01T00:00:00Z" }), drillWords({ drilled: "2027-03-01T00:00:00Z", drill_failed: true })].map((d) => d.tone)).toEqual(["none", "good", "bad"]);
    expect([triedWords(undefined), triedWords("unreachable"), triedWords("bad-secret")]).toEqual(["the system did not take it", "the system did not answer", "bad secret"]);
  });

  test("a drill is late only while the kit is in use", () => {
    const due = "2027-03-01T00:00:00Z";
    const after = Date.parse(due) + 1;
    expect([late({ state: "ready", drill_due: due }, after), late({ state: "ready", drill_due: due }, after - 2), late({ state: "used", drill_due: due }, after)]).toEqual([true, false, false]);
  });

  test("an opening waits for its review until somebody has said what they found", () => {
    expect(openingWords({ closed: true }).label).toBe("Its review waits");
    expect(openingWords({ closed: true, verdict: "refused" }).tone).toBe("bad");
    expect(openingWords({ closed: true, verdict: "approved" }).tone).toBe("good");
    expect(openingWords({ closed: true, drill: true, tried: [{ secret: "sec_1", opens: true }, { secret: "sec_2", opens: false }] }).tone).toBe("bad");
    expect(openingWords({ closed: false, drill: true }).tone).toBe("warn");
  });

  test("names of files and of people", () => {
    expect(fileName({ name: "all of it: now", edition: 3 })).toBe("all-of-it-now-3.kit");
    expect([listed([]), listed(["a"]), listed(["a", "b", "c"])]).toEqual(["", "a", "a, b and c"]);
    expect(stateWords("new")).toEqual({ label: "new", tone: "none" });
  });
});
