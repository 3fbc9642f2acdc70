import { describe, expect, test } from "vitest";
import { byDay, days, dueWords, everyWords, fit, moved, stageWords, stateWords, times, windowWords } from "./words";

const at = (text: string) => Date.parse(`2027-03-10T${text}:00Z`);

describe("when secrets are due", () => {
  test("a window that ends after midnight is open before and after it", () => {
    expect(fit(at("12:00"), 22, 4)).toBe(at("22:00"));
    expect(fit(at("23:30"), 22, 4)).toBe(at("23:30"));
    expect(fit(at("03:59"), 22, 4)).toBe(at("03:59"));
    expect(fit(at("04:00"), 22, 4)).toBe(at("22:00"));
  });

  test("a window within a day waits for the next day once it has closed", () => {
    expect(fit(at("01:00"), 8, 10)).toBe(at("08:00"));
    expect(fit(at("09:00"), 8, 10)).toBe(at("09:00"));
    expect(fit(at("10:00"), 8, 10)).toBe(at("08:00") + 86_400_000);
    expect(fit(at("10:00"), 0, 0)).toBe(at("10:00"));
  });

  test("a plan goes on from each time to the next, within its hours", () => {
    const plan = { secret: "s", next: "2027-03-10T23:00:00Z", every_hours: 36, from: 22, until: 4 };
    expect(times(plan, at("00:00") + 5 * 86_400_000).map((t) => new Date(t).toISOString().slice(8, 16))).toEqual(["10T23:00", "12T22:00", "14T22:00"]);
    const once = { ...plan, every_hours: 0 };
    expect(times(once, at("00:00") + 86_400_000)).toEqual([at("23:00")]);
    expect(times(once, at("22:00"))).toEqual([]);
  });

  test("the calendar begins on a Monday, and has what is due often once a day", () => {
    expect(days("2027-03-10", 2)).toHaveLength(14);
    expect(days("2027-03-10", 1)[0]).toBe("2027-03-08");
    expect(days("2027-03-08", 1)[0]).toBe("2027-03-08");
    expect(days("2027-03-14", 1)[0]).toBe("2027-03-08");
    const often = { secret: "s", next: "2027-03-10T10:00:00Z", every_hours: 1, from: 0, until: 0 };
    expect([...byDay([often], at("13:00")).values()]).toEqual([[often]]);
  });

  test("it is said as somebody would", () => {
    expect([1, 5, 24, 720].map(everyWords)).toEqual(["every hour", "every 5 hours", "every day", "every 30 days"]);
    expect([windowWords(22, 4), windowWords(3, 3)]).toEqual(["between 22:00 and 04:00 UTC", "at any hour"]);
    expect([dueWords("leaver"), dueWords("new"), dueWords(undefined), stateWords("new").label]).toEqual(["somebody has left who knew it", "new", "for a reason that is not known", "new"]);
  });
});

describe("who is told", () => {
  test("in another order", () => {
    const list = [{ id: "a", place: 0 }, { id: "b", place: 0 }, { id: "c", place: 2 }];
    expect(moved(list, "c", -1)).toEqual([{ id: "c", place: 0 }, { id: "b", place: 2 }]);
    expect(moved(list, "a", 1)).toEqual([{ id: "a", place: 1 }]);
    expect(moved(list, "b", -1)).toEqual([{ id: "a", place: 1 }, { id: "c", place: 3 }]);
    expect([moved(list, "a", -1), moved(list, "c", 1), moved(list, "x", 1)]).toEqual([undefined, undefined, undefined]);
    expect(moved([{ id: "a", place: 99 }, { id: "b", place: 99 }], "a", 1)).toBeUndefined();
  });

  test("how far they are", () => {
    expect([stageWords("late").tone, stageWords("new").label]).toEqual(["bad", "new"]);
  });
});
