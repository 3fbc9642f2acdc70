import { read } from "./problem";
import { send } from "./send";

export interface Event {
  id: string;
  name: string;
  data: string;
}

// events splits a stream of server-sent events. Lines end as the standard says, and a
// piece may end anywhere, also within a letter. An id alone, which says where the stream
// is, is told too.
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<Event> {
  const reader = body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  let event: Event = { id: "", name: "message", data: "" };
  let told = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (event.data !== "" || event.id !== told) yield { ...event, data: event.data.replace(/\n$/, "") };
          told = event.id;
          event = { id: event.id, name: "message", data: "" };
          continue;
        }
        const colon = line.indexOf(":");
        if (colon === 0) continue;
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "data") event.data += text + "\n";
        else if (field === "event") event.name = text;
        else if (field === "id") event.id = text;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

// follow calls back for every event until the signal ends it or the connection does.
export async function follow(path: string, signal: AbortSignal, onEvent: (e: Event) => void, onOpen?: () => void): Promise<void> {
  const response = await send(new Request(new URL(path, location.origin), {
    signal, headers: { Accept: "text/event-stream" },
  }));
  if (!response.ok || !response.body) throw await read(response);
  onOpen?.();
  for await (const event of events(response.body)) onEvent(event);
}
