import { expect, test } from "vitest";
import { agentName } from "./agent";

test("a client is called what people call it", () => {
  expect(agentName("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")).toBe("Chrome on Linux");
  expect(agentName("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1")).toBe("Safari on iPhone or iPad");
  expect(agentName("writ/1.0")).toBe("writ/1.0");
  expect(agentName(undefined)).toMatch(/nothing of itself/);
});
