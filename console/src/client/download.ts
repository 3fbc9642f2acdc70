import { Problem, read } from "./problem";
import { send } from "./send";

export interface Progress {
  bytes: number;
}

// download saves what a path answers as a file, and returns what that is called. A download that is cut leaves no file
// that looks whole: what has come is thrown away and the person is told.
export async function download(path: string, name: string, signal: AbortSignal, onProgress: (p: Progress) => void): Promise<string> {
  const response = await send(new Request(new URL(path, location.origin), { signal }));
  if (!response.ok || !response.body) throw await read(response);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      pieces.push(value as Uint8Array<ArrayBuffer>);
      bytes += value.length;
      onProgress({ bytes });
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw cut;
  }
  const expected = Number(response.headers.get("Content-Length") ?? "0");
  if (expected > 0 && bytes < expected && !response.headers.get("Content-Encoding")) throw cut;
  return save(new Blob(pieces, { type: response.headers.get("Content-Type") ?? "text/csv" }), fileName(response.headers.get("Content-Disposition")) ?? name);
}

// save has the browser keep something as a file, and returns what that is called.
export function save(what: Blob, name: string): string {
  const url = URL.createObjectURL(what);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return link.download;
}

export const cut = new Problem(
  0, "export-cut", "The connection was lost before the export was whole. No file was saved; start it again.",
);

function fileName(header: string | null): string | undefined {
  return /filename="?([\w.-]+)"?/.exec(header ?? "")?.[1];
}
