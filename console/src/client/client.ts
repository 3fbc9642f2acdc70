import createClient from "openapi-fetch";
import type { paths } from "../api/schema";
import { Problem, read } from "./problem";
import { send } from "./send";

export const api = createClient<paths>({ baseUrl: location.origin, fetch: send });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

// ask returns what was answered, or throws the Problem.
export async function ask<T>(sent: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await sent;
  if (response.ok) return data as T;
  throw problemOf(error, response);
}

// askWithTag is ask with the version of the object, which a change has to name.
export async function askWithTag<T>(sent: Promise<Answer<T>>): Promise<{ data: T; tag: string }> {
  const answer = await sent;
  if (!answer.response.ok) throw problemOf(answer.error, answer.response);
  return { data: answer.data as T, tag: answer.response.headers.get("ETag") ?? "" };
}

function problemOf(error: unknown, response: Response): Problem {
  const doc = (error ?? {}) as { code?: string; detail?: string; instance?: string; errors?: Problem["wrong"] | null };
  if (typeof doc !== "object" || doc.code === undefined) {
    return new Problem(response.status, "unknown", `The answer was ${response.status}: something between you and Writ may be in the way.`);
  }
  return new Problem(response.status, doc.code, upper(doc.detail ?? ""), doc.instance ?? "", doc.errors ?? []);
}

function upper(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : whole + ".";
}

export { read };
