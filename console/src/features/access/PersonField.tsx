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
  anybody?: boolean; // also who is not active
  services?: boolean; // also what is no person
  bare?: boolean; // in a row of tools, where the label is said and not shown
}

// PersonField finds a person by their name, number or address. Whoever may not search
// people can still name themself.
export function PersonField({ label, description, value, onChange, clearable = true, nobody, anybody, services, bare }: PersonFieldProps) {
  const me = useMe();
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const searches = (me.data?.may ?? []).includes("identity.read");
  const found = useQuery({
    queryKey: ["people", asked, anybody, services], enabled: searches && asked !== "" && asked !== value?.name, placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/identities", { params: { query: { q: asked, kind: services ? undefined : "human", state: anybody ? undefined : "active", limit: 12 } } })),
  });
  const choices = new Map<string, { name: string; note: string }>();
  if (value) choices.set(value.id, { name: value.name, note: "" });
  if (me.data && (asked === "" || !searches)) choices.set(me.data.identity, { name: me.data.name, note: "you" });
  if (asked !== "") for (const p of found.data?.items ?? []) choices.set(p.id, { name: p.name, note: [p.number, p.email].filter(Boolean).join(" · ") });
  return (
    <Select
      {...(bare ? { "aria-label": label, w: "14rem" } : { label })} searchable clearable={clearable} clearButtonProps={clearButton(label)}
      description={description ?? (searches ? undefined : "You may not search people, so you can name yourself alone.")}
      placeholder={nobody ?? (bare ? label : searches ? "Begin to type a name or number" : "Choose yourself")}
      data={[...choices].map(([id, c]) => ({ value: id, label: c.name }))} value={value?.id ?? null}
      filter={searches ? ({ options }) => options : undefined} onSearchChange={setText}
      nothingFoundMessage={asked === "" ? "Type a name" : found.isFetching ? "Looking" : anybody ? "Nobody is called so" : "Nobody who is active is called so"}
      renderOption={({ option }) => <span>{option.label} <span className="quiet">{choices.get(option.value)?.note}</span></span>}
      onChange={(id) => onChange(id === null ? null : { id, name: choices.get(id)?.name ?? "" })}
    />
  );
}
