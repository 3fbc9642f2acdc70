import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export interface Running {
  said: (what: RegExp) => Promise<RegExpExecArray>;
  ended: Promise<Ended>;
}

// home is where a program keeps what it signed in with.
export function home(): string {
  return mkdtempSync(join(tmpdir(), "writ-home-"));
}

// writ runs the command itself, as somebody would in a terminal.
export function writ(dir: string, ...args: string[]): Running {
  const child = spawn(process.env.E2E_BINARY ?? "writ", args, { env: { ...process.env, HOME: dir, XDG_CONFIG_HOME: dir, XDG_DATA_HOME: dir } });
  const got = { out: "", err: "" };
  const watchers = new Set<() => void>();
  child.stdout.on("data", (b: Buffer) => { got.out += b.toString(); watchers.forEach((w) => w()); });
  child.stderr.on("data", (b: Buffer) => { got.err += b.toString(); watchers.forEach((w) => w()); });
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => { resolve({ code, ...got }); watchers.forEach((w) => w()); }));
  const said = (what: RegExp) => new Promise<RegExpExecArray>((resolve, reject) => {
    const look = () => {
      const found = what.exec(got.out + got.err);
      if (found) resolve(found);
    };
    watchers.add(look);
    void ended.then((e) => reject(new Error(`it ended without saying ${what}: ${e.out}${e.err}`)));
    look();
  });
  return { said, ended };
}
