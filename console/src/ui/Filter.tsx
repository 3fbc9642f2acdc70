import { CloseButton, Select, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { List } from "./useList";
import { clearButton } from "./clear";

// SearchField looks while somebody types, a moment after the last key.
export function SearchField({ list, name = "q", label, width = "18rem" }: { list: List; name?: string; label: string; width?: string }) {
  const kept = list.text(name) ?? "";
  const [text, setText] = useState(kept);
  const [seen, setSeen] = useState(kept);
  if (seen !== kept) { // the address changed under it
    setSeen(kept);
    setText(kept);
  }
  useEffect(() => {
    if (text === kept) return undefined;
    const timer = setTimeout(() => list.set({ [name]: text.trim() || undefined }), 250);
    return () => clearTimeout(timer);
  }, [text, kept, list, name]);
  return (
    <TextInput
      aria-label={label} placeholder={label} value={text} w={width} onChange={(e) => setText(e.currentTarget.value)}
      leftSection={<IconSearch size={15} aria-hidden />}
      rightSection={text && <CloseButton size="sm" aria-label="Clear" onClick={() => setText("")} />}
    />
  );
}

export interface Choice {
  value: string;
  label: string;
}

export function ChoiceField({ list, name, label, choices, width = "10.5rem" }: { list: List; name: string; label: string; choices: Choice[]; width?: string }) {
  return (
    <Select
      aria-label={label} placeholder={label} data={choices} value={list.text(name) ?? null} w={width} clearable
      clearButtonProps={clearButton(label)}
      comboboxProps={{ shadow: "md" }} onChange={(value) => list.set({ [name]: value ?? undefined })}
    />
  );
}
