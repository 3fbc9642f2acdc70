import { MultiSelect } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import type { NamedThing } from "../access/Named";

interface GivesFieldProps {
  value: NamedThing[];
  error?: string;
  onChange: (things: NamedThing[]) => void;
  onRole: (role: NamedThing) => void; // which may be parametric
}

// GivesField finds entitlements and published roles by their name.
export function GivesField({ value, error, onChange, onRole }: GivesFieldProps) {
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const found = useQuery({
    queryKey: ["entitlements", "choice", asked], enabled: asked !== "", placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/entitlements", { params: { query: { q: asked, limit: 12 } } })),
  });
  const roles = useQuery({
    queryKey: ["roles", "choice", asked], enabled: asked !== "", placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/roles", { params: { query: { q: asked, limit: 8 } } })),
  });
  const things = new Map<string, NamedThing>(value.map((t) => [t.id, t]));
  if (asked !== "") {
    for (const r of roles.data?.items ?? []) if (r.number > 0) things.set(r.id, { id: r.id, type: "role", name: r.name });
    for (const e of found.data?.items ?? []) things.set(e.id, { id: e.id, type: "entitlement", name: e.name, system: e.system?.name });
  }
  const label = (t: NamedThing) => (t.system ? `${t.name} in ${t.system}` : t.type === "role" ? `${t.name}, a role` : t.name);
  const change = (ids: string[]) => {
    const role = ids.map((id) => things.get(id)).find((t) => t?.type === "role" && !value.some((v) => v.id === t.id));
    if (role) onRole(role);
    else onChange(ids.map((id) => things.get(id)).filter((t) => t !== undefined));
  };
  return (
    <MultiSelect
      label="What it gives" searchable placeholder={value.length === 0 ? "Begin to type an entitlement or a role, or system:erp" : undefined} filter={({ options }) => options}
      data={[...things.values()].map((t) => ({ value: t.id, label: label(t) }))} value={value.map((t) => t.id)} onSearchChange={setText} hidePickedOptions
      nothingFoundMessage={asked === "" ? "Type a name" : found.isFetching || roles.isFetching ? "Looking" : "No entitlement or role is called so"}
      error={error} onChange={change}
    />
  );
}
