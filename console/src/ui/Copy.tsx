import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";

// Copy copies what stands beside it. What it is, of several, is said and not shown.
export function Copy({ value, what }: { value: string; what: string }) {
  const { copied, error, copy } = useClipboard();
  return (
    <Button variant="default" size="xs" leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />} onClick={() => copy(value)}>
      <span aria-live="polite">{error ? "Copy it by hand" : copied ? "Copied" : "Copy"}</span><span className="out-of-view"> the {what}</span>
    </Button>
  );
}
