import { Problem, read, unreachable } from "./problem";
import { proof } from "./proof";

// What the shell does when the door asks for more: it shows a prompt, or the way in.
export interface Asked {
  stepUp: () => Promise<boolean>;
  signIn: () => void;
}

let asked: Asked = { stepUp: () => Promise.resolve(false), signIn: () => undefined };

export function whenAsked(answers: Asked): void {
  asked = answers;
}

const stepUpCode = "step-up-required";

async function once(request: Request): Promise<Response> {
  const signed = new Request(request, { credentials: "same-origin" });
  signed.headers.set("DPoP", await proof(request.method, request.url));
  try {
    return await fetch(signed);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable;
  }
}

// code reads the code of a problem and leaves the answer as it is.
async function code(response: Response): Promise<string> {
  const problem: Problem = await read(response.clone());
  return problem.code;
}

// send sends a request with its proof. Where a second factor is asked for, the person
// is asked and the same request is sent again; where nobody is signed in, they sign in
// and come back.
export async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await once(request);
  if (response.status === 401) {
    if ((await code(response)) === "bad-proof") return response; // another sign-in would not mend it
    if (!/^\/v1\/signin(\/|$)/.test(new URL(request.url).pathname)) asked.signIn();
    return response;
  }
  if (response.status !== 403) return response;
  const why = await code(response);
  if (why === stepUpCode && (await asked.stepUp())) return once(again);
  return response;
}
