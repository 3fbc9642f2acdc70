import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { read } from "./problem";
import { send, whenAsked } from "./send";
import { events, type Event } from "./stream";

function problem(status: number, code: string, detail: string): Response {
  return new Response(JSON.stringify({ code, detail, status }), { status, headers: { "Content-Type": "application/problem+json" } });
}

describe("send", () => {
  let answers: Response[] = [];
  const sent: Request[] = [];
  beforeEach(() => {
    sent.length = 0;
    vi.stubGlobal("fetch", vi.fn((request: Request) => {
      sent.push(request);
      return Promise.resolve(answers.shift());
    }));
  });
  afterEach(() => vi.unstubAllGlobals());

  test("puts a proof on every request", async () => {
    answers = [new Response("{}")];
    await send(new Request("http://localhost/v1/me"));
    expect(sent[0]?.headers.get("DPoP")?.split(".")).toHaveLength(3);
  });

  test("asks for the passkey and sends the same again with a new proof", async () => {
    answers = [problem(403, "step-up-required", "confirm"), new Response("{}")];
    const stepUp = vi.fn(() => Promise.resolve(true));
    whenAsked({ stepUp, signIn: () => undefined });
    const response = await send(new Request("http://localhost/v1/findings/fnd_1/accept", { method: "POST", body: '{"reason":"x"}' }));
    expect(response.ok).toBe(true);
    expect(stepUp).toHaveBeenCalledOnce();
    expect(await sent[1]?.text()).toBe('{"reason":"x"}');
    expect(sent[1]?.headers.get("DPoP")).not.toBe(sent[0]?.headers.get("DPoP"));
  });

  test("gives the refusal back where the passkey was not shown", async () => {
    answers = [problem(403, "step-up-required", "confirm")];
    whenAsked({ stepUp: () => Promise.resolve(false), signIn: () => undefined });
    expect((await send(new Request("http://localhost/v1/x", { method: "POST" }))).status).toBe(403);
  });

  test("does not ask for a passkey where something else was refused", async () => {
    answers = [problem(403, "denied", "policy forbids it")];
    const stepUp = vi.fn(() => Promise.resolve(true));
    whenAsked({ stepUp, signIn: () => undefined });
    await send(new Request("http://localhost/v1/x"));
    expect(stepUp).not.toHaveBeenCalled();
  });

  test("leads to the way in where nobody is signed in", async () => {
    answers = [problem(401, "sign-in-required", "sign in first")];
    const signIn = vi.fn();
    whenAsked({ stepUp: () => Promise.resolve(false), signIn });
    await send(new Request("http://localhost/v1/me"));
    expect(signIn).toHaveBeenCalledOnce();
  });

  test("leads nowhere where the clock is wrong, which signing in would not mend", async () => {
    answers = [problem(401, "bad-proof", "look at the clock")];
    const signIn = vi.fn();
    whenAsked({ stepUp: () => Promise.resolve(false), signIn });
    expect((await send(new Request("http://localhost/v1/me"))).status).toBe(401);
    expect(signIn).not.toHaveBeenCalled();
  });
});

describe("read", () => {
  test("makes a sentence of a problem", async () => {
    const p = await read(problem(409, "version-changed", "somebody changed it meanwhile: read it again"));
    expect(p.message).toBe("Somebody changed it meanwhile: read it again.");
    expect(p.code).toBe("version-changed");
  });

  test("says so where a proxy has answered", async () => {
    const p = await read(new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "Content-Type": "text/html" } }));
    expect(p.message).toContain("502");
    expect(p.passes).toBe(true);
  });
});

describe("events", () => {
  async function all(...pieces: string[]): Promise<Event[]> {
    const bytes = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      start(c) {
        pieces.forEach((piece) => c.enqueue(bytes.encode(piece)));
        c.close();
      },
    });
    const list: Event[] = [];
    for await (const e of events(body)) list.push(e);
    return list;
  }

  test("are put together from pieces that end anywhere", async () => {
    const list = await all("id: 7\nevent: rec", "ord\ndata: {\"a\":", "1}\n", "\n: still here\n\ndata: x\r\n", "\r\n");
    expect(list).toEqual([{ id: "7", name: "record", data: '{"a":1}' }, { id: "7", name: "message", data: "x" }]);
  });

  test("are not made of what was cut", async () => {
    expect(await all("data: half")).toEqual([]);
  });
});
