// What went wrong, as one sentence, and what can be done about it.

export interface Wrong {
  where: string;
  message: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly request: string;
  readonly wrong: Wrong[];

  constructor(status: number, code: string, detail: string, request = "", wrong: Wrong[] = []) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.request = request;
    this.wrong = wrong;
  }

  // Trying the same once more may help.
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
  get denied(): boolean {
    return this.status === 403;
  }
  // There is nothing at an address, also where that is none that anything could have.
  get absent(): boolean {
    return this.status === 404 || (this.code === "invalid-input" && this.wrong.length > 0 && this.wrong.every((w) => w.where.startsWith("path.")));
  }
}

export const unreachable = new Problem(
  0, "unreachable", "Writ does not answer. Check your connection; nothing that you entered is lost.",
);

interface Document {
  code?: string;
  detail?: string;
  title?: string;
  instance?: string;
  errors?: Wrong[] | null;
}

// sentence begins with a capital letter and ends with a full stop.
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const whole = trimmed[0]!.toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(whole) ? whole : whole + ".";
}

// fromDocument turns an answer that is not good into a Problem, also where something in
// between has answered in Writ's place.
export function fromDocument(status: number, doc: Document, response: Response): Problem {
  const detail = doc.detail ?? doc.title ?? `The answer was ${status}: something between you and Writ may be in the way`;
  return new Problem(status, doc.code ?? "unknown", sentence(detail), doc.instance ?? response.headers.get("X-Request-Id") ?? "", doc.errors ?? []);
}

export async function read(response: Response): Promise<Problem> {
  let doc: Document = {};
  if ((response.headers.get("Content-Type") ?? "").includes("json")) {
    doc = await response.json().catch(() => ({})) as Document;
  }
  return fromDocument(response.status, doc, response);
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, "console", sentence(error instanceof Error ? error.message : String(error)));
}
