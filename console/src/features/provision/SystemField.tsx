import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { ChoiceField } from "../../ui/Filter";
import type { List } from "../../ui/useList";

// SystemField narrows to one of the systems that somebody may see.
export function SystemField({ list }: { list: List }) {
  const query = { sort: "name", limit: 500 } as const;
  const systems = useQuery({ queryKey: ["systems", query], queryFn: () => ask(api.GET("/v1/systems", { params: { query } })) });
  return <ChoiceField list={list} name="system" label="System" width="12rem" choices={(systems.data?.items ?? []).map((s) => ({ value: s.id, label: s.name }))} />;
}
