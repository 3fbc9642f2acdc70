import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { useMe } from "../signin/me";
import { clearButton } from "../../ui/clear";

export interface Person {
  id: string;
  name: string;
}

interface PersonFieldProps {
  label: string;
  description?: string;
  value: Person | null;
  onChange: (person: Person | null) => void;
  clearable?: boolean;
  nobody?: string; // what it means to choose nobody
}

// PersonField finds a person by their name, number or address. Whoever may not search
// people can still name themself.
export function PersonField({ label, description, value, onChange, clearable = true, nobody }: PersonFieldProps) {
  const me = useMe();
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const searches = (me.data?.may ?? []).includes("identity.read");
  const found = useQuery({
    queryKey: ["people", asked], enabled: searches && asked !== "" && asked !== value?.name, placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/identities", { params: { query: { q: asked, kind: "human", state: "active", limit: 12 } } })),
  });
  const choices = new Map<string, { name: string; note: string }>();
  if (value) choices.set(value.id, { name: value.name, note: "" });
  if (me.data && (asked === "" || !searches)) choices.set(me.data.identity, { name: me.data.name, note: "you" });
  if (asked !== "") for (const p of found.data?.items ?? []) choices.set(p.id, { name: p.name, note: [p.number, p.email].filter(Boolean).join(" · ") });
  return (
    <Select
      label={label} searchable clearable={clearable} clearButtonProps={clearButton(label)}
      description={description ?? (searches ? undefined : "You may not search people, so you can name yourself alone.")}
      placeholder={nobody ?? (searches ? "Begin to type a name or number" : "Choose yourself")}
      data={[...choices].map(([id, c]) => ({ value: id, label: c.name }))} value={value?.id ?? null}
      filter={searches ? ({ options }) => options : undefined} onSearchChange={setText}
      nothingFoundMessage={asked === "" ? "Type a name" : found.isFetching ? "Looking" : "Nobody who is active is called so"}
      renderOption={({ option }) => <span>{option.label} <span className="quiet">{choices.get(option.value)?.note}</span></span>}
      onChange={(id) => onChange(id === null ? null : { id, name: choices.get(id)?.name ?? "" })}
    />
  );
}
