import createClient from "openapi-fetch";
import type { paths } from "../api/schema";
import { fromDocument, read, type Problem } from "./problem";
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
  return fromDocument(response.status, typeof error === "object" && error !== null ? error : {}, response);
}

// askPath asks what the API's description does not name yet.
export async function askPath<T>(path: string, query: Record<string, string | number | undefined> = {}): Promise<T> {
  const asked = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) asked.searchParams.set(name, String(value));
  const response = await send(new Request(asked, { headers: { Accept: "application/json" } }));
  if (!response.ok) throw await read(response);
  return await response.json() as T;
}
