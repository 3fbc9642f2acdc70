import { describe, expect, test } from "vitest";
import { apiTerms, asking, certificateWords, fileName, formTerms, keyWords, kindLabel, lines, span } from "./words";

describe("the words of authorities", () => {
  const now = Date.parse("2027-01-01T00:00:00Z");

  test("what was issued is good until its end, and over after it", () => {
    expect(certificateWords({ state: "issued", ends_at: "2027-01-01T00:00:01Z" }, now).label).toBe("Good");
    expect(certificateWords({ state: "issued", ends_at: "2027-01-01T00:00:00Z" }, now).label).toBe("Over");
    expect(certificateWords({ state: "revoked", ends_at: "2027-01-02T00:00:00Z" }, now)).toEqual({ label: "Revoked", tone: "bad" });
    expect(certificateWords({ state: "something new" }, now).label).toBe("something new");
  });

  test("terms go into a form and back", () => {
    const profile = { needs_reason: true, needs_ticket: false, needs_mfa: true, most_seconds: 3600, stages: [{ approvers: [{ owner: true }], quorum: 1, within_minutes: 60 }] };
    expect(apiTerms(formTerms(profile))).toEqual(profile);
    expect(asking(profile)).toBe("a reason, a second factor, a yes from its owner");
  });

  test("how it is said", () => {
    expect([span(600), span(90), span(0)]).toEqual(["10 minutes", "90 seconds", "as is usual"]);
    expect([kindLabel("jwt"), kindLabel("new"), keyWords("next").label, keyWords("new").label]).toEqual(["Tokens (JWT)", "new", "Next", "new"]);
    expect([fileName("ssh_user"), fileName("x509_client"), fileName("jwt")]).toEqual(["id-cert.pub", "certificate.pem", "token.jwt"]);
    expect(lines(" root, deploy\nana ")).toEqual(["root", "deploy", "ana"]);
  });
});
