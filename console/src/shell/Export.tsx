import { Button, CloseButton, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconDownload, IconX } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { download } from "../client/download";
import { asProblem } from "../client/problem";
import css from "./export.module.css";

// Export saves all of a list, as it is narrowed and sorted, as a file. What did not come
// whole is said where somebody looks, and no file is left of it.
export function Export({ path, query, name }: { path: string; query: Record<string, unknown>; name: string }) {
  const [bytes, setBytes] = useState<number>();
  const [wrong, setWrong] = useState("");
  const [saved, setSaved] = useState("");
  const ending = useRef<AbortController | null>(null);

  const start = async () => {
    const asked = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== "") asked.set(key, String(value));
    const end = new AbortController();
    ending.current = end;
    setWrong("");
    setSaved("");
    setBytes(0);
    try {
      setSaved(`${await download(`${path}?${asked}`, name, end.signal, (p) => setBytes(p.bytes))} is saved.`);
    } catch (error) {
      if (!end.signal.aborted) setWrong(asProblem(error).message);
    } finally {
      setBytes(undefined);
    }
  };

  return (
    <>
      {wrong && (
        <span className={css.wrong} role="alert">
          <IconAlertTriangle size={15} aria-hidden /> {wrong} <CloseButton size="sm" aria-label="Read" onClick={() => setWrong("")} />
        </span>
      )}
      <span className="out-of-view" role="status">{saved}</span>
      {bytes === undefined ? (
        <Tooltip label={`All of this list as ${name.split(".").pop()?.toUpperCase() ?? "a file"}`}>
          <Button variant="default" leftSection={<IconDownload size={15} />} onClick={() => void start()}>{wrong ? "Export again" : "Export"}</Button>
        </Tooltip>
      ) : (
        <Button variant="default" leftSection={<IconX size={15} />} onClick={() => ending.current?.abort()}>
          <span aria-live="polite">{size(bytes)}, stop</span>
        </Button>
      )}
    </>
  );
}

function size(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / (1 << 20)).toFixed(1)} MB`;
}
