import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";

export interface Person {
  id: string;
  name: string;
}

// PersonField finds somebody who works here by what they are called; the server looks,
// since there may be a million of them.
export function PersonField({ label, value, onChange, nobody }: { label: string; value?: Person; onChange: (p: Person | undefined) => void; nobody?: string }) {
  const [text, setText] = useState(value?.name ?? "");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const found = useQuery({
    queryKey: ["people", asked],
    queryFn: () => ask(api.GET("/v1/identities", { params: { query: { q: asked === value?.name ? "" : asked, kind: "human", state: "active", limit: 20 } } })),
    placeholderData: (before) => before,
  });
  const people = (found.data?.items ?? []).map((p) => ({ value: p.id, label: p.name, note: [p.number, p.email].filter(Boolean).join(" · ") }));
  const listed = value && !people.some((p) => p.value === value.id) ? [{ value: value.id, label: value.name, note: "" }, ...people] : people;
  return (
    <Select
      label={label} placeholder={nobody ?? "Type a name"} searchable clearable data={listed} value={value?.id ?? null} searchValue={text} onSearchChange={setText}
      filter={({ options }) => options} nothingFoundMessage={found.isFetching ? "Looking…" : "Nobody who works here is called that"} error={found.error && asProblem(found.error).message}
      clearButtonProps={{ "aria-label": `Clear ${label.toLowerCase()}`, tabIndex: 0 }} comboboxProps={{ shadow: "md" }} maxDropdownHeight={240} data-autofocus
      renderOption={({ option }) => <span>{option.label} <span className="quiet">{listed.find((p) => p.value === option.value)?.note}</span></span>}
      onChange={(id, option) => onChange(id ? { id, name: option?.label ?? id } : undefined)}
    />
  );
}
