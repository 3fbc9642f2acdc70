import { Button, Tooltip } from "@mantine/core";
import { IconDownload, IconX } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { download } from "../client/download";
import { asProblem } from "../client/problem";

// Export saves all of a list, as it is narrowed and sorted, as a file.
export function Export({ path, query, name }: { path: string; query: Record<string, unknown>; name: string }) {
  const [bytes, setBytes] = useState<number>();
  const [wrong, setWrong] = useState("");
  const ending = useRef<AbortController | null>(null);

  const start = async () => {
    const asked = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== "") asked.set(key, String(value));
    ending.current = new AbortController();
    setWrong("");
    setBytes(0);
    try {
      await download(`${path}?${asked}`, name, ending.current.signal, (p) => setBytes(p.bytes));
    } catch (error) {
      if (!ending.current.signal.aborted) setWrong(asProblem(error).message);
    } finally {
      setBytes(undefined);
    }
  };

  if (bytes !== undefined) {
    return (
      <Button variant="default" leftSection={<IconX size={15} />} onClick={() => ending.current?.abort()}>
        <span aria-live="polite">{size(bytes)}, stop</span>
      </Button>
    );
  }
  return (
    <Tooltip label={wrong || "All of this list as CSV"} opened={wrong ? true : undefined} multiline maw={320} color={wrong ? "red" : undefined}>
      <Button variant="default" leftSection={<IconDownload size={15} />} onClick={() => void start()}>
        Export{wrong && <span className="out-of-view" role="alert">{wrong}</span>}
      </Button>
    </Tooltip>
  );
}

function size(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / (1 << 20)).toFixed(1)} MB`;
}
