import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import type { NamedThing } from "../access/Named";

interface Found extends NamedThing {
  note: string;
}

// PartField finds an entitlement or a published role, and adds it.
export function PartField({ self, entitlementsOnly = false, onAdd }: { self?: string; entitlementsOnly?: boolean; onAdd: (part: NamedThing) => void }) {
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const entitlements = useQuery({
    queryKey: ["parts", "entitlements", asked], enabled: asked !== "", placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/entitlements", { params: { query: { q: asked, limit: 12 } } })),
  });
  const roles = useQuery({
    queryKey: ["roles", "parts", asked], enabled: asked !== "" && !entitlementsOnly, placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/roles", { params: { query: { q: asked, limit: 8 } } })),
  });
  const found = new Map<string, Found>();
  if (asked !== "") {
    for (const r of roles.data?.items ?? []) if (r.number > 0 && r.id !== self) found.set(r.id, { id: r.id, type: "role", name: r.name, note: `${r.kind} role` });
    for (const e of entitlements.data?.items ?? []) found.set(e.id, { id: e.id, type: "entitlement", name: e.name, system: e.system?.name, note: [e.system?.name, e.tier >= 0 ? `tier ${e.tier}` : "not classified"].filter(Boolean).join(", ") });
  }
  const of = (type: string) => [...found.values()].filter((f) => f.type === type).map((f) => ({ value: f.id, label: f.name }));
  const looking = entitlements.isFetching || roles.isFetching;
  return (
    <Select
      label={entitlementsOnly ? "Add an entitlement" : "Add an entitlement or a role"} placeholder="Begin to type a name, or system:payroll-db tier:1" searchable value={null} searchValue={text} onSearchChange={setText}
      data={[{ group: "Roles", items: of("role") }, { group: "Entitlements", items: of("entitlement") }].filter((g) => g.items.length > 0)}
      filter={({ options }) => options} nothingFoundMessage={asked === "" ? "Type a name" : looking ? "Looking" : "Nothing is called so"}
      renderOption={({ option }) => <span>{option.label} <span className="quiet">{found.get(option.value)?.note}</span></span>}
      onChange={(id) => {
        const part = id === null ? undefined : found.get(id);
        if (part) onAdd({ id: part.id, type: part.type, name: part.name, system: part.system });
        setText("");
      }}
    />
  );
}
