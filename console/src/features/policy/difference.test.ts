import { expect, test } from "vitest";
import { difference, folded } from "./difference";

const short = (was: string, is: string) => difference(was, is).map((l) => ({ same: " ", added: "+", removed: "-" })[l.how] + l.text);

test("a difference is what was added and removed, and the rest stays", () => {
  expect(short("a\nb\nc\n", "a\nx\nc\n")).toEqual([" a", "-b", "+x", " c"]);
  expect(short("a\nb\n", "a\nb\n")).toEqual([" a", " b"]);
  expect(short("", "a\n")).toEqual(["+a"]);
  expect(short("a\na\n", "a\n")).toEqual([" a", "-a"]);
  expect(short("a\nb\nc\nd\n", "b\nx\nd\ne\n")).toEqual(["-a", " b", "-c", "+x", " d", "+e"]);
});

test("each line has its number in either text", () => {
  expect(difference("a\nb\nc\n", "b\nc\nd\n").map((l) => [l.was, l.is])).toEqual([[1, undefined], [2, 1], [3, 2], [undefined, 3]]);
});

test("both texts come out of the difference, whatever they are", () => {
  const letters = "abc";
  let seed = 7;
  const some = () => Array.from({ length: 12 }, () => letters[(seed = (seed * 1103515245 + 12345) % 2147483648) % 3]).join("\n") + "\n";
  for (let i = 0; i < 200; i++) {
    const [was, is] = [some(), some()];
    const d = difference(was, is);
    expect(d.filter((l) => l.how !== "added").map((l) => l.text + "\n").join("")).toBe(was);
    expect(d.filter((l) => l.how !== "removed").map((l) => l.text + "\n").join("")).toBe(is);
  }
});

test("texts too long to compare are replaced between what is alike", () => {
  const many = (what: string) => Array.from({ length: 2000 }, (_, i) => `${what}${i}`).join("\n");
  const d = difference(`top\n${many("a")}\n`, `top\n${many("b")}\n`);
  expect(d.filter((l) => l.how === "same").length).toBe(1);
  expect(d.length).toBe(4001);
});

test("what is far from every change is left out", () => {
  const lines = Array.from({ length: 20 }, (_, i) => String(i));
  const f = folded(difference(lines.join("\n"), lines.map((l) => (l === "10" ? "x" : l)).join("\n")));
  expect(f[0]).toBe(7);
  expect(f[f.length - 1]).toBe(6);
  expect(folded(difference("a\n", "a\n"))).toEqual([1]);
});
